import { describe, expect, it } from 'vitest';
import { targetAt } from '../test/nodeTargets.ts';
import type { MonitoringErrorCode } from './monitoringError.ts';
import type { NodeState } from './nodeStates.ts';
import type { NodeTarget } from './nodeTarget.ts';
import { OwnAlerts } from './ownAlerts.ts';
import { PANELS } from './panels.ts';
import { SampleHistory } from './sampleHistory.ts';
import type { Scraped } from './scraper.ts';

const MINUTE = 60_000;
const START = Date.parse('2026-11-21T00:00:00Z');
const at = (minutes: number): number => START + minutes * MINUTE;
const target = (node: string, kind: NodeTarget['kind'] = 'peer') => targetAt(new URL('http://h:1'), node, kind);

/** Heights by channel, told each minute. */
function scraped(
  one: NodeTarget,
  heights: readonly Readonly<Record<string, number>>[],
  failure: Scraped['failure'] = null,
): Scraped {
  const history = new SampleHistory(PANELS, 720, MINUTE);
  heights.forEach((told, index) => {
    const samples = Object.entries(told).map(([channel, value]) => ({
      name: 'ledger_blockchain_height',
      labels: { channel },
      value,
    }));
    history.add(at(index), samples);
  });
  return { target: one, history, failure };
}
const failing = (code: MonitoringErrorCode, since = START): Scraped['failure'] => ({
  since,
  code,
  message: 'p does not',
});

let nodes: readonly Scraped[] = [];
let ill: readonly NodeState[] = [];
let now = START;
let asked: string[] = [];
const alerts = () =>
  new OwnAlerts(
    {},
    {
      scraped: () => nodes,
      states: (targets) => {
        asked = targets.map(({ node }) => node);
        return Promise.resolve(ill);
      },
      now: () => now,
    },
  );
const state = (one: NodeTarget, more: Partial<NodeState>): NodeState => ({
  target: one,
  health: 'ok',
  failedChecks: [],
  problem: null,
  version: null,
  checkedAt: START,
  ...more,
});

describe('own alerts', () => {
  it('tell of a node that has not answered for a minute, as Prometheus’ rules do', async () => {
    ill = [];
    nodes = [
      scraped(target('peer0'), [], failing('unreachable')),
      scraped(target('orderer1', 'orderer'), [], failing('timeout', at(0.5))),
      scraped({ ...target('bare'), msp: '' }, [], failing('timeout')),
    ];
    now = at(0.9);
    const own = alerts();
    expect(await own.active()).toEqual([]);
    now = at(1);
    expect(await own.active()).toEqual([
      {
        name: 'FtlPeerDown',
        severity: 'critical',
        node: 'peer0',
        msp: 'Org1MSP',
        channel: null,
        summary: 'Peer peer0 of Org1MSP does not answer',
        description: 'p does not',
        runbook: null,
        since: '2026-11-21T00:00:00.000Z',
        silenced: false,
        labels: { alertname: 'FtlPeerDown', severity: 'critical', node: 'peer0', msp: 'Org1MSP', kind: 'peer' },
      },
      expect.objectContaining({ summary: 'Peer bare does not answer' }),
    ]);
    now = at(2);
    expect((await own.active()).map(({ name, node }) => [name, node])).toEqual([
      ['FtlPeerDown', 'peer0'],
      ['FtlOrdererDown', 'orderer1'],
      ['FtlPeerDown', 'bare'],
    ]);
    expect(asked).toEqual([]);
    nodes = [scraped(target('peer0'), [])];
    expect(await own.active()).toEqual([]);
  });

  it('do not call down who answers something else', async () => {
    ill = [];
    now = at(5);
    for (const code of ['unauthorized', 'bad_answer', 'too_large'] as const) {
      nodes = [scraped(target('peer0'), [], failing(code))];
      expect(await alerts().active()).toMatchObject([
        {
          name: 'FtlMetricsUnreadable',
          severity: 'warning',
          summary: 'The metrics of peer0 of Org1MSP cannot be read',
          description: 'p does not',
        },
      ]);
      expect(asked).toEqual(['peer0']);
    }
  });

  it('tell of a peer that lacks what its channel had a minute ago', async () => {
    ill = [];
    nodes = [
      scraped(target('ahead'), [
        { a: 10, b: 3 },
        { a: 20, b: 3 },
      ]),
      scraped(target('same'), [
        { a: 9, b: 3 },
        { a: 10, b: 3 },
      ]),
      scraped(target('behind'), [
        { a: 8, b: 1 },
        { a: 8, b: 2 },
      ]),
      scraped(target('orderer1', 'orderer'), [{ a: 11 }, { a: 11 }]),
      scraped(target('elsewhere'), [{ c: 1 }, { c: 1 }]),
    ];
    now = at(1);
    const own = alerts();
    const first = await own.active();
    expect(first.map(({ node, channel, summary, severity }) => [node, channel, summary, severity])).toEqual([
      ['same', 'a', 'same is 1 block behind on a', 'warning'],
      ['behind', 'a', 'behind is 3 blocks behind on a', 'warning'],
      ['behind', 'b', 'behind is 1 block behind on b', 'warning'],
    ]);
    // From when on it was seen.
    now = at(1.5);
    expect((await own.active()).map(({ since }) => since)).toEqual(first.map(({ since }) => since));
    expect(first[0]?.since).toBe(new Date(at(1)).toISOString());
    nodes = [];
    await own.active();
    nodes = [
      scraped(target('ahead'), [{ a: 10 }, { a: 10 }, { a: 10 }]),
      scraped(target('same'), [{ a: 9 }, { a: 9 }, { a: 9 }]),
    ];
    now = at(2);
    expect((await own.active()).map(({ since }) => since)).toEqual([new Date(at(2)).toISOString()]);
  });

  it('tell of a node that says that it is not well', async () => {
    now = START;
    const [one, other] = [target('peer0'), target('peer1')];
    nodes = [scraped(one, []), scraped(other, [])];
    ill = [
      state(one, {
        health: 'failing',
        failedChecks: [
          { component: 'disk', reason: 'full' },
          { component: 'db', reason: 'slow' },
        ],
      }),
      // That is what the scrapes tell.
      state(other, { health: 'unreachable' }),
    ];
    expect(await alerts().active()).toMatchObject([
      {
        name: 'FtlNodeUnhealthy',
        severity: 'critical',
        node: 'peer0',
        summary: 'peer0 says that it is not well: disk: full; db: slow',
      },
    ]);
    expect(asked).toEqual(['peer0', 'peer1']);
  });
});

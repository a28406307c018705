import { beforeEach, describe, expect, it } from 'vitest';
import { targetAt } from '../test/nodeTargets.ts';
import type { Alert } from './alerts.ts';
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
const state = (one: NodeTarget, more: Partial<NodeState>): NodeState => ({
  target: one,
  health: 'ok',
  failedChecks: [],
  problem: null,
  version: null,
  checkedAt: START,
  ...more,
});

let nodes: readonly Scraped[];
let states: readonly NodeState[];
let now: number;
let asked: string[];
let own: OwnAlerts;
beforeEach(() => {
  [nodes, states, now, asked] = [[], [], START, []];
  own = new OwnAlerts(
    {},
    {
      scraped: () => nodes,
      states: {
        ofEach(targets) {
          asked = targets.map(({ node }) => node);
          return Promise.resolve(states);
        },
        last: (targets) => states.filter((one) => targets.includes(one.target)),
      },
      now: () => now,
    },
  );
});
/** What fires after a look at that minute. */
async function lookAt(minute: number): Promise<readonly Alert[]> {
  now = at(minute);
  await own.evaluate();
  return own.active();
}
const namesAt = async (minute: number) => (await lookAt(minute)).map(({ name, node }) => [name, node]);

const both = (a: readonly number[], b: readonly number[]) =>
  a.map((height, index) => ({ a: height, b: b[index] ?? 0 }));

describe('own alerts', () => {
  it('tell of a node that has not answered for a minute, as Prometheus’ rules do', async () => {
    nodes = [
      scraped(target('peer0'), [], failing('unreachable')),
      scraped(target('orderer1', 'orderer'), [], failing('timeout', at(0.5))),
      scraped({ ...target('bare'), msp: '' }, [], failing('timeout')),
    ];
    expect(await lookAt(0.9)).toEqual([]);
    expect(await lookAt(1)).toEqual([
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
    expect(await namesAt(2)).toEqual([
      ['FtlPeerDown', 'peer0'],
      ['FtlOrdererDown', 'orderer1'],
      ['FtlPeerDown', 'bare'],
    ]);
    expect(asked).toEqual([]);
    nodes = [scraped(target('peer0'), [])];
    expect(await lookAt(3)).toEqual([]);
  });

  it('do not call down who answers something else', async () => {
    for (const code of ['unauthorized', 'bad_answer', 'too_large'] as const) {
      nodes = [scraped(target('peer0'), [], failing(code))];
      expect(await lookAt(5)).toMatchObject([
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

  it('tell of a peer that for two minutes has lacked what its channel had a minute before, and since when', async () => {
    const same = [3, 3, 3, 3, 3];
    const all = [
      scraped(target('ahead'), both([10, 20, 30, 40, 50], same)),
      scraped(target('same'), both([9, 10, 20, 30, 40], same)),
      scraped(target('behind'), both([8, 8, 8, 8, 8], [1, 2, 2, 2, 2])),
      scraped(target('orderer1', 'orderer'), both([11, 11, 11, 11, 11], same)),
      scraped(target('elsewhere'), [{ c: 1 }, { c: 1 }]),
    ];
    nodes = all;
    expect(await lookAt(0)).toEqual([]);
    expect(await lookAt(1)).toEqual([]);
    expect(await lookAt(2.9)).toEqual([]);
    const firing = await lookAt(3);
    expect(firing.map(({ node, channel, summary, severity }) => [node, channel, summary, severity])).toEqual([
      ['behind', 'a', 'behind is 22 blocks behind on a', 'warning'],
      ['behind', 'b', 'behind is 1 block behind on b', 'warning'],
    ]);
    // From when on it was so, though nobody had asked.
    expect(firing.map(({ since }) => since)).toEqual(Array(2).fill(new Date(at(1)).toISOString()));
    expect(await own.active()).toEqual(firing);

    // Once not so, it begins anew.
    nodes = all.slice(0, 2);
    expect(await lookAt(3.5)).toEqual([]);
    nodes = all;
    expect(await lookAt(4)).toEqual([]);
    expect((await lookAt(6)).map(({ since }) => since)).toEqual(Array(2).fill(new Date(at(4)).toISOString()));
  });

  it('count what a peer told last where it tells no more, for an hour', async () => {
    const ahead = Array.from({ length: 80 }, (_, index) => ({ a: 10 + index }));
    nodes = [scraped(target('ahead'), ahead), scraped(target('hangs'), [{ a: 10 }], failing('timeout'))];
    for (let minute = 0; minute < 4; minute++) await lookAt(minute);
    expect(await namesAt(4)).toContainEqual(['FtlPeerBehind', 'hangs']);
    expect(await namesAt(60)).toContainEqual(['FtlPeerBehind', 'hangs']);
    expect(await namesAt(61)).toEqual([['FtlPeerDown', 'hangs']]);
  });

  it('tell of a node that says that it is not well', async () => {
    const [one, other] = [target('peer0'), target('peer1')];
    nodes = [scraped(one, []), scraped(other, [])];
    states = [
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
    await lookAt(0);
    expect(await lookAt(7)).toMatchObject([
      {
        name: 'FtlNodeUnhealthy',
        severity: 'critical',
        node: 'peer0',
        summary: 'peer0 says that it is not well: disk: full; db: slow',
        since: '2026-11-21T00:00:00.000Z',
      },
    ]);
    expect(asked).toEqual(['peer0', 'peer1']);

    // Its health is asked for every ten seconds; that it does not answer at all is known at once.
    asked = [];
    await lookAt(7 + 9 / 60);
    expect(asked).toEqual([]);
    nodes = [scraped(one, [], failing('timeout', at(7)))];
    expect(await lookAt(7 + 9.5 / 60)).toEqual([]);
    nodes = [scraped(one, [])];
    states = [state(one, {})];
    expect(await lookAt(7 + 10 / 60)).toEqual([]);
    expect(asked).toEqual(['peer0']);
  });
});

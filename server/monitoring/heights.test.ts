import { Registry } from 'prom-client';
import { afterAll, describe, expect, it } from 'vitest';
import { serveRecorded } from '#test/harness/operationsBodies.ts';
import { targetAt } from '../test/nodeTargets.ts';
import { answers, standIn } from '../test/standIn.ts';
import { NodeClient } from './nodeClient.ts';
import type { NodeTarget } from './nodeTarget.ts';
import { PrometheusClient } from './prometheusClient.ts';
import { PrometheusSource } from './prometheusSource.ts';
import { Scraper } from './scraper.ts';

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());
const client = new NodeClient({ timeoutMs: 20_000 });
const START = Date.parse('2026-11-21T00:00:00Z');
const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** A scraper whose rounds and clock are the test's. */
function scraperOf(targets: () => readonly NodeTarget[]) {
  let now = START;
  const scraper = new Scraper({}, { targets, client, registry: new Registry(), now: () => now });
  return {
    async roundAt(at: number) {
      now = at;
      await scraper.scrapeAll();
      return scraper.heights(targets());
    },
  };
}

const body = (heights: Readonly<Record<string, number | string>>): string =>
  `# TYPE ledger_blockchain_height gauge\n${Object.entries(heights)
    .map(([channel, height]) => `ledger_blockchain_height{channel="${channel}"} ${height}\n`)
    .join('')}`;
async function node(name: string, tells: () => Readonly<Record<string, number | string>> | null): Promise<NodeTarget> {
  const { url } = stack.use(
    await standIn(
      answers({
        '/metrics': (_, response) => {
          const heights = tells();
          if (heights === null) response.writeHead(401).end();
          else response.end(body(heights));
        },
      }),
    ),
  );
  return targetAt(url, name);
}

describe('heights that FTL reads itself', () => {
  it('are those of peers and of orderers, as Go’s nodes tell them', async () => {
    const targets = await Promise.all(
      (['peer', 'orderer'] as const).map(async (kind) => {
        const { address } = stack.use(await serveRecorded(kind));
        return targetAt(new URL(`http://${address}`), `${kind}0`, kind);
      }),
    );
    const { nodes, minuteAgo } = await scraperOf(() => targets).roundAt(START);
    const known = { heights: [{ channel: 'mychannel', height: 82, at: START }], problem: null };
    expect([...nodes]).toEqual([
      ['Org1MSP/peer0', known],
      ['OrdererMSP/orderer0', known],
    ]);
    expect([...minuteAgo]).toEqual([]);
  });

  it('of 0 are known, which those that nobody tells are not', async () => {
    const odd = { a: 0, b: '-1', c: '1.5', d: 'NaN', e: '1e300', f: 7 };
    const targets = [await node('peer0', () => odd), await node('peer1', () => ({}))];
    const { nodes } = await scraperOf(() => targets).roundAt(START);
    expect(nodes.get('Org1MSP/peer0')?.heights.map(({ channel, height }) => [channel, height])).toEqual([
      ['a', 0],
      ['f', 7],
    ]);
    expect(nodes.get('Org1MSP/peer1')).toEqual({ heights: [], problem: null });
  });

  it('stay for an hour where the node tells no more, with their time and why', async () => {
    let silent = false;
    const target = await node('peer0', () => (silent ? null : { a: 5 }));
    const scraper = scraperOf(() => [target]);
    await scraper.roundAt(START);
    silent = true;
    const heights = [{ channel: 'a', height: 5, at: START }];
    const problem = expect.stringContaining('peer0 asks for a client certificate at /metrics');
    expect((await scraper.roundAt(START + 60 * MINUTE)).nodes.get(target.id)).toEqual({ heights, problem });
    expect((await scraper.roundAt(START + 61 * MINUTE)).nodes.get(target.id)).toEqual({ heights: [], problem });
  });

  it('of a channel that the node no longer has are not told', async () => {
    let tells: Record<string, number> = { a: 5, b: 6 };
    const target = await node('peer0', () => tells);
    const scraper = scraperOf(() => [target]);
    await scraper.roundAt(START);
    tells = { b: 6 };
    const { nodes } = await scraper.roundAt(START + 5 * SECOND);
    expect(nodes.get(target.id)?.heights.map(({ channel }) => channel)).toEqual(['b']);
  });

  it('are measured against the highest of a minute ago', async () => {
    const told = [{ a: 5 }, { a: 9, b: 0 }];
    const targets = [await node('peer0', () => told[0]!), await node('peer1', () => told[1]!)];
    const scraper = scraperOf(() => targets);
    await scraper.roundAt(START);
    told[1] = { a: 20, b: 3 };
    const { minuteAgo } = await scraper.roundAt(START + MINUTE);
    expect(Object.fromEntries(minuteAgo)).toEqual({ a: 9, b: 0 });
  });

  it('of a node that is no target are not known, and it is said why', async () => {
    const { nodes } = await new Scraper({}, { targets: () => [], client, registry: new Registry() }).heights([
      targetAt(new URL('http://127.0.0.1:1')),
    ]);
    expect([...nodes.values()]).toMatchObject([
      { heights: [], problem: expect.stringContaining('FTL was not told where its operations service is') },
    ]);
  });
});

type Series = readonly [labels: Readonly<Record<string, string>>, value: number | string];
interface Told {
  readonly last: readonly Series[];
  /** Seconds since 1970. */
  readonly readAt: readonly Series[];
  readonly minuteAgo?: readonly Series[];
}
const name = { __name__: 'ledger_blockchain_height' };
const series = (peer: string, channel: string, more: object = {}) => ({
  instance: `${peer}:9443`,
  job: 'fabric',
  node: peer,
  msp: 'Org1MSP',
  channel,
  ...more,
});

/** Answers as Prometheus does. */
async function prometheus(told: () => Told) {
  const asked: string[] = [];
  const { url } = stack.use(
    await standIn((request, response) => {
      const query = new URL(request.url ?? '', 'http://p').searchParams.get('query') ?? '';
      asked.push(query);
      let said: Told;
      try {
        said = told();
      } catch {
        response.writeHead(500).end('{"status":"error"}');
        return;
      }
      const { last, readAt, minuteAgo = [] } = said;
      const found = query.startsWith('ledger') ? last : query.startsWith('max by') ? minuteAgo : readAt;
      const result = found.map(([metric, value]) => ({ metric, value: [0, String(value)] }));
      response.end(JSON.stringify({ status: 'success', data: { result } }));
    }),
  );
  let now = START;
  return {
    asked,
    source: new PrometheusSource(new PrometheusClient({ url: url.href, timeoutMs: 20_000 }), () => now),
    wait: (ms: number) => void (now += ms),
  };
}

const [peer0, peer1] = ['peer0', 'peer1'].map((one) => targetAt(new URL('http://10.0.0.1:9443'), one));
const ofPeer = async (source: PrometheusSource) => (await source.heights([peer0!])).nodes.get(peer0!.id);

describe('heights from Prometheus', () => {
  const seconds = START / 1000;

  it('are asked for all nodes at once, by the labels that each has there', async () => {
    const [a, b] = [series('peer0', 'a'), series('peer0', 'b')];
    const other = { instance: 'peer1:9443', job: 'own', channel: 'a' };
    const { source, asked, wait } = await prometheus(() => ({
      last: [
        [{ ...name, ...b }, 0],
        [{ ...name, ...a }, 5],
        [{ ...name, ...other }, 3],
        [{ ...name, ...series('peer9', 'a') }, 99],
      ],
      readAt: [
        [a, seconds],
        [b, seconds],
        [other, seconds - 600.5],
      ],
      minuteAgo: [
        [{ channel: 'a' }, 4],
        [{ channel: 'b' }, 'NaN'],
      ],
    }));
    const { nodes, minuteAgo } = await source.heights([peer0!, peer1!]);
    expect(Object.fromEntries(nodes)).toEqual({
      'Org1MSP/peer0': {
        heights: [
          { channel: 'a', height: 5, at: START },
          { channel: 'b', height: 0, at: START },
        ],
        problem: null,
      },
      'Org1MSP/peer1': { heights: [{ channel: 'a', height: 3, at: START - 600_500 }], problem: null },
    });
    expect([...minuteAgo]).toEqual([['a', 4]]);
    expect(asked).toEqual([
      'ledger_blockchain_height or last_over_time(ledger_blockchain_height[60m]) and on (instance, job, node, msp) up == 0',
      'timestamp(ledger_blockchain_height) or max_over_time(timestamp(ledger_blockchain_height)[60m:1m])',
      'max by (channel) (ledger_blockchain_height offset 60s)',
    ]);
    // For whoever looks at one time.
    await Promise.all([source.heights([peer0!]), source.heights([peer1!])]);
    expect(asked).toHaveLength(3);
    wait(5000);
    await source.heights([peer0!]);
    expect(asked).toHaveLength(6);
  });

  it('are each organisation’s own where their hosts have the same name', async () => {
    const alike = { instance: 'peer0', job: 'fabric', node: 'peer0', channel: 'a' };
    const [ours, theirs] = [
      { ...alike, msp: 'Org1MSP' },
      { ...alike, msp: 'Org2MSP' },
    ];
    const { source } = await prometheus(() => ({
      last: [
        [{ ...name, ...ours }, 7],
        [{ ...name, ...theirs }, 9],
      ],
      readAt: [
        [ours, seconds - 1],
        [theirs, seconds],
      ],
    }));
    expect((await ofPeer(source))?.heights).toEqual([{ channel: 'a', height: 7, at: START - 1000 }]);
  });

  it('are of several series of one channel those that were read last', async () => {
    const [old, young] = [series('peer0', 'a', { replica: '1' }), series('peer0', 'a', { replica: '2' })];
    const { source } = await prometheus(() => ({
      last: [
        [{ ...name, ...young }, 7],
        [{ ...name, ...old }, 9],
      ],
      readAt: [
        [old, seconds - 1],
        [young, seconds],
      ],
    }));
    const { nodes } = await source.heights([peer0!]);
    expect(nodes.get(peer0!.id)?.heights).toEqual([{ channel: 'a', height: 7, at: START }]);
  });

  it('are not asked for again at once where it does not answer: health is told beside them', async () => {
    let well = false;
    const { source, wait } = await prometheus(() => {
      if (!well) throw new Error('not now');
      return { last: [[{ ...name, ...series('peer0', 'a') }, 5]], readAt: [[series('peer0', 'a'), seconds]] };
    });
    expect((await ofPeer(source))?.problem).toContain('Prometheus answered 500');
    well = true;
    wait(5000);
    expect((await ofPeer(source))?.heights).toEqual([]);
    wait(10_000);
    expect((await ofPeer(source))?.heights).toHaveLength(1);
  });

  it('are not known where it has none of the node, or cannot be asked', async () => {
    const { source } = await prometheus(() => ({ last: [], readAt: [] }));
    expect(await ofPeer(source)).toEqual({
      heights: [],
      problem:
        'Prometheus has no height of a node with the labels node and msp of this one, nor with its address or name as instance',
    });
    const gone = await standIn(() => {});
    await gone[Symbol.asyncDispose]();
    const silent = new PrometheusSource(new PrometheusClient({ url: gone.url.href, timeoutMs: 20_000 }));
    expect(await ofPeer(silent)).toEqual({
      heights: [],
      problem: 'Prometheus cannot be reached: nobody listens there',
    });
  });
});

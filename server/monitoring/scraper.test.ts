import { once } from 'node:events';
import type { RequestListener, ServerResponse } from 'node:http';
import { Gauge, Registry } from 'prom-client';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { recordedBody } from '#test/harness/operationsBodies.ts';
import { operationsService } from '#test/harness/operationsService.ts';
import { tlsMaterial } from '#test/harness/tlsMaterial.ts';
import { targetAt } from '../test/nodeTargets.ts';
import { answers, standIn } from '../test/standIn.ts';
import { NodeClient } from './nodeClient.ts';
import type { NodeTarget } from './nodeTarget.ts';
import { panelsOf } from './panels.ts';
import { Scraper, type ScraperOptions } from './scraper.ts';

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());
const open: Scraper[] = [];
afterEach(async () => {
  for (const scraper of open.splice(0)) await scraper.close();
});

const tls = tlsMaterial();
const START = Date.parse('2026-11-21T00:00:00Z');
const TURN = 5000;

interface Watch {
  readonly scraper: Scraper;
  /** One round, five seconds after the one before. */
  readonly round: () => Promise<void>;
  /** Lines of a panel at the last round: name and value. */
  readonly lines: (target: NodeTarget, panel: string) => Promise<[string, number | null][]>;
  /** How often a scrape ended so. */
  readonly counted: (name: string) => Promise<Record<string, number>>;
}

function watch(targets: () => readonly NodeTarget[], options: Partial<ScraperOptions> = {}, timeoutMs = 20_000): Watch {
  let now = START;
  const registry = new Registry();
  const client = new NodeClient({ tls: { ca: tls.ca, ...tls.client }, timeoutMs });
  const scraper = new Scraper(options, { targets, client, registry, now: () => now });
  open.push(scraper);
  return {
    scraper,
    async round() {
      now += TURN;
      await scraper.scrapeAll();
    },
    async lines(target, id) {
      const { panels } = await scraper.range(target, { from: now, to: now, stepMs: TURN });
      const panel = panels.find((one) => one.panel.id === id);
      return (panel?.lines ?? []).map(({ name, points }) => [name, points.at(-1)?.[1] ?? null]);
    },
    async counted(name) {
      const metric = (await registry.getMetricsAsJSON()).find((one) => one.name === name);
      return Object.fromEntries(
        (metric?.values ?? []).map(({ labels, value }) => [(labels as { result?: string }).result ?? '', value]),
      );
    },
  };
}

const body = (height: number): string => `# TYPE ledger_blockchain_height gauge
ledger_blockchain_height{channel="mychannel"} ${height}
`;
/** A node that tells its height, or does something else. */
async function node(answer: () => number | RequestListener, name?: string): Promise<NodeTarget> {
  const { url } = stack.use(
    await standIn(
      answers({
        '/metrics': (request, response) => {
          const now = answer();
          if (typeof now === 'number') response.end(body(now));
          else now(request, response);
        },
      }),
    ),
  );
  return targetAt(url, name);
}

describe('the scraper', () => {
  it.each([
    ['HTTP', undefined],
    ['HTTPS with a client certificate', tls],
  ])('reads an FTL node over %s', async (_, material) => {
    const { url, operations } = stack.use(await operationsService({}, material));
    const height = new Gauge({
      name: 'ledger_blockchain_height',
      help: 'h',
      labelNames: ['channel'],
      registers: [operations.registry],
    });
    const target = targetAt(url);
    const { round, lines, scraper } = watch(() => [target]);
    height.set({ channel: 'mychannel' }, 7);
    await round();
    height.set({ channel: 'mychannel' }, 9);
    await round();
    expect(await lines(target, 'height')).toEqual([['mychannel', 9]]);
    const [[, memory] = []] = await lines(target, 'memory');
    expect(memory).toBeGreaterThan(1024 * 1024);
    const [[, cores] = []] = await lines(target, 'cpu');
    expect(cores).toBeGreaterThan(0);
    expect(scraper.nodes).toMatchObject([{ target, failure: null }]);
  });

  it.each(['peer', 'orderer'] as const)('fills the panels of a recorded Go %s', async (kind) => {
    let factor = 1;
    const grown = (text: string): string =>
      text.replaceAll(/^([a-z_]+(?:_total|_sum|_count)(?:\{.*\})?) (\S+)$/gm, (_, name: string, value: string) => {
        return `${name} ${Number(value) * factor}`;
      });
    const { url } = stack.use(
      await standIn(answers({ '/metrics': (_, response) => void response.end(grown(recordedBody(kind))) })),
    );
    const target = targetAt(url, 'go', kind);
    const { round, scraper } = watch(() => [target]);
    await round();
    factor = 1.5;
    await round();
    const now = START + 2 * TURN;
    const { panels, since } = await scraper.range(target, { from: now, to: now, stepMs: TURN });
    expect(since).toBe(START + TURN);
    const empty = panels.filter(({ lines }) => lines.length === 0).map(({ panel }) => panel.metric);
    // A Go peer tells it from the first overflow on.
    expect(empty).toEqual(kind === 'peer' ? ['gossip_comm_overflow_count'] : []);
    for (const { lines } of panels) {
      for (const { points } of lines) for (const [, value] of points) expect(value).not.toBeLessThan(0);
    }
  });

  it('keeps what it knows of a node that stops to answer, and says why and since when', async () => {
    let answer: number | RequestListener = 5;
    const target = await node(() => answer);
    const { scraper, round, lines, counted } = watch(() => [target], {}, 200);
    await round();
    answer = () => {};
    await round();
    const failure = { since: START + 2 * TURN, code: 'timeout', message: `${target.node} did not answer within 0.2 s` };
    expect(scraper.nodes).toMatchObject([{ failure }]);
    expect(await lines(target, 'height')).toEqual([['mychannel', 5]]);
    await round();
    expect(scraper.nodes).toMatchObject([{ failure }]);
    answer = (_, response) => void response.writeHead(500).end();
    await round();
    expect(scraper.nodes).toMatchObject([{ failure: { since: failure.since, code: 'bad_answer' } }]);
    answer = 6;
    await round();
    expect(scraper.nodes).toMatchObject([{ failure: null }]);
    expect(await lines(target, 'height')).toEqual([['mychannel', 6]]);
    expect(await counted('ftl_server_scrapes_total')).toEqual({ ok: 2, timeout: 2, bad_answer: 1 });
  });

  it.each([
    ['is no text of metrics', (_request, response) => void response.end('<html>'), 'bad_answer'],
    [
      'is cut off',
      (_request, response) =>
        void response.writeHead(200, { 'Content-Length': 99 }).write('# TYPE', () => response.destroy()),
      'unreachable',
    ],
    [
      'has no end',
      (_request, response) => void setInterval(() => response.write('x'.repeat(1 << 20)), 1).unref(),
      'too_large',
    ],
    ['is elsewhere', (_request, response) => void response.writeHead(302, { Location: '/' }).end(), 'bad_answer'],
    ['is for others', (_request, response) => void response.writeHead(401).end(), 'unauthorized'],
  ] satisfies [string, RequestListener, string][])('takes nothing of an answer that %s', async (_, answer, code) => {
    const target = await node(() => answer);
    const { scraper, round, counted } = watch(() => [target]);
    await round();
    expect(scraper.nodes).toMatchObject([{ failure: { code }, history: { size: 0, since: null } }]);
    expect(await counted('ftl_server_scrapes_total')).toEqual({ [code]: 1 });
  });

  it('survives one endless label', async () => {
    const text = `# TYPE x gauge\nledger_blockchain_height{channel="${String.raw`x\\`.repeat(1 << 21)}"} 1\n`;
    const target = await node(() => (_, response) => void response.end(text));
    const { scraper, round, lines, counted } = watch(() => [target]);
    await round();
    await round();
    expect(scraper.nodes[0]?.history.size).toBe(0);
    expect(await lines(target, 'height')).toEqual([]);
    expect(await counted('ftl_server_scraped_samples_cut_total')).toEqual({ '': 2 });
  });

  it('takes of many series as many as it may, and counts the others', async () => {
    const lines = Array.from({ length: 300 }, (_, index) => `ledger_blockchain_height{channel="c${index}"} 1`);
    const target = await node(() => (_, response) => void response.end(`# TYPE x gauge\n${lines.join('\n')}\n`));
    const few = watch(() => [target], { maxSeries: 10 });
    await few.round();
    expect(await few.counted('ftl_server_scraped_samples_cut_total')).toEqual({ '': 290 });
    expect(await few.lines(target, 'height')).toHaveLength(10);
  });

  it('begins with a node when it comes, and forgets it when it goes', async () => {
    const [one, other] = [await node(() => 1, 'one'), await node(() => 2, 'other')];
    let targets: readonly NodeTarget[] = [one];
    const { scraper, round, lines } = watch(() => targets, { maxSeries: 2 });
    await round();
    expect(scraper.nodes.map(({ target }) => target.node)).toEqual(['one']);
    targets = [one, other];
    await round();
    expect(await lines(other, 'height')).toEqual([['mychannel', 2]]);
    // Renamed: what was known goes by the old name, and makes room.
    const renamed = targetAt(one.url, 'renamed');
    targets = [renamed, other];
    await round();
    expect(scraper.nodes.map(({ target }) => target.node).toSorted()).toEqual(['other', 'renamed']);
    expect(await lines(one, 'height')).toEqual([]);
    expect(await lines(renamed, 'height')).toEqual([['mychannel', 1]]);
    targets = [];
    await round();
    expect(scraper.nodes).toEqual([]);
  });

  it('keeps a node apart from one of the same name in another organisation', async () => {
    const [one, other] = [await node(() => 1), await node(() => 2)];
    const second = { ...other, id: `Org2MSP/${other.node}`, msp: 'Org2MSP' };
    const { round, lines } = watch(() => [one, second]);
    await round();
    expect([await lines(one, 'height'), await lines(second, 'height')]).toEqual([
      [['mychannel', 1]],
      [['mychannel', 2]],
    ]);
  });

  it('goes on with those who answer while others say nothing', async () => {
    let scrapes = 0;
    const { promise: enough, resolve } = Promise.withResolvers<void>();
    const well = await node(() => {
      if (++scrapes === 10) resolve();
      return 1;
    }, 'well');
    const silent = stack.use(await standIn(() => {}));
    const others = Array.from({ length: 40 }, (_, index) => targetAt(silent.url, `silent${index}`));
    // They would hold up a round for 20 s each time, if they were waited for.
    const { scraper } = watch(() => [well, ...others], { intervalMs: 1 });
    scraper.start();
    await enough;
    expect(scraper.nodes.find(({ target }) => target.node === 'well')).toMatchObject({ failure: null });
  });

  it('asks again and again, and ends in the midst of it', async () => {
    const waiting: ServerResponse[] = [];
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    let answered = 0;
    const target = await node(() => (_, response) => {
      if (answered++ < 3) {
        response.end(body(answered));
        return;
      }
      waiting.push(response);
      resolve();
    });
    const { scraper, counted } = watch(() => [target], { intervalMs: 1 });
    scraper.start();
    await asked;
    const closed = once(waiting[0]!, 'close');
    await scraper.close();
    await closed;
    // What was called off is no failure.
    expect(await counted('ftl_server_scrapes_total')).toEqual({ ok: 3 });
    expect(scraper.nodes).toMatchObject([{ failure: null }]);
  });
});

it('a panel is there for what each kind of node tells', () => {
  for (const kind of ['peer', 'orderer'] as const) {
    const types = new Map(
      [...recordedBody(kind).matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name!, type!]),
    );
    const expected = { gauge: 'gauge', rate: 'counter', mean: 'histogram' };
    for (const { metric, how } of panelsOf(kind).filter((one) => one.metric !== 'gossip_comm_overflow_count')) {
      expect([metric, types.get(metric)]).toEqual([metric, expected[how]]);
    }
  }
});

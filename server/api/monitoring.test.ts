import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { eachOnce, type NodeTarget } from '../monitoring/nodeTarget.ts';
import { expectAnswer, expectProblem } from '../test/answers.ts';
import { MonitoredServers, NODE, NODE_PATH, until } from '../test/monitoredServers.ts';
import { targetAt } from '../test/nodeTargets.ts';
import { answers, standIn } from '../test/standIn.ts';
import { AlertList, MonitoringState, NodeHealth, NodeMetrics } from './monitoringSchemas.ts';

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());
let servers: MonitoredServers;
beforeEach(() => (servers = new MonitoredServers()));
afterEach(() => servers[Symbol.asyncDispose]());

const MINUTE = 60_000;
const points = (metrics: z.output<typeof NodeMetrics>): number[] =>
  metrics.panels.flatMap(({ lines }) => lines.map((line) => line.points.length));

const metricsOf = (height: number): string =>
  `# TYPE ledger_blockchain_height gauge\nledger_blockchain_height{channel="mychannel"} ${height}\n`;

const nodeAt = async (name: string, height: number): Promise<NodeTarget> =>
  targetAt(stack.use(await standIn(answers({ '/metrics': metricsOf(height) }))).url, name);

describe('/api/v1/monitoring', () => {
  it('tells of each node once, and where the rest comes from', async () => {
    const [one, other] = [await servers.node(), await servers.node()];
    other.operations.health.register('disk', () => [{ component: 'disk', reason: 'full' }]);
    const targets = [targetAt(one.url, 'a'), targetAt(other.url, 'b', 'orderer'), targetAt(other.url, 'a')];
    const server = await servers.serve({ targets: () => targets });
    const state = await expectAnswer(await server.get('/api/v1/monitoring'), MonitoringState);
    expect(state).toMatchObject({ metrics: 'scraper', alerts: 'own', mayChange: true });
    expect(state.items).toMatchObject([
      { id: 'Org1MSP/a', kind: 'peer', health: 'ok', version: 'v9.8.7' },
      { id: 'OrdererMSP/b', kind: 'orderer', health: 'failing', failedChecks: [{ component: 'disk', reason: 'full' }] },
    ]);
    const { items } = await expectAnswer(await server.get('/api/v1/alerts'), AlertList);
    expect(items.length).toBeLessThanOrEqual(1);
  });

  it('tells how far each node is, and since when that is known', async () => {
    const targets = [
      await nodeAt('empty', 0),
      await nodeAt('full', 8),
      targetAt(new URL('http://127.0.0.1:1'), 'gone'),
    ];
    const server = await servers.serve({ targets: () => targets, scraper: { intervalMs: 5 } });
    const ask = async () => expectAnswer(await server.get('/api/v1/monitoring'), MonitoringState);
    const { items, channels } = await until(ask, ({ items: [, full, gone] }) =>
      [full?.heights.length, gone?.heightsProblem?.length].every(Boolean),
    );
    expect(items.map(({ node: of, heights }) => [of, heights.map(({ height }) => height)])).toEqual([
      ['empty', [0]],
      ['full', [8]],
      ['gone', []],
    ]);
    expect(items[2]?.heightsProblem).toBe('gone cannot be reached: nobody listens there');
    expect(Date.parse(items[0]!.heights[0]!.at)).toBeLessThanOrEqual(Date.now());
    expect(channels).toEqual([]);
    const full = await expectAnswer(await server.get('/api/v1/nodes/Org1MSP/full/health'), NodeHealth);
    expect(full.heights).toMatchObject([{ channel: 'mychannel', height: 8 }]);
  });

  it('follows the list of the nodes', async () => {
    let targets: readonly NodeTarget[] = [];
    const server = await servers.serve({ targets: () => targets });
    const ids = async () =>
      (await expectAnswer(await server.get('/api/v1/monitoring'), MonitoringState)).items.map(({ id }) => id);
    expect(await ids()).toEqual([]);
    await expectProblem(await server.get(`${NODE_PATH}/health`), 404, 'node_not_monitored');
    targets = eachOnce([targetAt((await servers.node()).url, NODE)]);
    expect(await ids()).toEqual([`Org1MSP/${NODE}`]);
    const health = await expectAnswer(await server.get(`${NODE_PATH}/health`), NodeHealth);
    expect(health).toMatchObject({ node: NODE, msp: 'Org1MSP', health: 'ok' });
  });

  it('tells of a node without an MSP', async () => {
    const { url } = await servers.node();
    const bare = { id: 'bare', node: 'bare', msp: '', kind: 'peer', url } as const;
    const server = await servers.serve({ targets: () => [bare] });
    const health = await expectAnswer(await server.get('/api/v1/nodes/-/bare/health'), NodeHealth);
    expect(health).toMatchObject({ id: 'bare', msp: '' });
  });
});

describe('metrics of a node', () => {
  it('come from what the scraper has read', async () => {
    const { url } = await servers.node();
    const server = await servers.serve({ targets: () => [targetAt(url, NODE)], scraper: { intervalMs: 10 } });
    const ask = async () => expectAnswer(await server.get(`${NODE_PATH}/metrics`), NodeMetrics);
    const metrics = await until(ask, ({ panels }) => panels.some(({ lines }) => lines.length > 0));
    expect(metrics).toMatchObject({ node: `Org1MSP/${NODE}`, source: 'scraper', stepMs: 8000, problem: null });
    expect(Date.parse(metrics.to) - Date.parse(metrics.from)).toBe(15 * MINUTE);
    expect(Date.parse(metrics.since!)).toBeLessThanOrEqual(Date.now());
  });

  it.each([
    ['from=2026-11-21T00:00:00Z&to=2026-11-21T00:01:00Z', '00:00:00', '00:01:00', 5000],
    ['to=2026-11-21T01:00:00Z', '00:45:00', '01:00:00', 8000],
    ['from=2026-11-21T00:00:00%2B01:00&to=2026-11-21T00:00:00Z', '23:00:00', '00:00:00', 30_000],
    ['from=2026-11-14T00:00:00Z&to=2026-11-21T00:00:00Z', '00:00:00', '00:00:00', 5_040_000],
  ])('are those of the time that is asked for: %s', async (query, from, to, stepMs) => {
    const server = await servers.serve({ targets: () => [targetAt(new URL('http://127.0.0.1:1'), NODE)] });
    const metrics = await expectAnswer(await server.get(`${NODE_PATH}/metrics?${query}`), NodeMetrics);
    expect([metrics.from.slice(11, 19), metrics.to.slice(11, 19), metrics.stepMs]).toEqual([from, to, stepMs]);
    expect(Math.max(0, ...points(metrics))).toBeLessThanOrEqual(121);
  });

  it.each([
    'from=2026-11-21T00:00:00Z&to=2026-11-21T00:00:00Z',
    'from=2026-11-21T00:00:01Z&to=2026-11-21T00:00:00Z',
    'from=2026-11-13T23:59:59Z&to=2026-11-21T00:00:00Z',
    'from=2999-01-01T00:00:00Z',
    'from=yesterday',
    'from=',
    'until=2026-11-21T00:00:00Z',
  ])('are of no such time: %s', async (query) => {
    const server = await servers.serve({ targets: () => [targetAt(new URL('http://127.0.0.1:1'), NODE)] });
    const problem = await expectProblem(await server.get(`${NODE_PATH}/metrics?${query}`), 400, 'invalid_request');
    expect(problem.issues?.map(({ path }) => path)).toEqual([query.replace(/=.*/, '')]);
  });

  it('are empty for a node that only traces tell, and none for who is nobody', async () => {
    const server = await servers.serve({});
    const metrics = await expectAnswer(await server.get(`${NODE_PATH}/metrics`), NodeMetrics);
    expect(metrics.panels.length).toBeGreaterThan(5);
    expect([points(metrics), metrics.since]).toEqual([[], null]);
    expect(metrics.problem).toBe(
      'FTL was not told where its operations service is: --operations names a file that does',
    );
    await expectProblem(await server.get('/api/v1/nodes/Org1MSP/nobody/metrics'), 404, 'node_not_found');
    await expectProblem(
      await server.get('/api/v1/nodes/Org1MSP/User1@org1.example.com/metrics'),
      404,
      'node_not_found',
    );
  });

  it('are empty where the node does not give them away, and it is said why', async () => {
    const { url } = stack.use(
      await standIn(answers({ '/metrics': (_, response) => void response.writeHead(401).end() })),
    );
    const server = await servers.serve({ targets: () => [targetAt(url, NODE)] });
    const ask = async () => expectAnswer(await server.get(`${NODE_PATH}/metrics`), NodeMetrics);
    const { problem, panels } = await until(ask, (metrics) => metrics.problem !== null);
    expect(problem).toContain('asks for a client certificate at /metrics: name one with --operations-certificate');
    expect(panels.flatMap(({ lines }) => lines)).toEqual([]);
  });

  it('come from Prometheus, whose trouble is told', async () => {
    const gone = await standIn(() => {});
    await gone[Symbol.asyncDispose]();
    const server = await servers.serve({ prometheus: gone.url.href });
    const problem = await expectProblem(await server.get(`${NODE_PATH}/metrics`), 502, 'monitoring_unavailable');
    expect(problem.detail).toBe('Prometheus cannot be reached: nobody listens there.');
    await expectProblem(await server.get('/api/v1/alerts'), 502, 'monitoring_unavailable');
    const state = await expectAnswer(await server.get('/api/v1/monitoring'), MonitoringState);
    expect(state).toMatchObject({ metrics: 'prometheus', alerts: 'prometheus' });
  });
});

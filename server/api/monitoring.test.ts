import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { type OperationsService, operationsService } from '#test/harness/operationsService.ts';
import type { MonitoringOptions } from '../monitoring/monitoring.ts';
import { eachOnce, type NodeTarget } from '../monitoring/nodeTarget.ts';
import { ApiProblem } from '../problems.ts';
import { expectAnswer, expectProblem } from '../test/answers.ts';
import { targetAt } from '../test/nodeTargets.ts';
import { rawRequest, replacing, type TestServer, testServer } from '../test/runningServer.ts';
import { PEERS } from '../test/sampleRecords.ts';
import { answers, standIn } from '../test/standIn.ts';
import { AlertList, LogSpecState, MonitoringState, NodeHealth, NodeMetrics } from './monitoringSchemas.ts';

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());
let running: TestServer[] = [];
afterEach(async () => {
  for (const server of running) await server.stop();
  running = [];
});

const MINUTE = 60_000;
const [NODE] = PEERS;
const PATH = `/api/v1/nodes/Org1MSP/${NODE}`;

async function serve(monitoring: MonitoringOptions, more: Parameters<typeof testServer>[0] = {}): Promise<TestServer> {
  // Who does not want scrapes sees none within the test.
  const server = await testServer({ monitoring: { scraper: { intervalMs: 3_600_000 }, ...monitoring }, ...more });
  running.push(server);
  return server;
}
const node = async (): Promise<OperationsService> => stack.use(await operationsService());
const change = (server: TestServer, body: object | string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${server.url}${PATH}/logspec`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const points = (metrics: z.output<typeof NodeMetrics>): number[] =>
  metrics.panels.flatMap(({ lines }) => lines.map((line) => line.points.length));

/** Asks until it is so. */
async function until<T>(ask: () => Promise<T>, so: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (so(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const metricsOf = (height: number): string =>
  `# TYPE ledger_blockchain_height gauge\nledger_blockchain_height{channel="mychannel"} ${height}\n`;

const nodeAt = async (name: string, height: number): Promise<NodeTarget> =>
  targetAt(stack.use(await standIn(answers({ '/metrics': metricsOf(height) }))).url, name);

describe('/api/v1/monitoring', () => {
  it('tells of each node once, and where the rest comes from', async () => {
    const [one, other] = [await node(), await node()];
    other.operations.health.register('disk', () => [{ component: 'disk', reason: 'full' }]);
    const targets = [targetAt(one.url, 'a'), targetAt(other.url, 'b', 'orderer'), targetAt(other.url, 'a')];
    const server = await serve({ targets: () => targets });
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
    const server = await serve({ targets: () => targets, scraper: { intervalMs: 5 } });
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
    const server = await serve({ targets: () => targets });
    const ids = async () =>
      (await expectAnswer(await server.get('/api/v1/monitoring'), MonitoringState)).items.map(({ id }) => id);
    expect(await ids()).toEqual([]);
    await expectProblem(await server.get(`${PATH}/health`), 404, 'node_not_monitored');
    targets = eachOnce([targetAt((await node()).url, NODE)]);
    expect(await ids()).toEqual([`Org1MSP/${NODE}`]);
    const health = await expectAnswer(await server.get(`${PATH}/health`), NodeHealth);
    expect(health).toMatchObject({ node: NODE, msp: 'Org1MSP', health: 'ok' });
  });

  it('tells of a node without an MSP', async () => {
    const { url } = await node();
    const bare = { id: 'bare', node: 'bare', msp: '', kind: 'peer', url } as const;
    const server = await serve({ targets: () => [bare] });
    const health = await expectAnswer(await server.get('/api/v1/nodes/-/bare/health'), NodeHealth);
    expect(health).toMatchObject({ id: 'bare', msp: '' });
  });
});

describe('metrics of a node', () => {
  it('come from what the scraper has read', async () => {
    const { url } = await node();
    const server = await serve({ targets: () => [targetAt(url, NODE)], scraper: { intervalMs: 10 } });
    const ask = async () => expectAnswer(await server.get(`${PATH}/metrics`), NodeMetrics);
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
    const server = await serve({ targets: () => [targetAt(new URL('http://127.0.0.1:1'), NODE)] });
    const metrics = await expectAnswer(await server.get(`${PATH}/metrics?${query}`), NodeMetrics);
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
    const server = await serve({ targets: () => [targetAt(new URL('http://127.0.0.1:1'), NODE)] });
    const problem = await expectProblem(await server.get(`${PATH}/metrics?${query}`), 400, 'invalid_request');
    expect(problem.issues?.map(({ path }) => path)).toEqual([query.replace(/=.*/, '')]);
  });

  it('are empty for a node that only traces tell, and none for who is nobody', async () => {
    const server = await serve({});
    const metrics = await expectAnswer(await server.get(`${PATH}/metrics`), NodeMetrics);
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
    const server = await serve({ targets: () => [targetAt(url, NODE)] });
    const ask = async () => expectAnswer(await server.get(`${PATH}/metrics`), NodeMetrics);
    const { problem, panels } = await until(ask, (metrics) => metrics.problem !== null);
    expect(problem).toContain('asks for a client certificate at /metrics: name one with --operations-certificate');
    expect(panels.flatMap(({ lines }) => lines)).toEqual([]);
  });

  it('come from Prometheus, whose trouble is told', async () => {
    const gone = await standIn(() => {});
    await gone[Symbol.asyncDispose]();
    const server = await serve({ prometheus: gone.url.href });
    const problem = await expectProblem(await server.get(`${PATH}/metrics`), 502, 'monitoring_unavailable');
    expect(problem.detail).toBe('Prometheus cannot be reached: nobody listens there.');
    await expectProblem(await server.get('/api/v1/alerts'), 502, 'monitoring_unavailable');
    const state = await expectAnswer(await server.get('/api/v1/monitoring'), MonitoringState);
    expect(state).toMatchObject({ metrics: 'prometheus', alerts: 'prometheus' });
  });
});

/** What the node's health tells of its log specification. */
const changeOf = async (server: TestServer) =>
  (await expectAnswer(await server.get(`${PATH}/health`), NodeHealth)).logSpecChange;

describe('a log specification', () => {
  it('is read, changed for a while and given back', async () => {
    const { url, levels } = await node();
    const server = await serve({ targets: () => [targetAt(url, NODE)] });
    const read = async () => expectAnswer(await server.get(`${PATH}/logspec`), LogSpecState);
    expect(await read()).toEqual({ spec: 'info', change: null });
    const before = Date.now();
    const state = await expectAnswer(await change(server, { spec: 'gossip=DEBUG:info', minutes: 5 }), LogSpecState);
    expect(state).toMatchObject({ spec: 'gossip=debug:info', change: { restores: 'info', by: 'operator' } });
    expect(Date.parse(state.change!.until)).toBeGreaterThanOrEqual(before + 5 * MINUTE);
    expect(await read()).toEqual(state);
    expect(levels.spec).toBe('gossip=debug:info');
    const back = await fetch(`${server.url}${PATH}/logspec`, { method: 'DELETE' });
    expect(await expectAnswer(back, LogSpecState)).toEqual({ spec: 'info', change: null });
    expect(levels.spec).toBe('info');
    await change(server, { spec: 'debug', minutes: 5 });
    await server.close();
    expect(levels.spec).toBe('info');
  });

  it('is only for operators to change', async () => {
    const { url, levels } = await node();
    for (const authorize of [() => ({ name: 'eve', role: 'reader' as const }), () => ({ name: 'nobody' })]) {
      const server = await serve({ targets: () => [targetAt(url, NODE)] }, { authorize });
      const state = await expectAnswer(await server.get('/api/v1/monitoring'), MonitoringState);
      expect(state.mayChange).toBe(false);
      await expectAnswer(await server.get(`${PATH}/logspec`), LogSpecState);
      await expectProblem(await change(server, { spec: 'debug', minutes: 5 }), 403, 'forbidden');
      await expectProblem(await fetch(`${server.url}${PATH}/logspec`, { method: 'DELETE' }), 403, 'forbidden');
    }
    const closed = await serve(
      { targets: () => [targetAt(url, NODE)] },
      {
        authorize: () => {
          throw new ApiProblem('unauthenticated');
        },
      },
    );
    for (const path of ['/api/v1/monitoring', '/api/v1/alerts', `${PATH}/logspec`, `${PATH}/metrics`]) {
      await expectProblem(await closed.get(path), 401, 'unauthenticated');
    }
    const named = await serve(
      { targets: () => [targetAt(url, NODE)] },
      { authorize: () => ({ name: 'alice', role: 'operator' }) },
    );
    const state = await expectAnswer(await change(named, { spec: 'debug', minutes: 5 }), LogSpecState);
    expect(state.change?.by).toBe('alice');
    await named.close();
    expect(levels.spec).toBe('info');
  });

  it.each([
    [{ spec: 'debug' }, 'minutes'],
    [{ spec: 'debug', minutes: 0 }, 'minutes'],
    [{ spec: 'debug', minutes: 241 }, 'minutes'],
    [{ spec: 'debug', minutes: 1.5 }, 'minutes'],
    [{ spec: '', minutes: 1 }, 'spec'],
    [{ spec: 'x'.repeat(2049), minutes: 1 }, 'spec'],
    [{ spec: 'debug', minutes: 1, forever: true }, 'forever'],
    [[], ''],
  ])('is refused where it is not one: %j', async (body, path) => {
    const { url, levels } = await node();
    const server = await serve({ targets: () => [targetAt(url, NODE)] });
    const problem = await expectProblem(await change(server, body), 400, 'invalid_request');
    expect(problem.issues?.map((issue) => issue.path)).toContain(path);
    expect(levels.spec).toBe('info');
  });

  it('that the node does not take is refused in its words', async () => {
    const { url } = await node();
    const server = await serve({ targets: () => [targetAt(url, NODE)] });
    const problem = await expectProblem(await change(server, { spec: 'a=loud', minutes: 1 }), 400, 'log_spec_refused');
    expect(problem.detail).toBe("invalid logging specification 'a=loud': bad segment 'a=loud'");
  });

  it('is not changed where it cannot be written down what comes back', async () => {
    const { url, levels } = await node();
    // A file in the place of the folder.
    const inTheWay = fileURLToPath(import.meta.url);
    const server = await serve({ targets: () => [targetAt(url, NODE)], logSpecFolder: inTheWay });
    const problem = await expectProblem(await change(server, { spec: 'debug', minutes: 1 }), 503, 'log_spec_not_kept');
    expect(problem.detail).toMatch(/^FTL cannot write down .* \(\w+\), so it changes nothing\.$/);
    expect(problem.detail).not.toContain(inTheWay);
    expect(levels.spec).toBe('info');
  });

  it('that could not be put back yet is told of at the node, with the reason', async () => {
    const { url } = await node();
    const folder = mkdtempSync(join(tmpdir(), 'ftl-log-specs-'));
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    const server = await serve({ targets: () => [targetAt(url, NODE)], logSpecFolder: folder });
    await change(server, { spec: 'debug', minutes: 10 });
    expect(await changeOf(server)).toMatchObject({ spec: 'debug', restores: 'info', by: 'operator', problem: null });
    // As after a long while, in which FTL was not there; nor is the node where it was.
    const [file = ''] = readdirSync(folder);
    const entry = JSON.parse(readFileSync(join(folder, file), 'utf8')) as object;
    writeFileSync(join(folder, file), JSON.stringify({ ...entry, until: 0 }));
    const late = await serve({
      targets: () => [targetAt(new URL('http://127.0.0.1:1'), NODE)],
      logSpecFolder: folder,
    });
    const notYet = await until(
      () => changeOf(late),
      (one) => one?.problem !== null,
    );
    expect(notYet?.problem).toBe(`${NODE} cannot be reached: nobody listens there`);
  });

  it('cannot be changed from another site’s form, nor by what is too long', async () => {
    const { url, levels } = await node();
    const server = await serve({ targets: () => [targetAt(url, NODE)] });
    const form = { 'Content-Type': 'text/plain' };
    const body = JSON.stringify({ spec: 'debug', minutes: 1 });
    await expectProblem(await change(server, body, form), 415, 'body_not_json');
    await expectProblem(await change(server, '{"spec":'), 415, 'body_not_json');
    await expectProblem(await change(server, '"debug"'), 415, 'body_not_json');
    for (const size of [20_000, 2_000_000]) {
      await expectProblem(await change(server, ' '.repeat(size) + body), 413, 'body_too_large');
    }
    // It is logged, with whom it came from.
    const logged = await until(
      () => Promise.resolve(server.log.filter((line) => line['error.code'] === 'body_too_large')),
      (lines) => lines.length === 2,
    );
    expect(logged.map((line) => line['client.address'])).toEqual(['127.0.0.1', '127.0.0.1']);
    const { response } = await rawRequest(`${server.url}${PATH}/logspec`, {
      method: 'PUT',
      headers: { Host: 'evil.example', 'Content-Type': 'application/json' },
      body,
    });
    expect(response.statusCode).toBe(421);
    expect(levels.spec).toBe('info');
  });

  it('whose sender is gone in the middle of it changes nothing, and disturbs nobody', async () => {
    const { url, levels } = await node();
    const server = await serve({ targets: () => [targetAt(url, NODE)] });
    for (const left of ['{"spec":', ' '.repeat(17_000)]) {
      const socket = connect(server.port, '127.0.0.1');
      const head = `PUT ${PATH}/logspec HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999\r\n\r\n`;
      socket.write(head + left, () => socket.resetAndDestroy());
    }
    await until(
      () => Promise.resolve(server.log.filter((line) => line['http.request.method'] === 'PUT')),
      (lines) => lines.length === 2,
    );
    await expectAnswer(await server.get(`${PATH}/logspec`), LogSpecState);
    expect(levels.spec).toBe('info');
  });

  it('of a node that does not answer is told of as such', async () => {
    const gone = await node();
    await gone.operations.stop();
    const server = await serve({ targets: () => [targetAt(gone.url, NODE)] });
    for (const answer of [await server.get(`${PATH}/logspec`), await change(server, { spec: 'debug', minutes: 1 })]) {
      expect(answer.headers.get('retry-after')).toBe('5');
      const problem = await expectProblem(answer, 502, 'monitoring_unavailable');
      expect(problem.detail).toBe(`${NODE} cannot be reached: nobody listens there.`);
    }
  });
});

const held = (labels: Record<string, string>) => ({
  labels: { alertname: 'A', ...labels },
  annotations: {},
  startsAt: '2026-11-21T00:00:00Z',
  status: { state: 'active' },
});
const beside = () => [targetAt(new URL('http://10.0.0.1:9443'), NODE)];
async function told(alerts: readonly object[]): Promise<TestServer> {
  const { url } = stack.use(await standIn(answers({ '/api/v2/alerts': alerts })));
  return serve({ targets: beside, alertmanager: url.href });
}

describe('/api/v1/alerts', () => {
  it('tells those about a node: by name, by address, about its organisation', async () => {
    const server = await told([
      held({ alertname: 'Named', node: NODE, msp: 'Org1MSP' }),
      held({ alertname: 'Bare', node: NODE }),
      held({ alertname: 'ById', peer: `Org1MSP/${NODE}` }),
      held({ alertname: 'ByAddress', instance: '10.0.0.1:9443' }),
      held({ alertname: 'OfOrganisation', msp: 'Org1MSP' }),
      held({ alertname: 'OtherNode', node: 'peer1', msp: 'Org1MSP' }),
      held({ alertname: 'OtherOrganisation', node: NODE, msp: 'Org2MSP' }),
      held({ alertname: 'OfNobody' }),
    ]);
    const all = await expectAnswer(await server.get('/api/v1/alerts'), AlertList);
    expect([all.source, all.total, all.items.length]).toEqual(['alertmanager', 8, 8]);
    expect(
      Object.fromEntries(all.items.map(({ name, nodes, organisation }) => [name, [...nodes, organisation]])),
    ).toEqual({
      Named: [`Org1MSP/${NODE}`, null],
      Bare: [`Org1MSP/${NODE}`, null],
      ById: [`Org1MSP/${NODE}`, null],
      ByAddress: [`Org1MSP/${NODE}`, null],
      OfOrganisation: ['Org1MSP'],
      OtherNode: ['Org1MSP/peer1', null],
      OtherOrganisation: [`Org2MSP/${NODE}`, null],
      OfNobody: [null],
    });
    const own = await expectAnswer(await server.get(`/api/v1/alerts?node=Org1MSP/${NODE}`), AlertList);
    expect(own.items.map(({ name }) => name).toSorted()).toEqual([
      'Bare',
      'ByAddress',
      'ById',
      'Named',
      'OfOrganisation',
    ]);
    await expectProblem(await server.get('/api/v1/alerts?node='), 400, 'invalid_request');
  });

  it('knows a name that only the traces tell, and tells the alert where these cannot be asked', async () => {
    const { url } = stack.use(await standIn(answers({ '/api/v2/alerts': [held({ node: PEERS[1] })] })));
    const itemsOf = async (wrap?: Parameters<typeof testServer>[2]) => {
      const server = await testServer({ monitoring: { alertmanager: url.href } }, undefined, wrap);
      running.push(server);
      return (await expectAnswer(await server.get('/api/v1/alerts'), AlertList)).items;
    };
    expect(await itemsOf()).toMatchObject([{ node: PEERS[1], nodes: [expect.stringContaining(`MSP/${PEERS[1]}`)] }]);
    const failing = replacing({ nodes: () => Promise.reject(new Error('gone')) });
    expect(await itemsOf(failing)).toMatchObject([{ node: PEERS[1], nodes: [] }]);
  });

  it('tells of many the gravest, and how many there are', async () => {
    const many = Array.from({ length: 600 }, () => held({ severity: 'warning' }));
    const server = await told([...many, held({ alertname: 'Last', severity: 'critical' })]);
    const { items, total } = await expectAnswer(await server.get('/api/v1/alerts'), AlertList);
    expect([items.length, total, items[0]?.name]).toEqual([500, 601, 'Last']);
  });

  it('tells by itself that a node is gone, where nobody else does', async () => {
    const gone = await node();
    await gone.operations.stop();
    const target = targetAt(gone.url, NODE);
    const server = await serve({ targets: () => [target], scraper: { intervalMs: 5 }, ownAlerts: { downMs: 0 } });
    // It looks by itself, and not when it is asked.
    await until(
      async () => (await server.get('/metrics')).text(),
      (text) => Number(/^ftl_server_scrapes_total\{result="unreachable"\} (\d+)$/m.exec(text)?.[1] ?? 0) > 2,
    );
    const asked = Date.now();
    const { source, items } = await expectAnswer(await server.get('/api/v1/alerts'), AlertList);
    expect([source, items.map(({ name, node: of }) => [name, of])]).toEqual(['own', [['FtlPeerDown', NODE]]]);
    expect(Date.parse(items[0]!.since!)).toBeLessThan(asked);
  });
});

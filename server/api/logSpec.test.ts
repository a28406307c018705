import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiProblem } from '../problems.ts';
import { expectAnswer, expectProblem } from '../test/answers.ts';
import { MonitoredServers, NODE, NODE_PATH, until } from '../test/monitoredServers.ts';
import { targetAt } from '../test/nodeTargets.ts';
import { rawRequest, type TestServer } from '../test/runningServer.ts';
import { LogSpecState, MonitoringState, NodeHealth } from './monitoringSchemas.ts';

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());
let servers: MonitoredServers;
beforeEach(() => (servers = new MonitoredServers()));
afterEach(() => servers[Symbol.asyncDispose]());

const MINUTE = 60_000;
const change = (server: TestServer, body: object | string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${server.url}${NODE_PATH}/logspec`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
/** What the node's health tells of its log specification. */
const changeOf = async (server: TestServer) =>
  (await expectAnswer(await server.get(`${NODE_PATH}/health`), NodeHealth)).logSpecChange;

describe('a log specification', () => {
  it('is read, changed for a while and given back', async () => {
    const { url, levels } = await servers.node();
    const server = await servers.serve({ targets: () => [targetAt(url, NODE)] });
    const read = async () => expectAnswer(await server.get(`${NODE_PATH}/logspec`), LogSpecState);
    expect(await read()).toEqual({ spec: 'info', change: null });
    const before = Date.now();
    const state = await expectAnswer(await change(server, { spec: 'gossip=DEBUG:info', minutes: 5 }), LogSpecState);
    expect(state).toMatchObject({ spec: 'gossip=debug:info', change: { restores: 'info', by: 'operator' } });
    expect(Date.parse(state.change!.until)).toBeGreaterThanOrEqual(before + 5 * MINUTE);
    expect(await read()).toEqual(state);
    expect(levels.spec).toBe('gossip=debug:info');
    const back = await fetch(`${server.url}${NODE_PATH}/logspec`, { method: 'DELETE' });
    expect(await expectAnswer(back, LogSpecState)).toEqual({ spec: 'info', change: null });
    expect(levels.spec).toBe('info');
    await change(server, { spec: 'debug', minutes: 5 });
    await server.close();
    expect(levels.spec).toBe('info');
  });

  it('is only for operators to change', async () => {
    const { url, levels } = await servers.node();
    for (const authorize of [() => ({ name: 'eve', role: 'reader' as const }), () => ({ name: 'nobody' })]) {
      const server = await servers.serve({ targets: () => [targetAt(url, NODE)] }, { authorize });
      const state = await expectAnswer(await server.get('/api/v1/monitoring'), MonitoringState);
      expect(state.mayChange).toBe(false);
      await expectAnswer(await server.get(`${NODE_PATH}/logspec`), LogSpecState);
      await expectProblem(await change(server, { spec: 'debug', minutes: 5 }), 403, 'forbidden');
      await expectProblem(await fetch(`${server.url}${NODE_PATH}/logspec`, { method: 'DELETE' }), 403, 'forbidden');
    }
    const closed = await servers.serve(
      { targets: () => [targetAt(url, NODE)] },
      {
        authorize: () => {
          throw new ApiProblem('unauthenticated');
        },
      },
    );
    for (const path of ['/api/v1/monitoring', '/api/v1/alerts', `${NODE_PATH}/logspec`, `${NODE_PATH}/metrics`]) {
      await expectProblem(await closed.get(path), 401, 'unauthenticated');
    }
    const named = await servers.serve(
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
    const { url, levels } = await servers.node();
    const server = await servers.serve({ targets: () => [targetAt(url, NODE)] });
    const problem = await expectProblem(await change(server, body), 400, 'invalid_request');
    expect(problem.issues?.map((issue) => issue.path)).toContain(path);
    expect(levels.spec).toBe('info');
  });

  it('that the node does not take is refused in its words', async () => {
    const { url } = await servers.node();
    const server = await servers.serve({ targets: () => [targetAt(url, NODE)] });
    const problem = await expectProblem(await change(server, { spec: 'a=loud', minutes: 1 }), 400, 'log_spec_refused');
    expect(problem.detail).toBe("invalid logging specification 'a=loud': bad segment 'a=loud'");
  });

  it('is not changed where it cannot be written down what comes back', async () => {
    const { url, levels } = await servers.node();
    // A file in the place of the folder.
    const inTheWay = fileURLToPath(import.meta.url);
    const server = await servers.serve({ targets: () => [targetAt(url, NODE)], logSpecFolder: inTheWay });
    const problem = await expectProblem(await change(server, { spec: 'debug', minutes: 1 }), 503, 'log_spec_not_kept');
    expect(problem.detail).toMatch(/^FTL cannot write down .* \(\w+\), so it changes nothing\.$/);
    expect(problem.detail).not.toContain(inTheWay);
    expect(levels.spec).toBe('info');
  });

  it('that could not be put back yet is told of at the node, with the reason', async () => {
    const { url } = await servers.node();
    const folder = mkdtempSync(join(tmpdir(), 'ftl-log-specs-'));
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    const server = await servers.serve({ targets: () => [targetAt(url, NODE)], logSpecFolder: folder });
    await change(server, { spec: 'debug', minutes: 10 });
    expect(await changeOf(server)).toMatchObject({ spec: 'debug', restores: 'info', by: 'operator', problem: null });
    // As after a long while, in which FTL was not there; nor is the node where it was.
    const [file = ''] = readdirSync(folder);
    const entry = JSON.parse(readFileSync(join(folder, file), 'utf8')) as object;
    writeFileSync(join(folder, file), JSON.stringify({ ...entry, until: 0 }));
    const late = await servers.serve({
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
    const { url, levels } = await servers.node();
    const server = await servers.serve({ targets: () => [targetAt(url, NODE)] });
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
    const { response } = await rawRequest(`${server.url}${NODE_PATH}/logspec`, {
      method: 'PUT',
      headers: { Host: 'evil.example', 'Content-Type': 'application/json' },
      body,
    });
    expect(response.statusCode).toBe(421);
    expect(levels.spec).toBe('info');
  });

  it('whose sender is gone in the middle of it changes nothing, and disturbs nobody', async () => {
    const { url, levels } = await servers.node();
    const server = await servers.serve({ targets: () => [targetAt(url, NODE)] });
    for (const left of ['{"spec":', ' '.repeat(17_000)]) {
      const socket = connect(server.port, '127.0.0.1');
      const head = `PUT ${NODE_PATH}/logspec HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999\r\n\r\n`;
      socket.write(head + left, () => socket.resetAndDestroy());
    }
    await until(
      () => Promise.resolve(server.log.filter((line) => line['http.request.method'] === 'PUT')),
      (lines) => lines.length === 2,
    );
    await expectAnswer(await server.get(`${NODE_PATH}/logspec`), LogSpecState);
    expect(levels.spec).toBe('info');
  });

  it('of a node that does not answer is told of as such', async () => {
    const gone = await servers.node();
    await gone.operations.stop();
    const server = await servers.serve({ targets: () => [targetAt(gone.url, NODE)] });
    for (const answer of [
      await server.get(`${NODE_PATH}/logspec`),
      await change(server, { spec: 'debug', minutes: 1 }),
    ]) {
      expect(answer.headers.get('retry-after')).toBe('5');
      const problem = await expectProblem(answer, 502, 'monitoring_unavailable');
      expect(problem.detail).toBe(`${NODE} cannot be reached: nobody listens there.`);
    }
  });
});

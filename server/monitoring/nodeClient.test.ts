import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { recordedBody } from '#test/harness/operationsBodies.ts';
import { operationsService } from '#test/harness/operationsService.ts';
import { tlsMaterial } from '#test/harness/tlsMaterial.ts';
import { targetAt } from '../test/nodeTargets.ts';
import { answers, standIn } from '../test/standIn.ts';
import { MonitoringError } from './monitoringError.ts';
import { NodeClient } from './nodeClient.ts';
import type { NodeTarget } from './nodeTarget.ts';

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());

const tls = tlsMaterial();
const client = new NodeClient({ timeoutMs: 20_000 });
const withCertificate = new NodeClient({ tls: { ca: tls.ca, ...tls.client }, timeoutMs: 20_000 });
const withoutCertificate = new NodeClient({ tls: { ca: tls.ca }, timeoutMs: 20_000 });

const NODE = 'peer0.org1.example.com';
type Answers = Parameters<typeof answers>[0];
async function node(paths: Answers): Promise<NodeTarget> {
  return targetAt(stack.use(await standIn(answers(paths))).url);
}
const status =
  (code: number, body = ''): Extract<Answers[string], (...all: never) => unknown> =>
  (_, response) =>
    void response.writeHead(code).end(body);

describe.each([
  ['over HTTP', undefined, client],
  ['over HTTPS, with a client certificate', tls, withCertificate],
])('a node of FTL %s', (_, material, asking) => {
  it('tells health, version, metrics and log specification, and takes another', async () => {
    const { url, operations, levels } = stack.use(await operationsService({}, material));
    const target = targetAt(url);
    expect(await asking.health(target)).toEqual([]);
    operations.health.register('kafka', () => [{ component: 'kafka', reason: 'gone' }]);
    expect(await asking.health(target)).toEqual([{ component: 'kafka', reason: 'gone' }]);
    expect(await asking.version(target)).toBe('v9.8.7');
    expect(await asking.metrics(target)).toContain('# TYPE process_cpu_seconds_total counter\n');
    expect(await asking.logSpec(target)).toBe('info');
    await asking.putLogSpec(target, 'b=debug:a,c=WARNING');
    expect(await asking.logSpec(target)).toBe('a=warn:b=debug:c=warn:info');
    await expect(asking.putLogSpec(target, 'a=loud')).rejects.toMatchObject({
      code: 'refused',
      message: "invalid logging specification 'a=loud': bad segment 'a=loud'",
    });
    expect(levels.spec).toBe('a=warn:b=debug:c=warn:info');
  });
});

it('a node behind a proxy is asked below its path', async () => {
  const { url } = stack.use(await operationsService());
  const proxy = stack.use(
    await standIn((request, response) => {
      const path = /^\/org1\/peer0(\/.*)$/.exec(request.url ?? '')?.[1];
      const passed = path === undefined ? null : fetch(new URL(path, url));
      void passed?.then(async (answer) => response.writeHead(answer.status).end(await answer.text()));
      if (passed === null) response.writeHead(404).end();
    }),
  );
  const target = targetAt(new URL('/org1/peer0/', proxy.url));
  expect(await client.health(target)).toEqual([]);
  expect(await client.version(target)).toBe('v9.8.7');
  expect(await client.metrics(target)).toContain('# TYPE process_cpu_seconds_total counter\n');
  expect(await client.logSpec(target)).toBe('info');
});

describe('a node with TLS', () => {
  it('tells its health to everybody, and the rest to who shows a certificate', async () => {
    const target = targetAt(stack.use(await operationsService({}, tls)).url);
    expect(await withoutCertificate.health(target)).toEqual([]);
    expect(await withoutCertificate.version(target)).toBe('v9.8.7');
    for (const call of [
      withoutCertificate.metrics(target),
      withoutCertificate.logSpec(target),
      withoutCertificate.putLogSpec(target, 'debug'),
    ]) {
      await expect(call).rejects.toMatchObject({
        code: 'unauthorized',
        message: expect.stringMatching(
          /^peer0\S+ asks for a client certificate at \/\w+: name one with --operations-certificate and --operations-key$/,
        ),
      });
    }
  });

  it('says where a certificate is not accepted', async () => {
    const other = tlsMaterial();
    const stranger = new NodeClient({ tls: { ca: tls.ca, ...other.client }, timeoutMs: 20_000 });
    const target = targetAt(stack.use(await operationsService({}, tls)).url);
    await expect(stranger.metrics(target)).rejects.toThrow(
      `${NODE} cannot be reached: the connection was cut, as by one who does not accept the client certificate`,
    );
    const proxied = await node({ '/metrics': status(403) });
    await expect(stranger.metrics(proxied)).rejects.toThrow('status 403: it does not accept the client certificate');
  });

  it('has the right certificate where it is for the name of the node, whatever its address', async () => {
    const { url } = stack.use(await standIn(answers({ '/healthz': { status: 'OK' } }), tls.client));
    expect(await withCertificate.health(targetAt(url, 'client'))).toEqual([]);
    await expect(withCertificate.health(targetAt(url))).rejects.toThrow('its certificate is for another name');
  });
});

describe('Go’s nodes', () => {
  const READ = new URL('../../test/vectors/operations/', import.meta.url);
  it.each(['peer', 'orderer'] as const)('are understood as they were recorded: the %s', async (kind) => {
    const target = await node({
      // As fabric-lib-go writes them.
      '/healthz': '{"status":"OK","time":"2026-11-21T00:23:07.866339551Z"}',
      '/version': '{"CommitSHA":"development build","Version":"latest"}',
      '/logspec': '{"spec":"blkstorage=debug:common.deliver=debug:info"}\n',
      '/metrics': recordedBody(kind),
    });
    expect(await client.health(target)).toEqual([]);
    expect(await client.version(target)).toBe('latest');
    expect(await client.logSpec(target)).toBe('blkstorage=debug:common.deliver=debug:info');
    expect(await client.metrics(target)).toBe(readFileSync(new URL(`go-${kind}.prom`, READ), 'utf8'));
  });

  it('say that they speak TLS where plain HTTP was asked', async () => {
    const refusing = status(400, 'Client sent an HTTP request to an HTTPS server.\n');
    await expect(client.health(await node({ '/healthz': refusing }))).rejects.toThrow(
      'it speaks TLS, so its target needs the label __scheme__: https',
    );
  });
});

const failing = (body: object) => status(503, JSON.stringify(body));

describe('health', () => {
  it('is bad with each check that failed, and no more of it than can be shown', async () => {
    const checks = Array.from({ length: 200 }, (_, index) => ({ component: `c${index}`, reason: 'x'.repeat(1000) }));
    const told = await client.health(await node({ '/healthz': failing({ status: 'bad', failed_checks: checks }) }));
    expect(told).toHaveLength(100);
    expect(told[7]).toEqual({ component: 'c7', reason: 'x'.repeat(512) });
  });

  it('is bad where the node says so without a reason', async () => {
    for (const failed_checks of [[], null, undefined]) {
      const target = await node({ '/healthz': failing({ status: 'Service Unavailable', failed_checks }) });
      expect(await client.health(target)).toEqual([{ component: 'healthz', reason: 'Service Unavailable' }]);
    }
    expect(await client.health(await node({ '/healthz': { status: 'Starting' } }))).toHaveLength(1);
  });
});

describe('answers of others', () => {
  it.each([
    ['no JSON', '<html>'],
    ['JSON of another kind', { hello: 'world' }],
    ['a list', []],
    ['nothing', ''],
    ['null', 'null'],
  ])('are refused: %s', async (_, body) => {
    const target = await node({ '/healthz': body, '/version': body, '/logspec': body, '/metrics': body });
    for (const call of [client.health(target), client.version(target), client.logSpec(target)]) {
      await expect(call).rejects.toMatchObject({
        code: 'bad_answer',
        message: `${NODE} answered what no operations service does`,
      });
    }
    await expect(client.metrics(target)).rejects.toThrow('answered /metrics with what are no metrics');
  });

  it.each([301, 302, 404, 500])('are refused with status %i', async (code) => {
    const target = await node({ '/healthz': status(code), '/metrics': status(code), '/logspec': status(code) });
    for (const call of [client.health(target), client.metrics(target), client.putLogSpec(target, 'info')]) {
      await expect(call).rejects.toMatchObject({ code: 'bad_answer', message: expect.stringContaining(`${code}`) });
    }
  });

  it('say what is to be configured where a node tells no metrics', async () => {
    const { url } = stack.use(await operationsService({ metrics: { provider: 'disabled' } }));
    await expect(client.metrics(targetAt(url))).rejects.toThrow(
      'status 404: it tells no metrics unless metrics.provider in its configuration is prometheus',
    );
  });

  it('are cut where they are too long', async () => {
    const long = 'x'.repeat(9 * 1024 * 1024);
    const target = await node({ '/healthz': long, '/metrics': `# TYPE x gauge\n${long}` });
    await expect(client.health(target)).rejects.toMatchObject({ code: 'too_large' });
    await expect(client.metrics(target)).rejects.toMatchObject({ code: 'too_large' });
    const specLong = await node({ '/logspec': { spec: 'x'.repeat(9000) } });
    await expect(client.logSpec(specLong)).rejects.toBeInstanceOf(MonitoringError);
  });
});

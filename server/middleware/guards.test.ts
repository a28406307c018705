import { describe, expect, it } from 'vitest';
import { ApiProblem } from '../problems.ts';
import { expectProblem } from '../test/answers.ts';
import { rawBytes, rawRequest, replacing, testServer } from '../test/runningServer.ts';
import { COMPLETE } from '../test/sampleRecords.ts';
import { hostName } from './hostCheck.ts';

describe('the host header', () => {
  it('must be a name of loopback, or a configured one', async () => {
    const server = await testServer({ allowedHosts: ['ftl.example.com'] });
    const answer = async (host: string) => rawRequest(`${server.url}/version`, { headers: { host } });
    for (const host of [
      `localhost:${server.port}`,
      'LOCALHOST',
      '127.0.0.1',
      '[::1]:80',
      'ftl.example.com:443',
      'ftl.example.com.',
    ]) {
      expect([host, (await answer(host)).response.statusCode]).toEqual([host, 200]);
    }
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      '192.168.1.5',
      'a b',
      'x@localhost',
    ]) {
      const { response, text } = await answer(host);
      expect([host, response.statusCode]).toEqual([host, 421]);
      expect(JSON.parse(text)).toMatchObject({ code: 'host_not_served' });
    }
    const nameless = await rawBytes(server.port, 'GET /version HTTP/1.1\r\nHost: \r\nConnection: close\r\n\r\n');
    expect(nameless).toMatch(/^HTTP\/1\.1 421 /);
    const { response } = await rawRequest(`${server.url}/`, { headers: { host: 'evil.example', accept: 'text/html' } });
    expect(response.statusCode).toBe(421);
    await server.stop();
  });

  it('may be any name or address where the server is bound for all, until names are configured', async () => {
    const open = await testServer({ host: '0.0.0.0' });
    expect(open.log.some((line) => String(line['msg']).includes('whoever can reach'))).toBe(true);
    expect(open.url).toBe(`http://localhost:${open.port}`);
    const url = `http://127.0.0.1:${open.port}/version`;
    expect((await rawRequest(url, { headers: { host: 'ftl:8080' } })).response.statusCode).toBe(200);
    await open.stop();
    const named = await testServer({ host: '0.0.0.0', allowedHosts: ['ftl'] });
    const at = `http://127.0.0.1:${named.port}/version`;
    expect((await rawRequest(at, { headers: { host: 'ftl:8080' } })).response.statusCode).toBe(200);
    expect((await rawRequest(at, { headers: { host: '10.0.0.7:8080' } })).response.statusCode).toBe(200);
    expect((await rawRequest(at, { headers: { host: 'evil.example' } })).response.statusCode).toBe(421);
    await named.stop();
  });

  it.each([
    ['localhost:80', 'localhost'],
    ['[::1]:80', '::1'],
    ['Example.COM.', 'example.com'],
    ['a:b', null],
    ['::1', null],
    ['', null],
    [undefined, null],
  ])('%s is read as %s', (header, name) => {
    expect(hostName(header)).toBe(name);
  });
});

describe('limits', () => {
  it('refuse a long address', async () => {
    const server = await testServer();
    const long = await server.get(`/api/v1/traces?text=${'x'.repeat(8200)}`);
    expect((await expectProblem(long, 414, 'uri_too_long')).detail).toContain('8192');
    await server.stop();
  });

  it('refuse headers that are larger than a request ever needs', async () => {
    const server = await testServer();
    const { response, text } = await rawRequest(`${server.url}/version`, {
      headers: { 'x-large': 'x'.repeat(20_000) },
    });
    expect(response.statusCode).toBe(431);
    expect(response.headers['content-type']).toBe('application/problem+json');
    expect(JSON.parse(text)).toMatchObject({ code: 'headers_too_large', status: 431 });
    await server.stop();
  });

  it('refuse a body, announced or in chunks', async () => {
    const server = await testServer();
    for (const headers of [{ 'content-length': '2' }, { 'transfer-encoding': 'chunked' }]) {
      const { response, text } = await rawRequest(`${server.url}/api/v1/traces`, { headers, body: '{}' });
      expect([response.statusCode, response.headers.connection]).toEqual([413, 'close']);
      expect(JSON.parse(text)).toMatchObject({ code: 'body_not_allowed' });
    }
    await server.stop();
  });

  it('answer what is no HTTP with 400', async () => {
    const server = await testServer();
    for (const bytes of ['NOT HTTP AT ALL\r\n\r\n', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n']) {
      const answer = await rawBytes(server.port, bytes);
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer).toContain('"code":"invalid_request"');
    }
    expect((await server.get('/version')).status).toBe(200);
    await server.stop();
  });

  it('cut off a request whose headers do not come', async () => {
    const server = await testServer({ limits: { headersMs: 40 } });
    const answer = await rawBytes(server.port, 'GET /version HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('"code":"request_timeout"');
    await server.stop();
  });

  it('let only so many requests ask the store at a time', async () => {
    const arrivals = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let arrived = 0;
    const release = Promise.withResolvers<void>();
    const server = await testServer(
      { limits: { concurrentRequests: 2 } },
      [],
      replacing({
        nodes: async () => {
          arrivals[arrived++]?.resolve();
          await release.promise;
          return [];
        },
      }),
    );
    const slow = [server.get('/api/v1/nodes'), server.get('/api/v1/nodes')];
    await Promise.all(arrivals.map((arrival) => arrival.promise));
    const response = await server.get('/api/v1/nodes');
    expect(response.headers.get('retry-after')).toBe('1');
    await expectProblem(response, 503, 'busy');
    // What watches the server is not counted, and the place of a finished request is free again.
    expect((await server.get('/healthz')).status).toBe(200);
    release.resolve();
    for (const answer of await Promise.all(slow)) expect(answer.status).toBe(200);
    expect((await server.get('/api/v1/nodes')).status).toBe(200);
    await server.stop();
  });
});

describe('the seam for access control', () => {
  it('is asked for every request, and its refusal is a problem', async () => {
    const server = await testServer({
      authorize: async (request) => {
        if (request.get('authorization') === undefined) {
          throw new ApiProblem('unauthenticated', { headers: { 'WWW-Authenticate': 'Bearer' } });
        }
        if (request.path.startsWith('/metrics')) throw new ApiProblem('forbidden');
        return { name: 'auditor' };
      },
    });
    const paths = ['/api/v1/traces', '/api/v1/live', '/api/docs', '/', '/api/nothing'];
    for (const path of paths) {
      const response = await server.get(path);
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
      await expectProblem(response, 401, 'unauthenticated');
    }
    const headers = { authorization: 'Bearer x' };
    expect((await server.get('/api/v1/traces', headers)).status).toBe(200);
    await expectProblem(await server.get('/metrics', headers), 403, 'forbidden');
    await server.stop();
  });
});

describe('headers of every answer', () => {
  it('let a browser load from here alone, and name no software', async () => {
    const server = await testServer();
    for (const path of [
      '/',
      '/api/docs',
      '/api/v1/traces',
      '/api/v1/nothing',
      `/api/v1/traces?text=${'x'.repeat(8200)}`,
    ]) {
      const { headers } = await server.get(path);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self'");
      expect(policy).not.toMatch(/https?:|\*|unsafe-eval|script-src[^;]*unsafe-inline|upgrade-insecure/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('strict-transport-security')).toBeNull();
      expect(headers.get('x-powered-by')).toBeNull();
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
    await server.stop();
  });

  it('carry the ID of the request: a plain one as given, else a new one', async () => {
    const server = await testServer();
    const own = await server.get('/version', { 'X-Request-Id': 'trace-me.42' });
    expect(own.headers.get('x-request-id')).toBe('trace-me.42');
    for (const strange of ['a b', 'x'.repeat(65), '<script>']) {
      const other = await server.get('/version', { 'X-Request-Id': strange });
      expect(other.headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
    }
    await server.stop();
  });
});

describe('the request log', () => {
  it('holds a line for each request under ECS names, watchers at debug level', async () => {
    const server = await testServer();
    await (await server.get(`/api/v1/traces/${COMPLETE}?channel=nochannel`, { 'X-Request-Id': 'one' })).text();
    await (await server.get('/healthz', { 'X-Request-Id': 'two' })).text();
    await server.stop();
    const lines = server.log.filter((line) => line['msg'] === 'request');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatchObject({
      level: 30,
      'log.logger': 'server',
      'http.request.id': 'one',
      'http.request.method': 'GET',
      'url.path': `/api/v1/traces/${COMPLETE}`,
      'url.query': 'channel=nochannel',
      'http.response.status_code': 404,
      'client.address': '127.0.0.1',
      'error.code': 'trace_not_found',
    });
    expect(lines[0]?.['event.duration']).toBeGreaterThan(0);
    expect(lines[1]).toMatchObject({ level: 20, 'http.request.id': 'two' });
  });
});

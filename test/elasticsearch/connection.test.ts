import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, describe, expect, inject, it } from 'vitest';
import type { Client } from '@elastic/elasticsearch';
import { parseElasticsearchUrl } from '#trace/store/elasticsearch/address.ts';
import { Cluster } from '#trace/store/elasticsearch/cluster.ts';
import { indexNames } from '#trace/store/elasticsearch/indices.ts';
import { Connection, type ElasticsearchAccess } from '#trace/store/elasticsearch/connection.ts';

const health = (client: Client) => client.cluster.health();
const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

function connect(url: string, access: ElasticsearchAccess = {}): Connection {
  const connection = new Connection(parseElasticsearchUrl(`elasticsearch:${url}`), access);
  open.push(connection);
  return connection;
}

async function passOn(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const passed = await fetch(inject('elasticsearchUrl') + (request.url ?? ''), { method: request.method ?? 'GET' });
  const type = passed.headers.get('content-type') ?? 'text/plain';
  response.writeHead(passed.status, { 'content-type': type, 'x-elastic-product': 'Elasticsearch' });
  response.end(await passed.text());
}

/** A gateway before the cluster: answers by itself, or passes the request on; its URL. */
async function gateway(answer: (request: IncomingMessage, response: ServerResponse) => boolean): Promise<string> {
  const server = createServer((request, response) => {
    if (!answer(request, response)) void passOn(request, response);
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => void server.once('listening', resolve));
  open.push({
    close() {
      server.closeAllConnections();
      server.close();
    },
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function refuse(response: ServerResponse, status: number, type: string, reason = 'no'): true {
  response.writeHead(status, { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' });
  response.end(JSON.stringify({ error: { type, reason, root_cause: [{ type, reason }] }, status }));
  return true;
}

describe('the way to a cluster', () => {
  it('needs no product check, and ends with close', async () => {
    const connection = connect(inject('elasticsearchUrl'));
    expect((await connection.run(health)).status).toMatch(/green|yellow/);
    await connection.close();
    await expect(connection.run(health)).rejects.toMatchObject({ code: 'closed' });
  });

  it.each([429, 502, 503, 504])('comes again after HTTP %i', async (status) => {
    let requests = 0;
    const url = await gateway((_, response) => ++requests <= 3 && refuse(response, status, 'busy_exception'));
    expect((await connect(url).run(health)).timed_out).toBe(false);
    expect(requests).toBe(4);
  });

  it('gives up after a while, and says what it was', async () => {
    const url = await gateway((_, response) => refuse(response, 503, 'master_not_discovered_exception', 'no master'));
    await expect(connect(url, { retryMs: 200 }).run(health)).rejects.toMatchObject({
      code: 'busy',
      message: expect.stringContaining('master_not_discovered_exception: no master') as string,
    });
    await expect(connect('http://127.0.0.1:1', { retryMs: 200 }).run(health)).rejects.toMatchObject({ code: 'io' });
  });

  it('waits a moment only for a node that has never answered, and longer for one that has', async () => {
    const mistaken = connect('http://127.0.0.1:1', { connectMs: 200 });
    await expect(mistaken.run(health)).rejects.toMatchObject({ code: 'io' });
    let requests = 0;
    const url = await gateway((request) => {
      if (++requests === 1 || requests > 4) return false;
      // As a node that is restarting.
      request.socket.destroy();
      return true;
    });
    const connection = connect(url, { connectMs: 0 });
    await connection.run(health);
    expect((await connection.run(health)).timed_out).toBe(false);
    expect(requests).toBe(5);
  });

  it('asks again where only some of several searches were refused', async () => {
    let requests = 0;
    const url = await gateway((request, response) => {
      if (request.url?.includes('_msearch') !== true) return false;
      const found = { hits: { hits: [] }, aggregations: { n: ++requests } };
      const refused = { error: { type: 'circuit_breaking_exception', reason: 'data too large' }, status: 429 };
      response.writeHead(200, { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' });
      response.end(JSON.stringify({ responses: [found, requests < 3 ? refused : found] }));
      return true;
    });
    const cluster = new Cluster(connect(url), indexNames('ftl'));
    const search = { index: 'ftl-records', body: {} };
    expect((await cluster.searches([search, search])).map(({ aggregations }) => aggregations['n'])).toEqual([3, 3]);
  });

  it('uses another node where one is gone', async () => {
    const connection = connect(`http://127.0.0.1:1,${inject('elasticsearchUrl')}`);
    for (let n = 0; n < 5; n++) expect((await connection.run(health)).timed_out).toBe(false);
  });

  it('waits no longer than it is told for an answer', async () => {
    const url = await gateway(() => true);
    await expect(connect(url, { requestTimeoutMs: 100, retryMs: 50 }).run(health)).rejects.toMatchObject({
      code: 'busy',
    });
  });

  it('a request under way ends when the store is closed', async () => {
    const url = await gateway(() => true);
    const connection = connect(url);
    const [asked] = await Promise.allSettled([connection.run(health), connection.close()]);
    expect(asked).toMatchObject({ status: 'rejected', reason: { code: 'closed' } });
  });

  it.each([
    [
      401,
      'security_exception',
      'missing authentication',
      'cannot_open',
      /does not know who asks.*FTL_ELASTICSEARCH_API_KEY/,
    ],
    [403, 'security_exception', 'unauthorized for user [x]', 'cannot_open', /do not allow it/],
    [
      429,
      'cluster_block_exception',
      'index [x] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block];',
      'disk_full',
      /disk of the cluster is nearly full/,
    ],
    [
      403,
      'cluster_block_exception',
      'index [x] blocked by: [FORBIDDEN/8/index write (api)];',
      'read_only',
      /set to read-only/,
    ],
    [400, 'illegal_argument_exception', 'whatever', 'io', /HTTP 400: illegal_argument_exception: whatever/],
  ])('tells HTTP %i %s (%s) as %s', async (status, type, reason, code, message) => {
    const url = await gateway((_, response) => refuse(response, status, type, reason));
    const error = expect.objectContaining({ code, message: expect.stringMatching(message) as string }) as Error;
    await expect(connect(url).run(health)).rejects.toEqual(error);
  });

  it('shows an API key to the cluster and to nobody else', async () => {
    const apiKey = 'c2VjcmV0LWtleS1vZi1mdGw=';
    const url = await gateway((request, response) => {
      const { authorization = 'none' } = request.headers;
      if (authorization === `ApiKey ${apiKey}`) return false;
      return refuse(response, 401, 'security_exception', `unable to authenticate with [${authorization}]`);
    });
    expect((await connect(url, { apiKey }).run(health)).timed_out).toBe(false);
    // A server that repeats what it was given.
    const wrong = connect(url, { user: 'ftl', password: 'open sesame', apiKey: 'b3RoZXI=' });
    const [asked] = await Promise.allSettled([wrong.run(health)]);
    const error = (asked as PromiseRejectedResult).reason as Error;
    const all = `${error.message} ${JSON.stringify(error)} ${inspect(error.cause)} ${error.stack}`;
    expect(all).toContain('***');
    expect(all).not.toContain('b3RoZXI=');
    expect(wrong.location).toBe(`elasticsearch:${url}/ftl`);
  });

  it('is no Elasticsearch: says so', async () => {
    const url = await gateway((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      return true;
    });
    await expect(connect(url).run(health)).rejects.toMatchObject({
      code: 'cannot_open',
      message: expect.stringContaining('no Elasticsearch answers there') as string,
    });
  });
});

import { readFileSync } from 'node:fs';
import type { IRouter } from 'express';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildApp } from '../app.ts';
import { LiveFeed } from '../live/liveFeed.ts';
import { createMetrics } from '../metrics.ts';
import { Monitoring } from '../monitoring/monitoring.ts';
import { LIMITS, LIVE } from '../options.ts';
import { PROBLEMS } from '../problems.ts';
import { expectProblem } from '../test/answers.ts';
import { rawRequest, type TestServer, testServer } from '../test/runningServer.ts';
import type { ApiContext } from './operation.ts';
import type { OpenApiDocument } from './openapi.ts';
import { OPERATIONS } from './operations.ts';
import { OPENAPI_FILE, openApiText } from './writeOpenApi.ts';

let server: TestServer;
let document: OpenApiDocument;
beforeAll(async () => {
  server = await testServer();
  document = (await (await server.get('/api/v1/openapi.json')).json()) as OpenApiDocument;
});
afterAll(() => server.stop());

/** A documented path with its examples filled in, or words where it has none. */
function filled(path: string): string {
  const { parameters = [] } = document.paths[path]?.get ?? {};
  return path.replaceAll(/\{(\w+)\}/g, (_match, name: string) =>
    String(parameters.find((parameter) => parameter.name === name)?.example ?? name),
  );
}

describe('the contract', () => {
  it('stands in docs/ as it is served', () => {
    expect(readFileSync(OPENAPI_FILE, 'utf8')).toBe(openApiText());
    expect(document).toEqual(JSON.parse(openApiText()));
    expect(document.openapi).toMatch(/^3\.1\./);
  });

  it('is answered at every documented path', async () => {
    for (const path of Object.keys(document.paths)) {
      const abort = new AbortController();
      const response = await fetch(server.url + filled(path), { signal: abort.signal });
      // The example's transaction is not in this store: that it is missed by its own name shows that the path is served.
      const type = response.headers.get('content-type') ?? '';
      const code = type.includes('problem') ? ((await response.json()) as { code: string }).code : 'ok';
      expect([path, code]).not.toEqual([path, 'not_found']);
      expect(Object.keys(document.paths[path]?.get.responses ?? {})).toContain(String(response.status));
      const types = Object.keys(document.paths[path]?.get.responses[response.status]?.content ?? {});
      expect([path, types.some((known) => type.startsWith(known))]).toEqual([path, true]);
      abort.abort();
    }
  });

  it('documents every path that the application answers', () => {
    const logger = pino({ level: 'silent' });
    const metrics = createMetrics();
    const { store } = server;
    const context: ApiContext = {
      store,
      logger,
      metrics,
      monitoring: new Monitoring({}, { logger, registry: metrics.registry }),
      feed: new LiveFeed(LIVE, { store, logger, metrics }),
      options: { port: 0, version: '1' },
      limits: LIMITS,
    };
    const app = buildApp('127.0.0.1', context);
    const answeredPaths = routesOf(app.router as unknown as IRouter).map((path) => path.replaceAll(/:(\w+)/g, '{$1}'));
    expect(answeredPaths.toSorted()).toEqual(Object.keys(document.paths).toSorted());
  });

  it('refuses other methods at every documented path, and says which are possible', async () => {
    for (const [path, item] of Object.entries(document.paths)) {
      const possible = Object.keys(item).map((method) => method.toUpperCase());
      const others = ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'].filter((method) => !possible.includes(method));
      for (const method of others) {
        const response = await fetch(server.url + filled(path), { method });
        expect(response.headers.get('allow')).toBe(possible.join(', ').replace('GET', 'GET, HEAD'));
        await expectProblem(response, 405, 'method_not_allowed');
      }
    }
  });

  it('answers HEAD as GET without a body', async () => {
    for (const path of Object.keys(document.paths)) {
      const { response, text } = await rawRequest(server.url + filled(path), { method: 'HEAD' });
      expect([200, 404]).toContain(response.statusCode);
      expect(text).toBe('');
    }
  });

  it('answers what no path documents with a problem', async () => {
    for (const path of [
      '/api',
      '/api/',
      '/api/v1',
      '/api/v2/traces',
      '/api/v1/nothing',
      '/api/v1/traces/a/b/c',
      '/API/v1/traces',
    ]) {
      await expectProblem(await server.get(path, { Accept: 'application/json' }), 404, 'not_found');
    }
    const posted = await fetch(`${server.url}/api/v1/nothing`, { method: 'POST' });
    expect((await expectProblem(posted, 404, 'not_found')).detail).toContain('/api/docs');
  });

  it('shows examples that fit their schemas', () => {
    for (const operation of OPERATIONS) {
      if (operation.kind !== 'json') continue;
      const { example, schema } = operation.answer;
      expect({ [operation.id]: schema.parse(example) }).toEqual({ [operation.id]: example });
      const query = Object.fromEntries(new URLSearchParams(operation.exampleQuery));
      expect(operation.query.safeParse(query).success).toBe(true);
      expect(operation.params.safeParse(operation.exampleParams ?? {}).success).toBe(true);
      expect(operation.body?.schema.safeParse(operation.body.example).success ?? true).toBe(true);
    }
  });

  it('refers to no schema that is not there, and gives each operation its own name', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)];
    for (const [, name] of references) expect(Object.keys(document.components.schemas)).toContain(name);
    expect(references.length).toBeGreaterThan(20);
    const ids = Object.values(document.paths).flatMap((path) => Object.values(path).map((one) => one.operationId));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('lets the document be kept', async () => {
    const first = await server.get('/api/v1/openapi.json');
    await first.text();
    const again = await server.get('/api/v1/openapi.json', { 'If-None-Match': first.headers.get('etag') ?? '' });
    expect(again.status).toBe(304);
  });
});

describe('/api/docs', () => {
  it('is a page without scripts that names every operation, schema and problem', async () => {
    const response = await server.get('/api/docs');
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const page = await response.text();
    expect(page).not.toMatch(/<script|\son\w+=|javascript:|https?:\/\/(?!127\.0\.0\.1)/i);
    for (const { operationId } of Object.values(document.paths).flatMap((path) => Object.values(path))) {
      expect(page).toContain(`id="${operationId}"`);
    }
    for (const name of Object.keys(document.components.schemas)) expect(page).toContain(`id="schema-${name}"`);
    for (const code of Object.keys(PROBLEMS)) expect(page).toContain(`id="${code}"`);
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]);
    expect(new Set(ids).size).toBe(ids.length);
    const targets = [...page.matchAll(/href="#([^"]+)"/g)].map((match) => match[1]);
    for (const target of targets) expect(page).toContain(`id="${target}"`);
    expect((await server.get('/api/docs', { 'If-None-Match': response.headers.get('etag') ?? '' })).status).toBe(304);
  });
});

interface Layer {
  readonly route?: { readonly path: string };
  readonly handle: { readonly stack?: readonly Layer[] };
}

/** Paths of all routes, those of nested routers among them. */
function routesOf(router: { readonly stack: readonly unknown[] }): string[] {
  return (router.stack as readonly Layer[]).flatMap((layer) =>
    layer.route === undefined ? routesOf({ stack: layer.handle.stack ?? [] }) : [layer.route.path],
  );
}

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectProblem } from '../test/answers.ts';
import { rawRequest, type TestServer, testServer } from '../test/runningServer.ts';

const HTML = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
const SCRIPT = 'assets/index-BdQ3k9xZ.js';
let folder: string;
let webRoot: string;
let server: TestServer;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ftl-page-'));
  webRoot = join(folder, 'web');
  writeFileSync(join(folder, 'secret.txt'), 'outside');
  server = await testServer({ webRoot });
});
afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

function build(): void {
  mkdirSync(join(webRoot, 'assets'), { recursive: true });
  writeFileSync(join(webRoot, 'index.html'), '<!doctype html><title>FTL</title>');
  writeFileSync(join(webRoot, SCRIPT), `export const page = ${JSON.stringify('x'.repeat(5000))};`);
  writeFileSync(join(webRoot, 'favicon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  writeFileSync(join(webRoot, '.hidden'), 'hidden');
}

describe('the page', () => {
  it('is index.html at every address of a page', async () => {
    build();
    for (const path of [
      '/',
      '/traces',
      '/traces/mychannel/be8ab01d',
      '/nodes/Org1MSP/peer0.org1.example.com',
      '/apiary',
    ]) {
      const response = await server.get(path, HTML);
      expect([path, response.status]).toEqual([path, 200]);
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(response.headers.get('cache-control')).toBe('public, no-cache');
      expect(await response.text()).toContain('<title>FTL</title>');
    }
    expect((await server.get('/traces')).status).toBe(200);
  });

  it('keeps hashed files for a year and asks again for the others', async () => {
    build();
    const script = await server.get(`/${SCRIPT}`, { 'Accept-Encoding': 'gzip' });
    expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(script.headers.get('content-encoding')).toBe('gzip');
    await script.text();
    const icon = await server.get('/favicon.svg');
    expect(icon.headers.get('cache-control')).toBe('public, no-cache');
    expect(icon.headers.get('etag')).not.toBeNull();
    await icon.text();
  });

  it('is not sent for files that are not there, nor for the API', async () => {
    build();
    await expectProblem(await server.get('/assets/index-OLDOLDOL.js', HTML), 404, 'not_found');
    await expectProblem(await server.get('/robots.txt'), 404, 'not_found');
    await expectProblem(await server.get('/api/v1/nothing', HTML), 404, 'not_found');
    const posted = await fetch(`${server.url}/traces`, { method: 'POST' });
    expect(posted.headers.get('allow')).toBe('GET, HEAD');
    await expectProblem(posted, 405, 'method_not_allowed');
  });

  it('never leaves its folder', async () => {
    build();
    for (const path of [
      '/../secret.txt',
      '/..%2fsecret.txt',
      '/assets/..%2f..%2fsecret.txt',
      '/%2e%2e/secret.txt',
      '/%00',
      '/.hidden',
      '/..%5csecret.txt',
    ]) {
      const { hostname, port } = new URL(server.url);
      const { response, text } = await rawRequest(server.url, { hostname, port, path });
      expect([path, response.statusCode === 200 && !text.includes('<title>FTL')]).toEqual([path, false]);
      expect(text).not.toContain('outside');
      expect(text).not.toContain('hidden');
      expect(text).not.toContain(folder);
    }
  });

  it('tells how to build it while it is missing, and shows it as soon as it is there', async () => {
    const missing = await server.get('/traces/mychannel/be8ab01d', HTML);
    expect(missing.status).toBe(503);
    expect(missing.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await missing.text()).toContain('npm run build:web');
    expect((await server.get('/api/v1/traces')).status).toBe(200);
    build();
    expect((await server.get('/', HTML)).status).toBe(200);
  });

  it('is optional', async () => {
    const bare = await testServer();
    expect(await (await bare.get('/', HTML)).text()).toContain('npm run build:web');
    await bare.stop();
  });
});

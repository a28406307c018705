import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { importAll } from '#collector/collector.ts';
import { recordMapping, SUMMARY_MAPPING } from '#trace/store/elasticsearch/mappings.ts';
import { exampleRecords, P1, record, txIdOf } from '#trace/store/conformance/exampleRecords.ts';
import { readEverything } from '#trace/store/conformance/readEverything.ts';
import { openStore } from '#trace/store/openStore.ts';
import type { TraceStore } from '#trace/store/traceStore.ts';
import { askCluster } from './askCluster.ts';
import { type StorePlace, storePlace } from './freshStore.ts';

const channel = 'mychannel';
const closing: (() => unknown)[] = [];
let folder: string;
let place: StorePlace;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ftl-limits-'));
  place = storePlace(inject('elasticsearchUrl'));
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await place.destroy();
  rmSync(folder, { recursive: true, force: true });
});

/** The cluster behind a proxy that lets no longer requests through, as nginx does; its URL and how many it has refused. */
async function narrow(longest: number): Promise<{ readonly url: string; refused(): number }> {
  let refused = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      if (body.length > longest) {
        refused++;
        response.writeHead(413, { 'content-type': 'text/html' }).end('<h1>413 Request Entity Too Large</h1>');
        return;
      }
      const { 'content-type': type = 'application/json', accept = 'application/json' } = request.headers;
      const { method = 'GET' } = request;
      const how = { method, headers: { 'content-type': type, accept }, ...(body.length > 0 && { body }) };
      void passOn(`${inject('elasticsearchUrl')}${request.url}`, how, response);
    });
  });
  server.listen({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, refused: () => refused };
}

async function passOn(url: string, how: RequestInit, response: ServerResponse): Promise<void> {
  const passed = await fetch(url, how);
  response.writeHead(passed.status, {
    'content-type': passed.headers.get('content-type') ?? 'text/plain',
    'x-elastic-product': 'Elasticsearch',
  });
  response.end(Buffer.from(await passed.arrayBuffer()));
}

interface Letter {
  readonly code: string;
  readonly reason: string;
  readonly line: string;
}

/** Imports records as a node's log; the dead letters that come of it. */
async function imported(store: TraceStore, records: readonly object[]): Promise<Letter[]> {
  const path = join(folder, 'peer0.log');
  const letters = join(folder, 'dead-letters.ndjson');
  writeFileSync(path, records.map((one) => `${JSON.stringify(one)}\n`).join(''));
  const modules = { store, logger: pino({ level: 'silent' }), registry: new Registry() };
  const { deadLetters } = await importAll({ paths: [path], deadLetters: { path: letters } }, modules);
  if (deadLetters === 0) return [];
  return readFileSync(letters, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Letter);
}

const ofTransaction = (n: number, more: object = {}) => ({
  ...record({ channel, node: P1, ms: n, point: 'tx.seen', tx_id: txIdOf(`${n}-`) }).record,
  ...more,
});

it('goes through a proxy that takes no long requests; what is too long by itself becomes a dead letter', async () => {
  const proxy = await narrow(300_000);
  const store = await openStore(`elasticsearch:${proxy.url}/${place.prefix}`);
  closing.push(() => store.close());
  const records = Array.from({ length: 1000 }, (_, n) => ofTransaction(n, { message: 'x'.repeat(1000) }));
  const long = ofTransaction(1000, { message: 'x'.repeat(400_000) });
  const letters = await imported(store, [...records.slice(0, 500), long, ...records.slice(500)]);
  expect(proxy.refused()).toBeGreaterThan(2);
  expect(letters).toEqual([
    expect.objectContaining({
      code: 'invalid_record',
      reason: expect.stringMatching(/longer than what is let through/) as string,
    }),
  ]);
  expect(await store.info()).toMatchObject({ records: 1000, traces: 1000 });
});

it('puts what Elasticsearch cannot take whatever is done into the dead letters, and all else into the store', async () => {
  // Somebody has a mapping of their own for a field that every document keeps.
  const mappings = { properties: { service: { properties: { type: { type: 'long' } } } } };
  const custom = `_component_template/${place.prefix}-custom`;
  await askCluster('PUT', custom, { template: { mappings } });
  closing.push(() => askCluster('PUT', custom, { template: {} }));
  const store = await place.open();
  const records = Array.from({ length: 50 }, (_, n) =>
    ofTransaction(n, n === 7 || n === 33 ? {} : { 'service.type': undefined }),
  );
  const letters = await imported(store, records);
  expect(letters.map(({ code }) => code)).toEqual(['invalid_record', 'invalid_record']);
  expect(letters[0]?.reason).toMatch(/failed to parse field \[service.type\]/);
  expect(letters.map(({ line }) => JSON.parse(line) as unknown)).toEqual([records[7], records[33]]);
  expect((await store.info()).records).toBe(48);
});

it('keeps mappings closed: what the schema does not know makes no field', async () => {
  const store = await place.open();
  const odd = { unknown: 1, 'x.y': { z: 'deep' }, ftl: { ...ofTransaction(1).ftl, invented: { very: ['new'] } } };
  expect(await imported(store, [ofTransaction(1, odd)])).toEqual([]);
  await store.append(exampleRecords());
  while ((await store.refresh()).remaining > 0);
  for (const [alias, mapping] of [
    ['records', recordMapping()],
    ['traces', SUMMARY_MAPPING],
  ] as const) {
    type Answer = Readonly<Record<string, { readonly mappings: object }>>;
    const found = await askCluster<Answer>('GET', `${place.prefix}-${alias}/_mapping`);
    const [{ mappings } = { mappings: {} }] = Object.values(found);
    expect(fieldsOf(mappings)).toEqual(fieldsOf(mapping));
  }
});

/** Paths and types of all that is mapped. */
function fieldsOf(mapping: unknown, path = ''): string[] {
  const { properties, type } = mapping as {
    readonly properties?: Readonly<Record<string, unknown>>;
    readonly type?: string;
  };
  if (properties === undefined) return [`${path} ${type}`];
  return Object.entries(properties)
    .flatMap(([name, inner]) => fieldsOf(inner, path === '' ? name : `${path}.${name}`))
    .toSorted();
}

it('makes summaries where a peer caught up in thousands of steps', async () => {
  const sqlite = await openStore('sqlite::memory:');
  closing.push(() => sqlite.close());
  const store = await place.open();
  // More ranges of blocks than a query may have clauses.
  const ranges = Array.from({ length: 12_000 }, (_, n) =>
    record({ channel, node: P1, ms: 20_000 + n, point: 'gossip.transfer', block: { number: n * 3, last: n * 3 + 1 } }),
  );
  for (const one of [sqlite, store]) {
    await one.append(exampleRecords());
    await one.append(ranges);
    while ((await one.refresh()).remaining > 0);
  }
  expect((await store.traces({})).items).toEqual((await sqlite.traces({})).items);
});

it('rolls over by age, and by size', async () => {
  const indices = async () => Object.keys(await askCluster<object>('GET', `_alias/${place.prefix}-records`)).length;
  for (const [rollover, expected] of [
    [{ maxAge: '1d', maxSize: '1gb' }, 1],
    [{ maxAge: '1ms' }, 2],
    [{ maxAge: '1d', maxSize: '1b' }, 3],
  ] as const) {
    const store = await openStore(place.url, { rollover });
    closing.push(() => store.close());
    const number = expected * 100;
    await store.append([ofTransaction(number)].map((one) => ({ id: String(number).padStart(16, '0'), record: one })));
    while ((await store.refresh()).remaining > 0);
    expect(await indices()).toBe(expected);
  }
  expect(await readEverything(await place.open())).toMatchObject({ records: 3, count: 3 });
});

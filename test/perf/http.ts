/**
 * How long `GET /api/v1/traces/{txId}` takes over HTTP with kept connections, and how much of it is the store's.
 *
 *     node test/perf/http.ts [STORE [--generated]] [--records N] [--requests N] [--elasticsearch] [--search]
 *
 * STORE is the path of an SQLite store; without it one of N (100,000) records is made and removed (`--generated`: STORE
 * is one of these, kept from elsewhere; `--elasticsearch`: in an Elasticsearch started for it, 512 MB of heap). `--search` brings
 * the summaries up to date and then asks for pages of searches as well. Clients run in a thread of their
 * own, so that their work is not counted as the server's; `CPU ms` is what one request costs the server's thread, store included. Goals: p99 below 15 ms at 5,000,000 records in SQLite; in Elasticsearch at 2,000,000
 * p50 below 5 ms, p99 below 30 ms, and a page of a search below 150 ms.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import pino from 'pino';
import { startServer } from '#server/httpServer.ts';
import { openStore } from '#trace/store/openStore.ts';
import type { TraceStore } from '#trace/store/traceStore.ts';
import { ElasticsearchNode } from '../harness/elasticsearch.ts';
import { BLOCK_SIZE, generatedTxId, generateRecords, RECORDS_PER_BLOCK } from './generateRecords.ts';

interface Load {
  readonly url: string;
  readonly paths: readonly string[];
  readonly connections: number;
  readonly requests: number;
  readonly encoding: string;
}

interface LoadResult {
  readonly milliseconds: readonly number[];
  readonly bytes: number;
  readonly seconds: number;
}

const SAMPLE = 500;
const WARM_UP = 1000;
/** A cluster at rest: as long as it still sorts what was just written, that would be measured as well. */
const LONGEST_REST_MS = 300_000;
/** What the search page asks for. */
const SEARCHES = [
  '',
  '?code=MVCC_READ_CONFLICT',
  '?participant=peer1.org2.example.com',
  '?text=user7',
  '?sort=durationUs&order=desc',
  '?block=1000',
];

if (isMainThread) await main();
else parentPort?.postMessage(await runLoad(workerData as Load), []);

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      generated: { type: 'boolean', default: false },
      records: { type: 'string', default: '100000' },
      requests: { type: 'string', default: '2000' },
      elasticsearch: { type: 'boolean', default: false },
      search: { type: 'boolean', default: false },
    },
  });
  const folder = mkdtempSync(join(tmpdir(), 'ftl-perf-'));
  const elasticsearch = values.elasticsearch ? await ElasticsearchNode.start({ optimising: true }) : null;
  const store = await openStore(
    elasticsearch === null
      ? `sqlite:${positionals[0] ?? join(folder, 'store.db')}`
      : `elasticsearch:${elasticsearch.url}/perf`,
  );
  const storeMs: number[] = [];
  const server = await startServer(
    { port: 0, version: 'perf' },
    { store: timed(store, storeMs), logger: pino({ level: 'silent' }) },
  );
  try {
    if (positionals[0] === undefined) await fill(store, Number(values.records));
    if (elasticsearch !== null) await rest(elasticsearch.url);
    const generated = values.generated || positionals[0] === undefined;
    const ids = await (generated ? generatedIds(store) : sampleIds(store));
    const paths = ids.map((id) => `/api/v1/traces/${id}`);
    const { records, bytes } = await store.info();
    console.log(
      `${records} records in ${(bytes / 1e6).toFixed(0)} MB, ${paths.length} traces asked for, node ${process.version}`,
    );
    console.log(
      'connections  encoding   p50 ms   p99 ms   max ms   requests/s   store p50   store p99   CPU ms   bytes',
    );
    for (const connections of [1, 8]) {
      for (const encoding of ['identity', 'gzip']) {
        const load = { url: server.url, paths, connections, encoding };
        await inWorker({ ...load, requests: WARM_UP });
        storeMs.length = 0;
        const before = process.threadCpuUsage();
        const result = await inWorker({ ...load, requests: Number(values.requests) });
        const { user, system } = process.threadCpuUsage(before);
        print(connections, encoding, result, storeMs, (user + system) / 1000 / storeMs.length);
      }
    }
    if (values.search) await search(server.url, store, elasticsearch?.url ?? null);
  } finally {
    await server.close();
    await store.close();
    await elasticsearch?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The store, with the milliseconds that each request spends in `find` and `trace` together. */
function timed(store: TraceStore, into: number[]): TraceStore {
  let finding = 0;
  return new Proxy(store, {
    get(target, name: keyof TraceStore) {
      const method = target[name] as (...values: unknown[]) => Promise<unknown>;
      if (name !== 'find' && name !== 'trace') return method.bind(target);
      return async (...values: unknown[]) => {
        const start = performance.now();
        const result = await method.apply(target, values);
        const spent = performance.now() - start;
        // Each request finds its key, then reads its trace.
        if (name === 'find') finding = spent;
        else into.push(finding + spent);
        return result;
      };
    },
  });
}

async function search(url: string, store: TraceStore, cluster: string | null): Promise<void> {
  const begin = performance.now();
  for (let remaining = 1; remaining > 0; ) ({ remaining } = await store.refresh({ limit: 5000 }));
  const seconds = (performance.now() - begin) / 1000;
  if (cluster !== null) await rest(cluster);
  const { traces } = await store.info();
  console.log(`\n${traces} summaries made in ${seconds.toFixed(0)} s; a page of 50 of a search, one connection:`);
  for (const query of SEARCHES) {
    const load = { url, paths: [`/api/v1/traces${query}`], connections: 1, encoding: 'identity' };
    await inWorker({ ...load, requests: 20 });
    const { milliseconds } = await inWorker({ ...load, requests: 100 });
    const [p50, p99] = [0.5, 0.99].map((share) => percentile(milliseconds, share).toFixed(1));
    console.log(`  p50 ${p50} ms, p99 ${p99} ms   ${query === '' ? 'newest first' : query}`);
  }
}

/** Without summaries: one trace is found and assembled from its records alone. */
async function fill(store: TraceStore, count: number): Promise<void> {
  for (const batch of generateRecords(count, 5000)) await store.append(batch);
}

interface MergeStats {
  readonly nodes: Readonly<Record<string, { readonly indices: { readonly merges: { readonly current: number } } }>>;
}

/** Until no segments are merged any more. */
async function rest(url: string): Promise<void> {
  const start = performance.now();
  for (let idle = 0; idle < 5; idle++) {
    await delay(1000);
    const response = await fetch(`${url}/_nodes/stats/indices/merge`);
    const { nodes } = (await response.json()) as MergeStats;
    if (Object.values(nodes).some(({ indices }) => indices.merges.current > 0)) idle = 0;
    if (performance.now() - start > LONGEST_REST_MS) throw new Error('the cluster does not come to rest');
  }
}

/** IDs from all over what was generated. */
async function generatedIds(store: TraceStore): Promise<string[]> {
  const blocks = Math.floor((await store.info()).records / RECORDS_PER_BLOCK);
  return Array.from({ length: SAMPLE }, (_none, at) =>
    generatedTxId(1 + Math.floor(((at + 0.5) / SAMPLE) * blocks), at % BLOCK_SIZE),
  );
}

/** Full IDs from the newest and the oldest traces of a store. */
async function sampleIds(store: TraceStore): Promise<string[]> {
  const ids = new Set<string>();
  for (const order of ['asc', 'desc'] as const) {
    let cursor: string | null = null;
    for (let page = 0; page < 5; page++) {
      const found = await store.traces({ order, limit: 1000, ...(cursor === null ? {} : { cursor }) });
      for (const { txId } of found.items) if (/^[\da-f]{64}$/.test(txId)) ids.add(txId);
      cursor = found.next;
      if (cursor === null) break;
    }
  }
  const step = Math.max(1, Math.floor(ids.size / SAMPLE));
  return [...ids].filter((_id, at) => at % step === 0);
}

async function inWorker(load: Load): Promise<LoadResult> {
  const worker = new Worker(new URL(import.meta.url), { workerData: load, argv: [] });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

/** So many requests over so many kept connections, one after the other on each. */
async function runLoad(load: Load): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: load.connections });
  const milliseconds: number[] = [];
  let bytes = 0;
  let next = 0;
  const start = performance.now();
  const client = async (): Promise<void> => {
    while (next < load.requests) {
      const path = load.paths[next++ % load.paths.length] ?? '';
      const sent = performance.now();
      const received = await fetchOne(agent, load.url + path, load.encoding);
      bytes += received;
      milliseconds.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: load.connections }, client));
  agent.destroy();
  return { milliseconds, bytes, seconds: (performance.now() - start) / 1000 };
}

async function fetchOne(agent: Agent, url: string, encoding: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { agent, headers: { 'accept-encoding': encoding } }, (response) => {
      let bytes = 0;
      response.on('data', (part: Buffer) => (bytes += part.length));
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve(bytes);
        else reject(new Error(`${url} answered ${response.statusCode}`));
      });
    }).on('error', reject);
  });
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function print(
  connections: number,
  encoding: string,
  result: LoadResult,
  storeMs: readonly number[],
  cpuMs: number,
): void {
  const { milliseconds, seconds, bytes } = result;
  const cells = [
    [String(connections), 11],
    [encoding, 9],
    ...[0.5, 0.99, 1].map((share) => [percentile(milliseconds, share).toFixed(2), 7] as const),
    [(milliseconds.length / seconds).toFixed(0), 11],
    [percentile(storeMs, 0.5).toFixed(2), 10],
    [percentile(storeMs, 0.99).toFixed(2), 10],
    [cpuMs.toFixed(2), 7],
    [String(Math.round(bytes / milliseconds.length)), 6],
  ] as const;
  console.log(cells.map(([text, width]) => text.padStart(width)).join('  '));
}

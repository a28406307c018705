/**
 * What looking things up in the Elasticsearch store costs: `node test/perf/elasticsearchStore.ts [--count 2000000] [--heap 512]`
 * [--url http://…]. Records go in as a collector appends them, then their summaries are made; each look-up is of another transaction.
 */
import { parseArgs } from 'node:util';
import { parseElasticsearchUrl } from '#trace/store/elasticsearch/address.ts';
import { Connection } from '#trace/store/elasticsearch/connection.ts';
import { openElasticsearchStore } from '#trace/store/elasticsearch/elasticsearchStore.ts';
import type { TraceStore } from '#trace/store/traceStore.ts';
import { ElasticsearchNode } from '../harness/elasticsearch.ts';
import { BLOCK_SIZE, generatedTxId, generateRecords, RECORDS_PER_BLOCK } from './generateRecords.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '2000000' },
    heap: { type: 'string', default: '512' },
    url: { type: 'string', default: '' },
  },
});
const BATCH = 5000;
const LOOKUPS = 2000;
const WARM_UP = 300;
const QUERIES = 50;
const channel = 'mychannel';
const count = Number(values.count);
const node = values.url === '' ? await ElasticsearchNode.start({ heapMiB: Number(values.heap) }) : null;

try {
  const url = `elasticsearch:${node?.url ?? values.url}/perf-${Date.now()}`;
  const store = await openElasticsearchStore(new Connection(parseElasticsearchUrl(url)));
  await fill(store);
  const { records, traces, bytes } = await store.info();
  console.log(
    `${records.toLocaleString('en')} records, ${traces.toLocaleString('en')} traces, ${Math.round(bytes / records)} bytes a record on disk`,
  );
  show('trace', await timesOf(LOOKUPS, async (txId) => store.trace({ channel, txId })));
  show('find', await timesOf(LOOKUPS, async (txId) => (await store.find(txId))[0]));
  show('find, 12 digits', await timesOf(LOOKUPS, async (txId) => (await store.find(txId.slice(0, 12)))[0]));
  const queries = {
    newest: async () => store.traces({}),
    'code and participant': async () =>
      store.traces({ code: 'MVCC_READ_CONFLICT', participant: 'User7@org1.example.com' }),
    'text, two words': async () => store.traces({ text: 'transfer user12@' }),
    'text, nothing found': async () => store.traces({ text: '0123456789ab' }),
    'sorted by duration': async () => store.traces({ sort: 'durationUs' }),
    statistics: async () => store.statistics({}),
    channels: async () => store.channels(),
    blocks: async () => store.blocks({}),
  };
  for (const [name, query] of Object.entries(queries)) show(name, await timesOf(QUERIES, query, 5));
  await store.close();
} finally {
  await node?.stop();
}

async function fill(store: TraceStore): Promise<void> {
  let wall = performance.now();
  let cpu = cpuUs();
  let appended = 0;
  for (const batch of generateRecords(count, BATCH)) appended += (await store.append(batch)).added;
  report('append', appended, 'records', performance.now() - wall, cpuUs() - cpu);
  wall = performance.now();
  cpu = cpuUs();
  const { refreshed } = await store.refresh();
  report('refresh', refreshed, 'traces', performance.now() - wall, cpuUs() - cpu);
}

function report(name: string, done: number, what: string, ms: number, us: number): void {
  console.log(
    `${name}: ${Math.round((done / ms) * 1000).toLocaleString('en')} ${what} a second, ${(us / done).toFixed(1)} CPU-µs each`,
  );
}

async function timesOf(rounds: number, ask: (txId: string) => Promise<unknown>, warmUp = WARM_UP): Promise<number[]> {
  const blocks = Math.floor(count / RECORDS_PER_BLOCK);
  const times: number[] = [];
  for (let n = 0; n < warmUp + rounds; n++) {
    const txId = generatedTxId(1 + ((n * 7919) % blocks), (n * 31) % BLOCK_SIZE);
    const begin = performance.now();
    const found = await ask(txId);
    if (found === null || found === undefined) throw new Error(`nothing found for ${txId}`);
    if (n >= warmUp) times.push(performance.now() - begin);
  }
  return times.toSorted((a, b) => a - b);
}

function show(name: string, sorted: readonly number[]): void {
  const at = (part: number) => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0).toFixed(1);
  console.log(`${name.padEnd(22)} p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`);
}

function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

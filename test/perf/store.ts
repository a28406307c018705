/**
 * What the SQLite store costs: `node test/perf/store.ts [--count 500000] [--batch 5000] [--no-baseline]`. Times are CPU time of
 * the process in `append` and `refresh` alone; the baseline is the naive schema (one JSON column, an index on the transaction ID)
 * fed the same records in the same run.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import type { StoredRecord } from '#trace/record.ts';
import { openSqliteStore } from '#trace/store/sqlite/sqliteStore.ts';
import { BLOCKS_PER, storeRecords, TXS_PER_BLOCK, txIdAt } from './storeRecords.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '500000' },
    batch: { type: 'string', default: '5000' },
    baseline: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const count = Number(values.count);
const batchSize = Number(values.batch);
const folder = mkdtempSync(join(tmpdir(), 'ftl-perf-store-'));

const cpuUs = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

function* batches(): Generator<StoredRecord[]> {
  let batch: StoredRecord[] = [];
  for (const record of storeRecords(count)) {
    batch.push(record);
    if (batch.length < batchSize) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function timed(
  work: () => Promise<unknown> | undefined,
): Promise<{ readonly cpu: number; readonly wall: number }> {
  const cpu = cpuUs();
  const wall = performance.now();
  await work();
  return { cpu: cpuUs() - cpu, wall: performance.now() - wall };
}

const percentile = (sorted: readonly number[], part: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;

async function lookups(look: (txId: string) => Promise<unknown>): Promise<string> {
  const times: number[] = [];
  for (let n = 0; n < 2200; n++) {
    const block = 1 + ((n * 7919) % Math.max(1, BLOCKS_PER(count) - 1));
    const txId = txIdAt(block, (n * 31) % TXS_PER_BLOCK);
    const begin = performance.now();
    const found = await look(txId);
    if (found === null || found === undefined) throw new Error(`nothing found for ${txId}`);
    if (n >= 200) times.push(performance.now() - begin);
  }
  times.sort((a, b) => a - b);
  return `p50 ${percentile(times, 0.5).toFixed(2)} ms, p99 ${percentile(times, 0.99).toFixed(2)} ms`;
}

function sizeOf(path: string): number {
  return statSync(path).size;
}

async function measureStore(): Promise<void> {
  const path = join(folder, 'store.db');
  let store = await openSqliteStore(path);
  let cpu = 0;
  let wall = 0;
  for (const batch of batches()) {
    const spent = await timed(() => store.append(batch));
    cpu += spent.cpu;
    wall += spent.wall;
  }
  const { records } = await store.info();
  console.log(
    `append    ${Math.round((records / wall) * 1000).toLocaleString('en')} records/s, ${(cpu / records).toFixed(2)} CPU-µs a record`,
  );
  await store.close();
  const bytes = sizeOf(path);
  store = await openSqliteStore(path);
  let refreshed = 0;
  const spent = await timed(async () => {
    refreshed = (await store.refresh()).refreshed;
  });
  console.log(
    `refresh   ${refreshed.toLocaleString('en')} traces, ${(spent.cpu / refreshed).toFixed(1)} CPU-µs a trace`,
  );
  await store.close();
  console.log(
    `on disk   ${(bytes / records).toFixed(1)} bytes a record, ${(sizeOf(path) / records).toFixed(1)} with summaries`,
  );
  store = await openSqliteStore(path);
  const channel = 'mychannel';
  console.log(
    `trace     ${await lookups((txId) => store.trace({ channel, txId }))} at ${records.toLocaleString('en')} records`,
  );
  console.log(`find      ${await lookups(async (txId) => (await store.find(txId.slice(0, 12)))[0])}`);
  const queries = {
    newest: () => store.traces({}),
    'code and participant': () => store.traces({ code: 'MVCC_READ_CONFLICT', participant: 'User7@org1.example.com' }),
    'text, two words': () => store.traces({ text: 'createasset user12@' }),
    'text, nothing found': () => store.traces({ text: '0123456789ab' }),
    'sort by duration': () => store.traces({ sort: 'durationUs' }),
    statistics: () => store.statistics({}),
    channels: () => store.channels(),
    blocks: () => store.blocks({}),
  };
  for (const [name, query] of Object.entries(queries)) {
    await query();
    const { wall: ms } = await timed(query);
    console.log(`${name.padEnd(22)}${ms.toFixed(1)} ms`);
  }
  const { wall: dropMs } = await timed(() => store.dropBefore('2026-01-01T00:00:30Z'));
  console.log(`dropBefore (60 blocks) ${dropMs.toFixed(0)} ms`);
  console.log(`memory    ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB resident`);
  await store.close();
}

async function measureBaseline(): Promise<void> {
  const path = join(folder, 'naive.db');
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536;
    CREATE TABLE record (id TEXT PRIMARY KEY, tx_id TEXT, json TEXT); CREATE INDEX record_tx ON record (tx_id)`);
  const insert = db.prepare('INSERT OR IGNORE INTO record VALUES (?, ?, ?)');
  let cpu = 0;
  let wall = 0;
  let records = 0;
  for (const batch of batches()) {
    const spent = await timed(async () => {
      db.exec('BEGIN IMMEDIATE');
      for (const { id, record } of batch) insert.run(id, record.ftl.tx_id ?? null, JSON.stringify(record));
      db.exec('COMMIT');
    });
    cpu += spent.cpu;
    wall += spent.wall;
    records += batch.length;
  }
  db.close();
  console.log(
    '\nbaseline: one JSON column and an index on the transaction ID; no trace, no block records in the lookup',
  );
  console.log(
    `append    ${Math.round((records / wall) * 1000).toLocaleString('en')} records/s, ${(cpu / records).toFixed(2)} CPU-µs a record`,
  );
  console.log(`on disk   ${(sizeOf(path) / records).toFixed(1)} bytes a record`);
  const again = new DatabaseSync(path);
  const select = again.prepare('SELECT json FROM record WHERE tx_id = ?');
  console.log(
    `records   ${await lookups(async (txId) => select.all(txId).map(({ json }) => JSON.parse(json as string) as unknown)[0])}`,
  );
  again.close();
}

try {
  await measureStore();
  if (values.baseline) await measureBaseline();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

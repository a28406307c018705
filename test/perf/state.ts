import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ClassicLevel } from 'classic-level';
import { testBlock } from '#node/ledger/mvcc/testBlock.ts';
import { validateAndPrepare } from '#node/ledger/mvcc/validateAndPrepare.ts';
import { encodeReadWriteSet } from '#node/ledger/simulator/readWriteSetCodec.ts';
import { LevelStateDatabase } from '#node/ledger/state/levelStateDatabase.ts';
import { MemoryStateDatabase } from '#node/ledger/state/memoryStateDatabase.ts';
import type { StateDatabase, StateKey } from '#node/ledger/state/stateDatabase.ts';
import { StateUpdates } from '#node/ledger/state/stateUpdates.ts';
import { commitHash } from '#node/ledger/state/updateBytes.ts';

/**
 * World state by itself: keys written in blocks (with versions and savepoint), versions read as MVCC reads them (those of a block
 * at once), keys scanned, and MVCC with commit hash of transfers (two reads and two writes each), over both state databases.
 * Beside them what the ground gives: a plain Map and a plain LevelDB with the same keys and values.
 *
 * `node test/perf/state.ts [--keys 200000] [--value 256] [--json]`; per second of CPU time, one process. Give `--expose-gc` for the memory.
 */
const { values: options } = parseArgs({
  options: { keys: { type: 'string' }, value: { type: 'string' }, json: { type: 'boolean', default: false } },
});
const count = Number(options.keys ?? 200_000);
const value = new Uint8Array(Number(options.value ?? 256)).map((_, index) => (index * 31) % 251);
const PER_BLOCK = 200;
const names = Array.from({ length: count }, (_, index) => `account${String(index).padStart(8, '0')}`);
/** The same jumble each time. */
const jumbled = names.map((_, index) => names[(index * 7_919 + 13) % count] as string);
const folder = mkdtempSync(join(tmpdir(), 'ftl-perf-state-'));

interface Row {
  readonly name: string;
  readonly writesPerSecond: number;
  readonly readsPerSecond: number;
  readonly scannedPerSecond: number | null;
  readonly mvccTransactionsPerSecond: number | null;
  readonly heapMiB: number | null;
}

function* blocksOf<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += PER_BLOCK) {
    yield all.slice(at, at + PER_BLOCK);
  }
}

function cell(figure: number | null): string {
  return (figure === null ? '' : figure.toLocaleString('en')).padStart(14);
}

/** Items a second of CPU time, all threads: what else runs on the machine counts less than by the clock. */
async function rate(items: number, run: () => Promise<void> | void): Promise<number> {
  const start = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(start);
  return Math.round(items / ((user + system) / 1e6));
}

function memory(): number {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / 2 ** 20;
}

async function plainMap(): Promise<Row> {
  const map = new Map<string, Uint8Array>();
  let seen = 0;
  const writesPerSecond = await rate(count, () => {
    for (const name of names) {
      map.set(name, value);
    }
  });
  const readsPerSecond = await rate(count, () => {
    for (const name of jumbled) {
      seen += map.get(name)?.length ?? 0;
    }
  });
  if (seen !== count * value.length) {
    throw new Error('a key was lost');
  }
  return {
    name: 'plain Map',
    writesPerSecond,
    readsPerSecond,
    scannedPerSecond: null,
    mvccTransactionsPerSecond: null,
    heapMiB: null,
  };
}

async function plainLevel(): Promise<Row> {
  const db = new ClassicLevel<string, Uint8Array>(join(folder, 'plain'), {
    keyEncoding: 'utf8',
    valueEncoding: 'view',
    cacheSize: 64 * 1024 * 1024,
    writeBufferSize: 16 * 1024 * 1024,
  });
  const writesPerSecond = await rate(count, async () => {
    for (const block of blocksOf(names)) {
      await db.batch(block.map((key) => ({ type: 'put' as const, key, value })));
    }
  });
  const readsPerSecond = await rate(count, async () => {
    for (const block of blocksOf(jumbled)) {
      await db.getMany([...block]);
    }
  });
  const scannedPerSecond = await rate(count, async () => {
    for await (const [key] of db.iterator()) {
      void key;
    }
  });
  await db.close();
  return {
    name: 'plain LevelDB',
    writesPerSecond,
    readsPerSecond,
    scannedPerSecond,
    mvccTransactionsPerSecond: null,
    heapMiB: null,
  };
}

async function stateDatabase(name: string, state: StateDatabase): Promise<Row> {
  const before = memory();
  let number = 0;
  const writesPerSecond = await rate(count, async () => {
    for (const block of blocksOf(names)) {
      const updates = new StateUpdates();
      for (const [tx, key] of block.entries()) {
        updates.putPublic('cc', key, { value, metadata: null, version: { block: number, tx } });
      }
      await state.apply(updates, { block: number++, tx: block.length - 1 });
    }
  });
  const heapMiB = Math.round(memory() - before);
  const readsPerSecond = await rate(count, async () => {
    for (const block of blocksOf(jumbled)) {
      const keys: StateKey[] = block.map((key) => ({ namespace: 'cc', key }));
      const found = await state.getVersions(keys);
      if (found.includes(null)) {
        throw new Error('a key was lost');
      }
    }
  });
  const scannedPerSecond = await rate(count, async () => {
    let seen = 0;
    for await (const { key } of state.range('cc', '', '')) {
      seen += key === '' ? 0 : 1;
    }
    if (seen !== count) {
      throw new Error('a key was lost');
    }
  });
  const mvccTransactionsPerSecond = await mvcc(state, number);
  await state.close();
  return { name, writesPerSecond, readsPerSecond, scannedPerSecond, mvccTransactionsPerSecond, heapMiB };
}

/** Blocks of 100 transfers between accounts that no other transfer touches; decoding of the read-write sets included. */
async function mvcc(state: StateDatabase, firstBlock: number): Promise<number> {
  const blocks = Math.min(200, Math.floor(count / 2 / 100));
  const versionOf = new Map<string, { block: number; tx: number }>();
  for (const [index, name] of names.entries()) {
    versionOf.set(name, { block: Math.floor(index / PER_BLOCK), tx: index % PER_BLOCK });
  }
  const made = Array.from({ length: blocks }, (_, index) => {
    const pairs = jumbled.slice(index * 200, index * 200 + 200);
    return testBlock(
      firstBlock + index,
      Array.from({ length: 100 }, (_unused, tx) => {
        const keys = [pairs[tx * 2] as string, pairs[tx * 2 + 1] as string].toSorted();
        return {
          results: encodeReadWriteSet([
            {
              namespace: 'cc',
              reads: keys.map((key) => ({ key, version: versionOf.get(key) ?? null })),
              rangeQueries: [],
              writes: keys.map((key) => ({ key, isDelete: false, value })),
              metadataUpdates: [],
              collections: [],
            },
          ]),
        };
      }),
    );
  });
  let previous: Uint8Array | null = null;
  return rate(blocks * 100, async () => {
    for (const block of made) {
      const result = await validateAndPrepare(block, new Uint8Array(100), state);
      if (result.reasons.size > 0) {
        throw new Error([...result.reasons.values()][0]);
      }
      previous = commitHash(previous, result.codes, result.updateBytes);
      await state.apply(result.updates, { block: block.number, tx: 99 });
    }
  });
}

const rows: Row[] = [];
try {
  rows.push(
    await plainMap(),
    await stateDatabase('memory', new MemoryStateDatabase()),
    await plainLevel(),
    await stateDatabase('leveldb', await LevelStateDatabase.open(join(folder, 'state'))),
    await stateDatabase('leveldb, synced', await LevelStateDatabase.open(join(folder, 'synced'), { sync: true })),
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

if (options.json) {
  process.stdout.write(`${JSON.stringify({ keys: count, valueBytes: value.length, perBlock: PER_BLOCK, rows })}\n`);
} else {
  process.stdout.write(`${count} keys of ${value.length} bytes, ${PER_BLOCK} a block\n\n`);
  process.stdout.write(
    `${''.padEnd(16)}${['writes/s', 'reads/s', 'scanned/s', 'MVCC tx/s', 'MiB'].map((title) => title.padStart(14)).join('')}\n`,
  );
  for (const row of rows) {
    const figures = [
      row.writesPerSecond,
      row.readsPerSecond,
      row.scannedPerSecond,
      row.mvccTransactionsPerSecond,
      row.heapMiB,
    ];
    process.stdout.write(`${row.name.padEnd(16)}${figures.map((figure) => cell(figure)).join('')}\n`);
  }
}

import { type ChildProcess, spawn } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { startCollector } from '#collector/collector.ts';
import { ownLine } from '#collector/testing/collectorRig.ts';
import { MemoryRecords } from '#collector/testing/memoryRecords.ts';
import { openSqliteStore } from '#trace/store/sqlite/sqliteStore.ts';

const CHILD = fileURLToPath(new URL('collectorChild.ts', import.meta.url));
const VECTORS = fileURLToPath(new URL('../vectors/', import.meta.url));
const KILLS = 18;
const ROUNDS = 110;

const folder = mkdtempSync(join(tmpdir(), 'ftl-kill-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Numbers that look random and are the same in every run with the same seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** One collector process over one database. */
class Collector {
  readonly child: ChildProcess;
  readonly gone: Promise<void>;
  readonly ready: Promise<void>;
  output = '';

  constructor(database: string, batch: number, logs: readonly string[]) {
    this.child = spawn(process.execPath, [CHILD, database, String(batch), ...logs], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.gone = new Promise((resolve) => {
      this.child.once('exit', () => resolve());
    });
    this.ready = new Promise((resolve) => {
      this.child.stdout?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString();
        if (this.output.includes('ready')) resolve();
      });
    });
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.gone;
  }

  /** Lets it read to the end. */
  async finish(): Promise<void> {
    this.child.stdin?.end();
    await this.gone;
    if (!this.output.includes('stopped')) throw new Error('the collector did not stop in good order');
  }
}

type Rotation = 'rename' | 'compress' | 'copytruncate';

/** Somebody's logger and logrotate: appends pieces that end anywhere, rotates now and then. Keeps the whole text beside. */
class Writer {
  readonly #path: string;
  readonly #text: Buffer;
  readonly #rotation: Rotation;
  #position = 0;

  constructor(path: string, whole: string, text: Buffer, rotation: Rotation) {
    this.#path = path;
    this.#text = text;
    this.#rotation = rotation;
    mkdirSync(dirname(path), { recursive: true });
    mkdirSync(dirname(whole), { recursive: true });
    writeFileSync(path, '');
    writeFileSync(whole, text);
  }

  /** Writes until the given share of all is there; a rotation only between two lines, as loggers do it. */
  write(share: number): void {
    const end = Math.floor(this.#text.length * share);
    appendFileSync(this.#path, this.#text.subarray(this.#position, end));
    this.#position = end;
  }

  rotate(): void {
    const lineEnd = this.#text.indexOf(10, this.#position) + 1;
    if (lineEnd === 0) return;
    appendFileSync(this.#path, this.#text.subarray(this.#position, lineEnd));
    this.#position = lineEnd;
    const nameOf = (number: number) => (number === 0 ? this.#path : `${this.#path}.${number}`);
    for (let number = 40; number >= 1; number--) {
      for (const ending of ['', '.gz']) {
        if (existsSync(nameOf(number) + ending)) renameSync(nameOf(number) + ending, nameOf(number + 1) + ending);
      }
    }
    if (this.#rotation === 'copytruncate') {
      copyFileSync(this.#path, nameOf(1));
      truncateSync(this.#path, 0);
    } else {
      renameSync(this.#path, nameOf(1));
      writeFileSync(this.#path, '');
    }
    if (this.#rotation === 'compress') compress(nameOf(2));
  }
}

function compress(path: string): void {
  if (!existsSync(path)) return;
  const { atime, mtime } = statSync(path);
  writeFileSync(`${path}.gz`, gzipSync(readFileSync(path)));
  utimesSync(`${path}.gz`, atime, mtime);
  rmSync(path);
}

function stock(name: string): Buffer {
  return gunzipSync(readFileSync(join(VECTORS, name)));
}

/** What a collector that nobody kills makes of the same lines, never rotated. */
async function uninterrupted(logs: string): Promise<MemoryRecords> {
  const store = new MemoryRecords();
  const collector = await startCollector(
    { logs: [logs], pollMs: 5 },
    { store, registry: new Registry(), logger: pino({ level: 'silent' }) },
  );
  await collector.untilCaughtUp();
  await collector.stop();
  return store;
}

describe('a collector that is killed again and again', () => {
  it(`holds after ${KILLS} kills and many rotations what an uninterrupted run holds`, async () => {
    const own = Buffer.from(Array.from({ length: 20_000 }, (_, seq) => ownLine(seq, seq % 7 === 0 ? 900 : 0)).join(''));
    const console = stock('fabric-v2.5.9/logs/peer0.org1.log.gz');
    const json = stock('fabric-v3.1.5/logs/peer0.org2.log.gz');
    const live = join(folder, 'live');
    const whole = join(folder, 'whole');
    const writers = [
      new Writer(join(live, 'own.log'), join(whole, 'own.log'), own, 'rename'),
      new Writer(join(live, 'console.log'), join(whole, 'console.log'), console, 'compress'),
      new Writer(join(live, 'json.log'), join(whole, 'json.log'), json, 'copytruncate'),
    ];
    const database = join(folder, 'killed.db');
    const next = random(20261121);
    let kills = 0;
    let collector: Collector | null = null;
    for (let round = 1; round <= ROUNDS; round++) {
      collector ??= new Collector(database, 1 + Math.floor(next() * 300), [join(live, '*.log*')]);
      for (const writer of writers) writer.write(round / ROUNDS);
      for (const writer of writers) if (next() < 0.1) writer.rotate();
      // Now and then before it has read anything at all, now and then in the middle of its work.
      if (next() < 0.6) await collector.ready;
      await pause(next() * 25);
      if (next() < KILLS / ROUNDS || ROUNDS - round < KILLS - kills) {
        await collector.kill();
        collector = null;
        kills++;
      }
    }
    collector ??= new Collector(database, 500, [join(live, '*.log*')]);
    await collector.finish();
    expect(kills).toBeGreaterThanOrEqual(KILLS);

    const expected = [...(await uninterrupted(join(whole, '*.log'))).records.values()];
    expect(expected.length).toBeGreaterThan(20_000);
    const store = await openSqliteStore(database);
    // Nothing more than expected, and nothing less: whatever were missing would be added now.
    expect((await store.info()).records).toBe(expected.length);
    expect(await store.append(expected)).toEqual({ added: 0, known: expected.length });
    await store.close();
  });
});

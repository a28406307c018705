import { mkdir } from 'node:fs/promises';
import { ClassicLevel } from 'classic-level';
import type { BlockIndex, IndexedBlock, KnownTx } from './blockIndex.ts';
import type { EnvelopePlace } from './blockRecord.ts';
import type { RecordPlace } from './blockScan.ts';
import { BlockStoreError } from './blockStoreError.ts';
import { decodeNumbers, encodeNumbers, keyOf, orderedNumber } from './indexEncoding.ts';

type Database = ClassicLevel<Uint8Array, Uint8Array>;
type Put = { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array };

const SAVEPOINT = keyOf('s');
const FORMAT = keyOf('f');
const SNAPSHOT = keyOf('b');
const DURABLE = keyOf('u');
/** Of this index; another one is built anew from the block files. */
const CURRENT_FORMAT = encodeNumbers([1]);
const NOTHING = new Uint8Array(0);
/** Entries in one write. */
const BATCH = 10_000;
/** Where the IDs with their lengths sort, which is the order of Fabric's own index and so of its snapshots. */
const TX = 't';

/** The last block that is indexed. */
export interface Savepoint {
  readonly number: number;
  readonly hash: Uint8Array;
  readonly previousHash: Uint8Array;
  readonly place: RecordPlace;
}

/** What may be kept of the index while block files grow without it. */
interface BlockEntry {
  readonly place: RecordPlace;
  readonly hash: Uint8Array;
  readonly previousHash: Uint8Array;
  /** First byte of the first envelope from the record's start, then lengths and gaps. */
  readonly envelopes: readonly EnvelopePlace[];
}

/**
 * The index of one channel in LevelDB. Keys: `n` + number → place, hashes and places of envelopes; `h` + hash → number;
 * `t` + length + ID → block, position and code of the first occurrence, nothing where a snapshot brought the ID; `s`: savepoint,
 * `b`: there where the IDs of a snapshot are, `u`: blocks below it are synced.
 * A block is one write, not synced: after a crash the block files tell what is missing.
 */
export class LevelBlockIndex implements BlockIndex {
  readonly #db: Database;

  private constructor(db: Database) {
    this.#db = db;
  }

  /** @throws BlockStoreError `in_use` where another process, or this one, has it open */
  static async open(folder: string): Promise<LevelBlockIndex> {
    await mkdir(folder, { recursive: true });
    const db: Database = new ClassicLevel(folder, { keyEncoding: 'view', valueEncoding: 'view', compression: false });
    try {
      await db.open();
    } catch (error) {
      const cause = (error as Error).cause as { code?: string } | undefined;
      if (cause?.code === 'LEVEL_LOCKED') {
        throw new BlockStoreError('in_use', `${folder} is open already`, { cause: error });
      }
      throw new BlockStoreError('corrupt', `the index ${folder} cannot be opened`, { cause: error });
    }
    const index = new LevelBlockIndex(db);
    const format = await db.get(FORMAT);
    if (format === undefined || Buffer.compare(format, CURRENT_FORMAT) !== 0) {
      await index.truncate(0);
      await db.put(FORMAT, CURRENT_FORMAT);
    }
    return index;
  }

  async savepoint(): Promise<Savepoint | null> {
    const bytes = await this.#db.get(SAVEPOINT);
    if (bytes === undefined) {
      return null;
    }
    const [number] = decodeNumbers(bytes) as [number];
    const entry = await this.#entry(number);
    if (entry === null) {
      throw new BlockStoreError('corrupt', `the index ends with block ${number}, and does not know it`);
    }
    return { number, hash: entry.hash, previousHash: entry.previousHash, place: entry.place };
  }

  /** Blocks below it were synced to the files; null where nobody said. */
  async durableHeight(): Promise<number | null> {
    const bytes = await this.#db.get(DURABLE);
    return bytes === undefined ? null : (decodeNumbers(bytes)[0] as number);
  }

  /** Said after the files were synced. */
  async setDurableHeight(height: number): Promise<void> {
    await this.#db.put(DURABLE, encodeNumbers([height]));
  }

  /** Adds the next block: an ID that is there already stays with its first occurrence. */
  async add(block: IndexedBlock, durableHeight: number): Promise<void> {
    const keys = block.txIds.map(txKey);
    const known = await this.#db.hasMany(keys);
    const seen = new Set<string>();
    const puts: Put[] = [
      { type: 'put', key: numberKey(block.number), value: encodeEntry(block) },
      { type: 'put', key: keyOf('h', block.hash), value: encodeNumbers([block.number]) },
      { type: 'put', key: SAVEPOINT, value: encodeNumbers([block.number]) },
      { type: 'put', key: DURABLE, value: encodeNumbers([durableHeight]) },
    ];
    for (const [index, key] of keys.entries()) {
      const txId = block.txIds[index] as string;
      if (!known[index] && !seen.has(txId)) {
        seen.add(txId);
        const value = encodeNumbers([block.number, index, block.codes[index] as number]);
        puts.push({ type: 'put', key, value });
      }
    }
    await this.#db.batch(puts);
  }

  /** Forgets all blocks from `height` on. IDs of a snapshot stay. */
  async truncate(height: number): Promise<void> {
    const drop: Uint8Array[] = [];
    const flush = async () => {
      await this.#db.batch(drop.map((key) => ({ type: 'del', key })));
      drop.length = 0;
    };
    const prefixes: readonly [string, (value: Uint8Array, key: Uint8Array) => number | undefined][] = [
      ['n', (_, key) => numberOfKey(key)],
      ['h', (value) => decodeNumbers(value)[0]],
      [TX, (value) => decodeNumbers(value)[0]],
    ];
    for (const [prefix, blockOf] of prefixes) {
      for await (const [key, value] of this.#db.iterator(rangeOf(prefix))) {
        const block = blockOf(value, key);
        if (block !== undefined && block >= height) {
          drop.push(key);
        }
        if (drop.length >= BATCH) {
          await flush();
        }
      }
    }
    await flush();
    const last = height > 0 ? await this.#db.get(numberKey(height - 1)) : undefined;
    if (last === undefined) {
      await this.#db.del(SAVEPOINT, { sync: true });
    } else {
      await this.#db.put(SAVEPOINT, encodeNumbers([height - 1]), { sync: true });
    }
  }

  /** Whether all IDs of a snapshot are here. */
  async hasSnapshot(): Promise<boolean> {
    return this.#db.has(SNAPSHOT);
  }

  /** IDs of transactions before a snapshot; the last call must be followed by `snapshotDone`. */
  async addFromSnapshot(txIds: readonly string[]): Promise<void> {
    await this.#db.batch(txIds.map((txId): Put => ({ type: 'put', key: txKey(txId), value: NOTHING })));
  }

  /** Makes durable that all IDs of a snapshot are here. */
  async snapshotDone(): Promise<void> {
    await this.#db.put(SNAPSHOT, NOTHING, { sync: true });
  }

  /** Every ID once, in the order of Fabric's index: by length, then by bytes. */
  async *txIds(): AsyncGenerator<string> {
    for await (const key of this.#db.keys(rangeOf(TX))) {
      yield Buffer.from(
        key.buffer,
        key.byteOffset + 2 + (key[1] as number),
        key.length - 2 - (key[1] as number),
      ).toString();
    }
  }

  async place(number: number): Promise<RecordPlace | null> {
    return (await this.#entry(number))?.place ?? null;
  }

  /** Header hash of a block; null where it is not there. */
  async hashOf(number: number): Promise<Uint8Array | null> {
    return (await this.#entry(number))?.hash ?? null;
  }

  async envelopePlace(
    number: number,
    index: number,
  ): Promise<(EnvelopePlace & { readonly record: RecordPlace }) | null> {
    const entry = await this.#entry(number);
    const place = entry?.envelopes[index];
    return entry === null || place === undefined ? null : { ...place, record: entry.place };
  }

  async numberOf(hash: Uint8Array): Promise<number | null> {
    const bytes = await this.#db.get(keyOf('h', hash));
    return bytes === undefined ? null : (decodeNumbers(bytes)[0] as number);
  }

  async transaction(txId: string): Promise<KnownTx | null> {
    const bytes = await this.#db.get(txKey(txId));
    if (bytes === undefined) {
      return null;
    }
    if (bytes.length === 0) {
      return 'before_snapshot';
    }
    const [block, index, code] = decodeNumbers(bytes) as [number, number, number];
    return { block, index, code };
  }

  async hasTransactions(txIds: readonly string[]): Promise<readonly boolean[]> {
    const [only] = txIds;
    if (only !== undefined && txIds.length === 1) {
      // The question before each endorsement, which memory nearly always answers: handing it to another thread costs ten times as much.
      return [this.#db.getSync(txKey(only)) !== undefined];
    }
    return this.#db.hasMany(txIds.map(txKey));
  }

  async close(): Promise<void> {
    await this.#db.close();
  }

  async #entry(number: number): Promise<BlockEntry | null> {
    const bytes = await this.#db.get(numberKey(number));
    return bytes === undefined ? null : decodeEntry(bytes);
  }
}

function txKey(txId: string): Uint8Array {
  const length = Buffer.byteLength(txId);
  if (length === 0 || length > 255) {
    return keyOf(TX, orderedNumber(length), Buffer.from(txId));
  }
  // The same, for what every real ID is, in one step.
  const key = Buffer.allocUnsafe(3 + length);
  key[0] = TX.charCodeAt(0);
  key[1] = 1;
  key[2] = length;
  key.write(txId, 3);
  return key;
}

function numberKey(number: number): Uint8Array {
  return keyOf('n', orderedNumber(number));
}

function numberOfKey(key: Uint8Array): number {
  return key.subarray(2).reduce((value, byte) => value * 256 + byte, 0);
}

function rangeOf(prefix: string): { readonly gte: Uint8Array; readonly lt: Uint8Array } {
  return { gte: keyOf(prefix), lt: Uint8Array.of(prefix.charCodeAt(0) + 1) };
}

/** Both hashes with their lengths, the place, and the envelopes: each by the gap before it and its length. */
function encodeEntry(block: IndexedBlock): Uint8Array {
  const { file, offset, prefix, length } = block.place;
  const numbers = [file, offset, prefix, length];
  let at = 0;
  for (const envelope of block.envelopes) {
    numbers.push(envelope.offset - at, envelope.length);
    at = envelope.offset + envelope.length;
  }
  return Buffer.concat([
    Uint8Array.of(block.hash.length, block.previousHash.length),
    block.hash,
    block.previousHash,
    encodeNumbers(numbers),
  ]);
}

function decodeEntry(bytes: Uint8Array): BlockEntry {
  const hashEnd = 2 + (bytes[0] as number);
  const numbersAt = hashEnd + (bytes[1] as number);
  const [file, offset, prefix, length, ...places] = decodeNumbers(bytes.subarray(numbersAt)) as [
    number,
    number,
    number,
    number,
    ...number[],
  ];
  const envelopes: EnvelopePlace[] = [];
  let at = 0;
  for (let i = 0; i < places.length; i += 2) {
    const start = at + (places[i] as number);
    envelopes.push({ offset: start, length: places[i + 1] as number });
    at = start + (places[i + 1] as number);
  }
  return {
    place: { file, offset, prefix, length },
    hash: bytes.slice(2, hashEnd),
    previousHash: bytes.slice(hashEnd, numbersAt),
    envelopes,
  };
}

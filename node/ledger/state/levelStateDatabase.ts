import { ClassicLevel } from 'classic-level';
import { decodeHeight, encodeHeight, type Height } from './height.ts';
import { levelCall, levelError } from './levelError.ts';
import {
  CHUNK,
  DATA,
  dataKey,
  entryOf,
  type Level,
  LevelReader,
  LevelStateSnapshot,
  SAVEPOINT,
  SharedSnapshot,
} from './levelStateReader.ts';
import { collectionOf } from './namespaces.ts';
import type {
  StateDatabase,
  StateKey,
  StatePage,
  StateSnapshot,
  VersionedEntry,
  VersionedValue,
} from './stateDatabase.ts';
import { StateError } from './stateError.ts';
import type { StateUpdates } from './stateUpdates.ts';
import { encodeStoredValue } from './storedValue.ts';

type Operation = { type: 'put'; key: string; value: Uint8Array } | { type: 'del'; key: string };

/** First character of stored keys, after those of data. */
const AFTER_DATA = 'e';
const METADATA_USED = 'm';
const AFTER_METADATA_USED = 'n';
const EMPTY = new Uint8Array(0);
const LOAD_BYTES = 4 * 1024 * 1024;

export interface LevelStateOptions {
  /**
   * Whether each batch reaches the disk before `apply` returns. Off by default: LevelDB keeps the order of its writes, so what a
   * power failure takes is the end, savepoint included, and blocks bring it back. (A killed process loses nothing.)
   */
  readonly sync?: boolean;
  /** Bytes of blocks kept in memory. Default 64 MiB. */
  readonly cacheBytes?: number;
}

/** World state in LevelDB, one folder for one channel. The layout is our own: see `storedValue.ts` for values. */
export class LevelStateDatabase implements StateDatabase {
  readonly kind = 'leveldb';
  readonly #db: Level;
  readonly #reader: LevelReader;
  readonly #sync: boolean;
  readonly #metadataUsed: Set<string>;
  #savepoint: Height | null;
  /** Block of the last batch that was handed in, written or not. */
  #lastBlock: number;
  #writes: Promise<void> = Promise.resolve();
  /** Of the state as it is now, once somebody asked for it. */
  #shared: SharedSnapshot | null = null;

  private constructor(db: Level, sync: boolean, metadataUsed: Set<string>, savepoint: Height | null) {
    this.#db = db;
    this.#sync = sync;
    this.#metadataUsed = metadataUsed;
    this.#savepoint = savepoint;
    this.#lastBlock = savepoint?.block ?? -1;
    this.#reader = new LevelReader(db, metadataUsed, undefined);
  }

  /**
   * Opens the database, and makes it where there is none.
   * @throws StateError `io` (e.g. another process has it), `corrupt`
   */
  static async open(folder: string, options: LevelStateOptions = {}): Promise<LevelStateDatabase> {
    const db: Level = new ClassicLevel(folder, {
      keyEncoding: 'utf8',
      valueEncoding: 'view',
      cacheSize: options.cacheBytes ?? 64 * 1024 * 1024,
      writeBufferSize: 16 * 1024 * 1024,
    });
    try {
      await db.open();
      const used = await db.keys({ gte: METADATA_USED, lt: AFTER_METADATA_USED }).all();
      const stored = await db.get(SAVEPOINT);
      return new LevelStateDatabase(
        db,
        options.sync ?? false,
        new Set(used.map((key) => key.slice(METADATA_USED.length))),
        stored === undefined ? null : decodeHeight(stored).height,
      );
    } catch (error) {
      await db.close().catch(() => undefined);
      throw levelError(error);
    }
  }

  get(namespace: string, key: string): Promise<VersionedValue | null> {
    return this.#reader.get(namespace, key);
  }

  getMany(keys: readonly StateKey[]): Promise<(VersionedValue | null)[]> {
    return this.#reader.getMany(keys);
  }

  getVersions(keys: readonly StateKey[]): Promise<(Height | null)[]> {
    return this.#reader.getVersions(keys);
  }

  range(namespace: string, start: string, end: string): AsyncIterable<VersionedEntry> {
    return this.#reader.range(namespace, start, end);
  }

  page(namespace: string, start: string, end: string, pageSize: number): Promise<StatePage> {
    return this.#reader.page(namespace, start, end, pageSize);
  }

  mayHaveMetadata(namespace: string): boolean {
    return this.#metadataUsed.has(namespace);
  }

  async apply(updates: StateUpdates, height: Height | null): Promise<void> {
    if (height !== null && height.block <= this.#lastBlock) {
      throw new StateError('order', `block ${height.block} after block ${this.#lastBlock}`);
    }
    const operations: Operation[] = [];
    for (const namespace of updates.namespacesWithMetadata()) {
      if (!this.#metadataUsed.has(namespace)) {
        this.#metadataUsed.add(namespace);
        operations.push({ type: 'put', key: METADATA_USED + namespace, value: EMPTY });
      }
    }
    for (const [name, changes] of updates.namespaces()) {
      for (const [key, { value, metadata, version }] of changes) {
        operations.push(
          value === null
            ? { type: 'del', key: dataKey(name, key) }
            : { type: 'put', key: dataKey(name, key), value: encodeStoredValue(value, metadata, version) },
        );
      }
    }
    if (height !== null) {
      operations.push({ type: 'put', key: SAVEPOINT, value: encodeHeight(height) });
      this.#lastBlock = height.block;
    }
    await this.#write(operations);
    this.#savepoint = height ?? this.#savepoint;
  }

  async savepoint(): Promise<Height | null> {
    return this.#savepoint;
  }

  /** One of LevelDB's for all who ask between two batches: a peer simulates a hundred transactions for each block. */
  snapshot(): StateSnapshot {
    try {
      this.#shared ??= SharedSnapshot.take(this.#db);
      return new LevelStateSnapshot(this.#db, this.#metadataUsed, this.#shared);
    } catch (error) {
      throw levelError(error);
    }
  }

  async *scan(wanted: (namespace: string) => boolean = () => true): AsyncIterable<VersionedEntry> {
    let current: string | null = null;
    const iterator = levelCall(() => this.#db.iterator({ gte: DATA, lt: AFTER_DATA }));
    try {
      for (let entries = await iterator.nextv(CHUNK); entries.length > 0; entries = await iterator.nextv(CHUNK)) {
        for (const [stored, value] of entries) {
          const at = stored.indexOf('\0');
          const namespace = stored.slice(DATA.length, at);
          if (namespace !== current) {
            current = namespace;
            if (!wanted(namespace)) {
              iterator.seek(`${stored.slice(0, at)}\x01`);
              break;
            }
          }
          yield entryOf(namespace, stored, value);
        }
      }
    } catch (error) {
      throw levelError(error);
    } finally {
      await iterator.close();
    }
  }

  async load(entries: AsyncIterable<VersionedEntry> | Iterable<VersionedEntry>, savepoint: Height): Promise<void> {
    if (this.#lastBlock >= 0 || (await this.#db.keys({ limit: 1 }).all()).length > 0) {
      throw new StateError('not_empty', 'state is loaded into an empty database alone');
    }
    let operations: Operation[] = [];
    let bytes = 0;
    for await (const { namespace, key, value, metadata, version } of entries) {
      if (metadata !== null) {
        const chaincode = collectionOf(namespace)?.namespace ?? namespace;
        if (!this.#metadataUsed.has(chaincode)) {
          this.#metadataUsed.add(chaincode);
          operations.push({ type: 'put', key: METADATA_USED + chaincode, value: EMPTY });
        }
      }
      const stored = encodeStoredValue(value, metadata, version);
      operations.push({ type: 'put', key: dataKey(namespace, key), value: stored });
      bytes += stored.length + key.length;
      if (bytes >= LOAD_BYTES) {
        await this.#write(operations);
        operations = [];
        bytes = 0;
      }
    }
    operations.push({ type: 'put', key: SAVEPOINT, value: encodeHeight(savepoint) });
    await this.#write(operations);
    this.#savepoint = savepoint;
    this.#lastBlock = savepoint.block;
  }

  async close(): Promise<void> {
    await this.#writes.catch(() => undefined);
    await this.#db.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** One batch after the other: threads would keep no order. After a failure none follows. */
  #write(operations: Operation[]): Promise<void> {
    this.#writes = this.#writeAfter(this.#writes, operations);
    return this.#writes;
  }

  async #writeAfter(before: Promise<void>, operations: Operation[]): Promise<void> {
    await before;
    try {
      await this.#db.batch(operations, { sync: this.#sync });
    } catch (error) {
      throw levelError(error);
    } finally {
      // Whoever was told that the batch is written sees it from now on.
      const shared = this.#shared;
      this.#shared = null;
      await shared?.retire();
    }
  }
}

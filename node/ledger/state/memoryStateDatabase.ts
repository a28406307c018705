import { getOrMake } from './getOrMake.ts';
import type { Height } from './height.ts';
import { compareKeys, sortedKeys } from './keyOrder.ts';
import { collectionOf } from './namespaces.ts';
import { SortedKeySet } from './sortedKeySet.ts';
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
import { ValueSlabs } from './valueSlabs.ts';

/** Entries that a range hands out before it looks at the tables again. */
const CHUNK = 256;

interface Table {
  readonly values: Map<string, VersionedValue>;
  /** Keys in order; made when a range is first asked for, kept from then on. */
  order: SortedKeySet | null;
}

/** What keys held before they changed: the view of one snapshot. Null: the key was not there. */
type Undo = Map<string, Map<string, VersionedValue | null>>;

const NO_UNDO: Undo = new Map();

/**
 * World state in hash tables (FastFabric's P-I): nothing on disk, filled at start from a checkpoint or a channel snapshot, and the
 * blocks after it. Values are copied when written, so that no block stays in memory for a few bytes of it.
 */
export class MemoryStateDatabase implements StateDatabase {
  readonly kind = 'memory';
  readonly #tables = new Map<string, Table>();
  readonly #metadataUsed = new Set<string>();
  readonly #snapshots = new Set<MemorySnapshot>();
  readonly #slabs = new ValueSlabs();
  #savepoint: Height | null = null;
  #closed = false;

  async get(namespace: string, key: string): Promise<VersionedValue | null> {
    return this.read(namespace, key, NO_UNDO);
  }

  async getMany(keys: readonly StateKey[]): Promise<(VersionedValue | null)[]> {
    return keys.map(({ namespace, key }) => this.read(namespace, key, NO_UNDO));
  }

  async getVersions(keys: readonly StateKey[]): Promise<(Height | null)[]> {
    return keys.map(({ namespace, key }) => this.read(namespace, key, NO_UNDO)?.version ?? null);
  }

  range(namespace: string, start: string, end: string): AsyncIterable<VersionedEntry> {
    return this.chunks(namespace, start, end, NO_UNDO);
  }

  async page(namespace: string, start: string, end: string, pageSize: number): Promise<StatePage> {
    return this.firstPage(namespace, start, end, pageSize, NO_UNDO);
  }

  mayHaveMetadata(namespace: string): boolean {
    return this.#metadataUsed.has(namespace);
  }

  /** Runs to its end without giving way: nobody sees half of a batch. */
  async apply(updates: StateUpdates, height: Height | null): Promise<void> {
    this.#check();
    if (height !== null && this.#savepoint !== null && height.block <= this.#savepoint.block) {
      throw new StateError('order', `block ${height.block} after a savepoint at ${this.#savepoint.block}`);
    }
    for (const namespace of updates.namespacesWithMetadata()) {
      this.#metadataUsed.add(namespace);
    }
    for (const [name, changes] of updates.namespaces()) {
      for (const [key, { value, metadata, version }] of changes) {
        this.#put(name, key, value === null ? null : { value, metadata, version });
      }
    }
    this.#savepoint = height ?? this.#savepoint;
  }

  async savepoint(): Promise<Height | null> {
    this.#check();
    return this.#savepoint;
  }

  snapshot(): StateSnapshot {
    this.#check();
    const snapshot = new MemorySnapshot(this, this.#savepoint, () => this.#snapshots.delete(snapshot));
    this.#snapshots.add(snapshot);
    return snapshot;
  }

  async *scan(wanted: (namespace: string) => boolean = () => true): AsyncIterable<VersionedEntry> {
    const snapshot = this.snapshot();
    try {
      for (const namespace of sortedKeys(this.#tables.keys())) {
        if (wanted(namespace)) {
          yield* snapshot.range(namespace, '', '');
        }
      }
    } finally {
      await snapshot.close();
    }
  }

  async load(entries: AsyncIterable<VersionedEntry> | Iterable<VersionedEntry>, savepoint: Height): Promise<void> {
    this.#check();
    if (this.#tables.size > 0 || this.#savepoint !== null) {
      throw new StateError('not_empty', 'state is loaded into an empty database alone');
    }
    for await (const { namespace, key, value, metadata, version } of entries) {
      this.#put(namespace, key, { value, metadata, version });
      if (metadata !== null) {
        this.#metadataUsed.add(collectionOf(namespace)?.namespace ?? namespace);
      }
    }
    this.#savepoint = savepoint;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#tables.clear();
    this.#snapshots.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Of this room: the value of a key as the snapshot with this `undo` sees it. */
  read(namespace: string, key: string, undo: Undo): VersionedValue | null {
    this.#check();
    const at = namespace.indexOf('\0');
    if (at >= 0) {
      // A stored key is namespace, 0x00, key, as in Fabric's LevelDB: what follows the first 0x00 is key.
      return this.read(namespace.slice(0, at), `${namespace.slice(at + 1)}\0${key}`, undo);
    }
    const before = undo.get(namespace)?.get(key);
    return before === undefined ? (this.#tables.get(namespace)?.values.get(key) ?? null) : before;
  }

  /** Of this room: up to `limit` entries of a range, as the snapshot with this `undo` sees them. */
  readRange(namespace: string, start: string, end: string, limit: number, undo: Undo): VersionedEntry[] {
    this.#check();
    const at = namespace.indexOf('\0');
    if (at >= 0) {
      const rest = namespace.slice(at + 1);
      const last = end === '' ? `${rest}\x01` : `${rest}\0${end}`;
      return this.readRange(namespace.slice(0, at), `${rest}\0${start}`, last, limit, undo);
    }
    const table = this.#tables.get(namespace);
    const before = undo.get(namespace);
    const entries: VersionedEntry[] = [];
    let from = start;
    for (;;) {
      const wanted = limit - entries.length;
      const present = this.#slice(table, from, end, wanted);
      const full = present.length === wanted;
      const keys = before === undefined ? present : withUndone(present, full, from, end, before);
      for (const key of keys) {
        if (entries.length === limit) {
          return entries;
        }
        const old = before?.get(key);
        const found = old === undefined ? table?.values.get(key) : old;
        if (found !== undefined && found !== null) {
          entries.push({ namespace, key, value: found.value, metadata: found.metadata, version: found.version });
        }
      }
      if (!full || entries.length === limit) {
        return entries;
      }
      // Keys that the snapshot does not know took places; the next key after the last one is that key and a 0x00.
      from = `${present.at(-1)}\0`;
    }
  }

  async *chunks(namespace: string, start: string, end: string, undo: Undo): AsyncIterable<VersionedEntry> {
    let from = start;
    for (;;) {
      const entries = this.readRange(namespace, from, end, CHUNK, undo);
      yield* entries;
      if (entries.length < CHUNK) {
        return;
      }
      from = `${entries.at(-1)?.key}\0`;
    }
  }

  firstPage(namespace: string, start: string, end: string, pageSize: number, undo: Undo): StatePage {
    const entries = this.readRange(namespace, start, end, pageSize === 0 ? Infinity : pageSize + 1, undo);
    const next = pageSize > 0 && entries.length > pageSize ? entries.pop() : undefined;
    return { entries, bookmark: next?.key ?? '' };
  }

  #slice(table: Table | undefined, start: string, end: string, limit: number): string[] {
    if (table === undefined) {
      return [];
    }
    table.order ??= new SortedKeySet(table.values.keys());
    return table.order.slice(start, end, limit);
  }

  #put(namespace: string, key: string, to: VersionedValue | null): void {
    let table = this.#tables.get(namespace);
    const before = table?.values.get(key);
    for (const snapshot of this.#snapshots) {
      snapshot.keep(namespace, key, before ?? null);
    }
    if (to === null) {
      if (table !== undefined && before !== undefined) {
        table.values.delete(key);
        table.order?.delete(key);
        if (table.values.size === 0) {
          this.#tables.delete(namespace);
        }
      }
      return;
    }
    if (table === undefined) {
      table = { values: new Map(), order: null };
      this.#tables.set(namespace, table);
    }
    table.values.set(key, {
      value: this.#slabs.copy(to.value),
      metadata: to.metadata === null ? null : this.#slabs.copy(to.metadata),
      version: to.version,
    });
    if (before === undefined) {
      table.order?.add(key);
    }
  }

  #check(): void {
    if (this.#closed) {
      throw new StateError('closed', 'the state database is closed');
    }
  }
}

/** Keys of the table and those that only the snapshot still knows, in order, as far as `present` reaches. */
function withUndone(
  present: readonly string[],
  full: boolean,
  from: string,
  end: string,
  before: ReadonlyMap<string, VersionedValue | null>,
): Iterable<string> {
  const last = full ? present.at(-1) : undefined;
  const keys = new Set(present);
  for (const key of before.keys()) {
    const beyond = (end !== '' && compareKeys(key, end) >= 0) || (last !== undefined && compareKeys(key, last) > 0);
    if (!beyond && compareKeys(key, from) >= 0) {
      keys.add(key);
    }
  }
  return keys.size === present.length ? present : sortedKeys(keys);
}

class MemorySnapshot implements StateSnapshot {
  readonly height: Height | null;
  readonly #database: MemoryStateDatabase;
  readonly #release: () => void;
  readonly #undo: Undo = new Map();
  #closed = false;

  constructor(database: MemoryStateDatabase, height: Height | null, release: () => void) {
    this.#database = database;
    this.height = height;
    this.#release = release;
  }

  keep(namespace: string, key: string, before: VersionedValue | null): void {
    const keys = getOrMake(this.#undo, namespace, () => new Map<string, VersionedValue | null>());
    if (!keys.has(key)) {
      keys.set(key, before);
    }
  }

  async get(namespace: string, key: string): Promise<VersionedValue | null> {
    return this.#database.read(namespace, key, this.#open());
  }

  async getMany(keys: readonly StateKey[]): Promise<(VersionedValue | null)[]> {
    return keys.map(({ namespace, key }) => this.#database.read(namespace, key, this.#open()));
  }

  async getVersions(keys: readonly StateKey[]): Promise<(Height | null)[]> {
    return keys.map(({ namespace, key }) => this.#database.read(namespace, key, this.#open())?.version ?? null);
  }

  async *range(namespace: string, start: string, end: string): AsyncIterable<VersionedEntry> {
    for await (const entry of this.#database.chunks(namespace, start, end, this.#open())) {
      this.#open();
      yield entry;
    }
  }

  async page(namespace: string, start: string, end: string, pageSize: number): Promise<StatePage> {
    return this.#database.firstPage(namespace, start, end, pageSize, this.#open());
  }

  mayHaveMetadata(namespace: string): boolean {
    return this.#database.mayHaveMetadata(namespace);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #open(): Undo {
    if (this.#closed) {
      throw new StateError('closed', 'the snapshot is closed');
    }
    return this.#undo;
  }
}

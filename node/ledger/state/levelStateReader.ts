import type { ClassicLevel } from 'classic-level';
import { decodeHeight, type Height } from './height.ts';
import { levelCall, levelError } from './levelError.ts';
import type {
  StateKey,
  StatePage,
  StateReader,
  StateSnapshot,
  VersionedEntry,
  VersionedValue,
} from './stateDatabase.ts';
import { StateError } from './stateError.ts';
import { decodeStoredValue } from './storedValue.ts';

export type Level = ClassicLevel<string, Uint8Array>;
type LevelSnapshot = ReturnType<Level['snapshot']>;

/** First character of stored keys. */
export const DATA = 'd';
export const SAVEPOINT = 's';
/** Entries that come from LevelDB at once. */
export const CHUNK = 256;
/** Values up to this size are kept with a snapshot, this many of them: what every transaction reads, such as its chaincode's definition. */
const KEPT_BYTES = 256;
const KEPT_READS = 1000;

/** State between two batches, for several readers. */
export class SharedSnapshot {
  readonly level: LevelSnapshot;
  readonly height: Height | null;
  readonly #reads = new Map<string, VersionedValue | null>();
  #readers = 0;
  #retired = false;

  private constructor(level: LevelSnapshot, height: Height | null) {
    this.level = level;
    this.height = height;
  }

  static take(db: Level): SharedSnapshot {
    const level = db.snapshot();
    const stored = db.getSync(SAVEPOINT, { snapshot: level });
    return new SharedSnapshot(level, stored === undefined ? null : decodeHeight(stored).height);
  }

  open(): void {
    this.#readers++;
  }

  async close(): Promise<void> {
    this.#readers--;
    await this.#closeUnused();
  }

  /** Nobody else will open it. */
  async retire(): Promise<void> {
    this.#retired = true;
    await this.#closeUnused();
  }

  /** What was read before under this key; undefined where nothing was, or it was not kept. */
  kept(key: string): VersionedValue | null | undefined {
    return this.#reads.get(key);
  }

  keep(key: string, found: VersionedValue | null): void {
    if (this.#reads.size < KEPT_READS && (found === null || sizeOf(found) <= KEPT_BYTES)) {
      this.#reads.set(key, found);
    }
  }

  async #closeUnused(): Promise<void> {
    if (this.#retired && this.#readers === 0) {
      await this.level.close();
    }
  }
}

/** Reads, of a snapshot or of what is there now. */
export class LevelReader implements StateReader {
  readonly #db: Level;
  readonly #metadataUsed: ReadonlySet<string>;
  readonly #options: { readonly snapshot?: LevelSnapshot };

  constructor(db: Level, metadataUsed: ReadonlySet<string>, snapshot: LevelSnapshot | undefined) {
    this.#db = db;
    this.#metadataUsed = metadataUsed;
    this.#options = snapshot === undefined ? {} : { snapshot };
  }

  async get(namespace: string, key: string): Promise<VersionedValue | null> {
    return this.read(dataKey(namespace, key));
  }

  /** On this thread: another's turn costs ten times what the read does. */
  protected read(stored: string): VersionedValue | null {
    const bytes = levelCall(() => this.#db.getSync(stored, this.#options));
    return bytes === undefined ? null : decodeStoredValue(bytes);
  }

  async getMany(keys: readonly StateKey[]): Promise<(VersionedValue | null)[]> {
    const found = await this.#stored(keys);
    return found.map((stored) => (stored === undefined ? null : decodeStoredValue(stored)));
  }

  async getVersions(keys: readonly StateKey[]): Promise<(Height | null)[]> {
    const found = await this.#stored(keys);
    return found.map((stored) => (stored === undefined ? null : decodeHeight(stored).height));
  }

  async *range(namespace: string, start: string, end: string): AsyncIterable<VersionedEntry> {
    const iterator = this.#iterator(namespace, start, end);
    try {
      for (let entries = await iterator.nextv(CHUNK); entries.length > 0; entries = await iterator.nextv(CHUNK)) {
        for (const [stored, value] of entries) {
          yield entryOf(namespace, stored, value);
        }
      }
    } catch (error) {
      throw levelError(error);
    } finally {
      await iterator.close();
    }
  }

  async page(namespace: string, start: string, end: string, pageSize: number): Promise<StatePage> {
    const iterator = this.#iterator(namespace, start, end, pageSize === 0 ? -1 : pageSize + 1);
    try {
      const entries = (await iterator.all()).map(([stored, value]) => entryOf(namespace, stored, value));
      const next = pageSize > 0 && entries.length > pageSize ? entries.pop() : undefined;
      return { entries, bookmark: next?.key ?? '' };
    } catch (error) {
      throw levelError(error);
    }
  }

  mayHaveMetadata(namespace: string): boolean {
    return this.#metadataUsed.has(namespace);
  }

  async #stored(keys: readonly StateKey[]): Promise<(Uint8Array | undefined)[]> {
    try {
      return await this.#db.getMany(
        keys.map(({ namespace, key }) => dataKey(namespace, key)),
        this.#options,
      );
    } catch (error) {
      throw levelError(error);
    }
  }

  #iterator(namespace: string, start: string, end: string, limit = -1) {
    return levelCall(() =>
      this.#db.iterator({
        gte: dataKey(namespace, start),
        lt: end === '' ? `${DATA}${namespace}\x01` : dataKey(namespace, end),
        limit,
        ...this.#options,
      }),
    );
  }
}

export class LevelStateSnapshot extends LevelReader implements StateSnapshot {
  readonly height: Height | null;
  readonly #shared: SharedSnapshot;
  #closed = false;

  constructor(db: Level, metadataUsed: ReadonlySet<string>, shared: SharedSnapshot) {
    super(db, metadataUsed, shared.level);
    this.#shared = shared;
    this.height = shared.height;
    shared.open();
  }

  override async get(namespace: string, key: string): Promise<VersionedValue | null> {
    this.#checkOpen();
    const stored = dataKey(namespace, key);
    let found = this.#shared.kept(stored);
    if (found === undefined) {
      found = this.read(stored);
      this.#shared.keep(stored, found);
    }
    return found;
  }

  override async getMany(keys: readonly StateKey[]): Promise<(VersionedValue | null)[]> {
    this.#checkOpen();
    return super.getMany(keys);
  }

  override async getVersions(keys: readonly StateKey[]): Promise<(Height | null)[]> {
    this.#checkOpen();
    return super.getVersions(keys);
  }

  override range(namespace: string, start: string, end: string): AsyncIterable<VersionedEntry> {
    this.#checkOpen();
    return super.range(namespace, start, end);
  }

  override async page(namespace: string, start: string, end: string, pageSize: number): Promise<StatePage> {
    this.#checkOpen();
    return super.page(namespace, start, end, pageSize);
  }

  async close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      await this.#shared.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #checkOpen(): void {
    if (this.#closed) {
      throw new StateError('closed', 'the snapshot is closed');
    }
  }
}

export function entryOf(namespace: string, stored: string, bytes: Uint8Array): VersionedEntry {
  const { value, metadata, version } = decodeStoredValue(bytes);
  return { namespace, key: stored.slice(stored.indexOf('\0') + 1), value, metadata, version };
}

export function dataKey(namespace: string, key: string): string {
  return `${DATA}${namespace}\0${key}`;
}

function sizeOf(found: VersionedValue): number {
  return found.value.length + (found.metadata?.length ?? 0);
}

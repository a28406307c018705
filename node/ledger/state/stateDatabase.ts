import type { Height } from './height.ts';
import type { StateUpdates } from './stateUpdates.ts';

export type { Height } from './height.ts';

/** What a key holds, and since when. */
export interface VersionedValue {
  readonly value: Uint8Array;
  /** Serialised metadata entries (see `stateMetadata.ts`), e.g. VALIDATION_PARAMETER; null where the key has none. */
  readonly metadata: Uint8Array | null;
  readonly version: Height;
}

export interface VersionedEntry extends VersionedValue {
  readonly namespace: string;
  readonly key: string;
}

export interface StateKey {
  readonly namespace: string;
  readonly key: string;
}

/** A page of a range: at most as many entries as asked for. */
export interface StatePage {
  readonly entries: readonly VersionedEntry[];
  /** The key that the next page starts with; empty where nothing follows. */
  readonly bookmark: string;
}

/**
 * Committed state, to be read. Keys are text; their order is that of their UTF-8 bytes, as in Fabric. Private data and the
 * hashes of it live in namespaces of their own (`namespaces.ts`); the keys of hashes are lower-case hex.
 *
 * All methods throw StateError.
 */
export interface StateReader {
  get(namespace: string, key: string): Promise<VersionedValue | null>;
  /** In the order of `keys`, null for what is not there. One round trip. */
  getMany(keys: readonly StateKey[]): Promise<(VersionedValue | null)[]>;
  /** Versions alone, cheaper than {@link getMany}. */
  getVersions(keys: readonly StateKey[]): Promise<(Height | null)[]>;
  /** Keys from `start` (included; empty: from the first) to `end` (excluded; empty: to the last) in order. */
  range(namespace: string, start: string, end: string): AsyncIterable<VersionedEntry>;
  /** The first `pageSize` entries of that range (all of it for 0), and where the next page starts. */
  page(namespace: string, start: string, end: string, pageSize: number): Promise<StatePage>;
  /**
   * Whether any key of this chaincode's namespace, or any hash in its collections, ever had metadata. False spares whoever
   * writes a key the look at its metadata.
   */
  mayHaveMetadata(namespace: string): boolean;
}

/** State as it was when the snapshot was taken, whatever is committed since. Hold it shortly, close it always. */
export interface StateSnapshot extends StateReader, AsyncDisposable {
  /** Savepoint of the state that this shows; null for empty state. */
  readonly height: Height | null;
  close(): Promise<void>;
}

/** The world state of one channel. Implementations pass `stateDatabase.compliance.ts`. */
export interface StateDatabase extends StateReader, AsyncDisposable {
  readonly kind: 'leveldb' | 'memory';
  /**
   * Writes all of a batch, and with it the savepoint, or nothing. Calls are applied in the order in which they were made.
   *
   * @param height of the last transaction of the block; null for private data of older blocks, which leaves the savepoint.
   * @throws StateError `order` where the savepoint is at that block already, or beyond.
   */
  apply(updates: StateUpdates, height: Height | null): Promise<void>;
  /** Up to where state is complete; null for state that never saw a block. */
  savepoint(): Promise<Height | null>;
  snapshot(): StateSnapshot;
  /**
   * Everything, ordered by namespace and then key (by their UTF-8 bytes), for exports.
   *
   * @param wanted leaves out whole namespaces.
   */
  scan(wanted?: (namespace: string) => boolean): AsyncIterable<VersionedEntry>;
  /**
   * Fills an empty database, e.g. from a channel snapshot; the savepoint is written last.
   * @throws StateError `not_empty`
   */
  load(entries: AsyncIterable<VersionedEntry> | Iterable<VersionedEntry>, savepoint: Height): Promise<void>;
  close(): Promise<void>;
}

import { hash } from 'node:crypto';
import { type Height, sameHeight } from '../state/height.ts';
import { hashedKey, hashedNamespace, privateNamespace } from '../state/namespaces.ts';
import type { StateReader, StateSnapshot, VersionedValue } from '../state/stateDatabase.ts';
import { decodeMetadata } from '../state/stateMetadata.ts';
import { SimulationError } from './simulationError.ts';
import { RangeIterator, type StateIterator } from './stateIterator.ts';

/** Which collections a chaincode has, implicit ones included; null for a chaincode without any. */
export type CollectionNames = (namespace: string, state: StateReader) => Promise<ReadonlySet<string> | null>;

export interface QueryModules {
  /** Closed by `done()`. */
  readonly state: StateSnapshot;
  /** Null: every name of a collection will do (for callers of the peer itself). */
  readonly collections: CollectionNames | null;
}

/** Where reads are noted; a plain query notes none. */
export interface ReadRecorder {
  addRead(namespace: string, key: string, version: Height | null): void;
  addHashedRead(namespace: string, collection: string, key: string, version: Height | null): void;
}

/**
 * Reads of one query or simulation, all of the same moment. What the caller writes meanwhile it does not see
 * (core/ledger/kvledger/txmgmt/txmgr/query_executor.go). Throws SimulationError and StateError.
 */
export class QueryExecutor implements AsyncDisposable {
  readonly txId: string;
  protected readonly state: StateSnapshot;
  protected readonly iterators: RangeIterator[] = [];
  /** Collections whose values (not hashes alone) were read, by namespace. */
  readonly privateReads = new Map<string, Set<string>>();
  readonly #collections: CollectionNames | null;
  readonly #recorder: ReadRecorder | null;
  readonly #knownCollections = new Map<string, ReadonlySet<string>>();
  #done = false;

  constructor(options: { readonly txId: string }, modules: QueryModules, recorder: ReadRecorder | null = null) {
    this.txId = options.txId;
    this.state = modules.state;
    this.#collections = modules.collections;
    this.#recorder = recorder;
  }

  /** Savepoint of the state that is read; null for empty state. */
  get height(): Height | null {
    return this.state.height;
  }

  async getState(namespace: string, key: string): Promise<Uint8Array | null> {
    return (await this.#read(namespace, key))?.value ?? null;
  }

  async getStateMetadata(namespace: string, key: string): Promise<Map<string, Uint8Array>> {
    return decodeMetadata((await this.#read(namespace, key))?.metadata ?? null);
  }

  /** In the order of `keys`, null for what is not there. */
  async getStateMultipleKeys(namespace: string, keys: readonly string[]): Promise<(Uint8Array | null)[]> {
    this.checkNotDone();
    const found = await this.state.getMany(keys.map((key) => ({ namespace, key })));
    return found.map((one, index) => {
      this.#recorder?.addRead(namespace, keys[index] as string, one?.version ?? null);
      return one?.value ?? null;
    });
  }

  /** From `start` (included; empty: from the first key) to `end` (excluded; empty: to the last). */
  async getStateRange(namespace: string, start: string, end: string): Promise<StateIterator> {
    return this.#rangeOf(namespace, start, end, 0);
  }

  /** @param pageSize keys to hand out at most; 0 for all. The iterator's bookmark is the start of the next page. */
  async getStateRangePage(namespace: string, start: string, end: string, pageSize: number): Promise<StateIterator> {
    return this.#rangeOf(namespace, start, end, pageSize);
  }

  /** Rich queries are CouchDB's; neither of our state databases answers them. */
  async executeQuery(_namespace: string, _query: string): Promise<StateIterator> {
    this.checkNotDone();
    throw new SimulationError('rich_query', 'the state database answers no rich queries');
  }

  /** The value where this peer has the one that the committed hash stands for. */
  async getPrivateData(namespace: string, collection: string, key: string): Promise<Uint8Array | null> {
    await this.checkCollection(namespace, collection);
    this.checkNotDone();
    const [found = null, hashed = null] = await this.state.getMany([
      { namespace: privateNamespace(namespace, collection), key },
      { namespace: hashedNamespace(namespace, collection), key: keyHashOf(key) },
    ]);
    const version = found?.version ?? null;
    if (!sameHeight(version, hashed?.version ?? null)) {
      throw new SimulationError(
        'private_data_missing',
        `the private data that belongs to the public hash is not available here (hash of ${at(hashed)}, private data of ${at(found)})`,
      );
    }
    this.#notePrivateRead(namespace, collection, key, version);
    return found?.value ?? null;
  }

  /** Hash of the value, which every peer has. */
  async getPrivateDataHash(namespace: string, collection: string, key: string): Promise<Uint8Array | null> {
    return (await this.#readHash(namespace, collection, key))?.value ?? null;
  }

  async getPrivateDataMetadata(namespace: string, collection: string, key: string): Promise<Map<string, Uint8Array>> {
    return decodeMetadata((await this.#readHash(namespace, collection, key))?.metadata ?? null);
  }

  async getPrivateDataMetadataByHash(
    namespace: string,
    collection: string,
    keyHash: Uint8Array,
  ): Promise<Map<string, Uint8Array>> {
    await this.checkCollection(namespace, collection);
    this.checkNotDone();
    if (this.#recorder !== null) {
      throw new SimulationError(
        'metadata_by_hash',
        'metadata by the hash of a key is for queries, not for simulations',
      );
    }
    const found = await this.state.get(hashedNamespace(namespace, collection), hashedKey(keyHash));
    return decodeMetadata(found?.metadata ?? null);
  }

  async getPrivateDataMultipleKeys(
    namespace: string,
    collection: string,
    keys: readonly string[],
  ): Promise<(Uint8Array | null)[]> {
    await this.checkCollection(namespace, collection);
    this.checkNotDone();
    const name = privateNamespace(namespace, collection);
    const found = await this.state.getMany(keys.map((key) => ({ namespace: name, key })));
    return found.map((one, index) => {
      this.#notePrivateRead(namespace, collection, keys[index] as string, one?.version ?? null);
      return one?.value ?? null;
    });
  }

  /** Notes nothing in the read set: a simulation that does this may not write. */
  async getPrivateDataRange(namespace: string, collection: string, start: string, end: string): Promise<StateIterator> {
    await this.checkCollection(namespace, collection);
    this.checkNotDone();
    const entries = this.state.range(privateNamespace(namespace, collection), start, end);
    return new RangeIterator({ namespace, start, end, pageSize: 0, collect: false }, entries);
  }

  /** Closes iterators and state. May be called again. */
  async done(): Promise<void> {
    if (!this.#done) {
      this.#done = true;
      await Promise.all(this.iterators.map((iterator) => iterator.close()));
      await this.state.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.done();
  }

  protected checkNotDone(): void {
    if (this.#done) {
      throw new SimulationError('done', 'this simulation is over');
    }
  }

  protected async checkCollection(namespace: string, collection: string): Promise<void> {
    if (this.#collections === null) {
      return;
    }
    let known = this.#knownCollections.get(namespace);
    if (known === undefined) {
      const found = await this.#collections(namespace, this.state);
      if (found === null) {
        throw new SimulationError('no_collections', `chaincode ${namespace} has no collections`);
      }
      known = found;
      this.#knownCollections.set(namespace, known);
    }
    if (!known.has(collection)) {
      throw new SimulationError('no_such_collection', `chaincode ${namespace} has no collection ${collection}`);
    }
  }

  async #read(namespace: string, key: string): Promise<VersionedValue | null> {
    this.checkNotDone();
    const found = await this.state.get(namespace, key);
    this.#recorder?.addRead(namespace, key, found?.version ?? null);
    return found;
  }

  async #readHash(namespace: string, collection: string, key: string): Promise<VersionedValue | null> {
    await this.checkCollection(namespace, collection);
    this.checkNotDone();
    const found = await this.state.get(hashedNamespace(namespace, collection), keyHashOf(key));
    this.#recorder?.addHashedRead(namespace, collection, key, found?.version ?? null);
    return found;
  }

  #rangeOf(namespace: string, start: string, end: string, pageSize: number): RangeIterator {
    this.checkNotDone();
    const collect = this.#recorder !== null;
    const entries = this.state.range(namespace, start, end);
    const iterator = new RangeIterator({ namespace, start, end, pageSize, collect }, entries);
    this.iterators.push(iterator);
    return iterator;
  }

  #notePrivateRead(namespace: string, collection: string, key: string, version: Height | null): void {
    if (this.#recorder !== null) {
      this.#recorder.addHashedRead(namespace, collection, key, version);
      const names = this.privateReads.get(namespace) ?? new Set();
      this.privateReads.set(namespace, names.add(collection));
    }
  }
}

/** The key under which the hash of a private key is kept. */
export function keyHashOf(key: string): string {
  return hash('sha256', key, 'hex');
}

function at(found: VersionedValue | null): string {
  return found === null ? 'none' : `${found.version.block}:${found.version.tx}`;
}

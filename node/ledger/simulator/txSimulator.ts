import { getOrMake } from '../state/getOrMake.ts';
import { hashedNamespace } from '../state/namespaces.ts';
import { decodeMetadata } from '../state/stateMetadata.ts';
import { keyHashOf, QueryExecutor, type QueryModules } from './queryExecutor.ts';
import { type BuiltReadWriteSet, ReadWriteSetBuilder } from './readWriteSetBuilder.ts';
import { SimulationError } from './simulationError.ts';
import type { StateIterator } from './stateIterator.ts';

/** Metadata that a written key had before. */
export interface WrittenKeyMetadata {
  readonly namespace: string;
  /** Null: a public key. */
  readonly collection: string | null;
  readonly key: string;
  readonly metadata: ReadonlyMap<string, Uint8Array>;
}

export interface SimulationResults extends BuiltReadWriteSet {
  /** Collections whose values were read, by namespace. */
  readonly privateReads: ReadonlyMap<string, ReadonlySet<string>>;
  /** One for each key written: whoever plans endorsements has to meet these keys' own policies. */
  readonly writtenKeys: readonly WrittenKeyMetadata[];
}

const NO_METADATA: ReadonlyMap<string, Uint8Array> = new Map();

/**
 * One transaction's run against committed state: notes what it reads and writes and changes nothing. Reads never see the writes of
 * the run (core/ledger/kvledger/txmgmt/txmgr/tx_simulator.go). Throws SimulationError and StateError.
 */
export class TxSimulator extends QueryExecutor {
  readonly #builder: ReadWriteSetBuilder;
  readonly #writtenKeys = new Map<string, WrittenKeyMetadata>();
  #wrote = false;
  #queriedPrivate = false;
  #queriedPage = false;
  #resultsTaken = false;

  constructor(options: { readonly txId: string }, modules: QueryModules) {
    const builder = new ReadWriteSetBuilder();
    super(options, modules, builder);
    this.#builder = builder;
  }

  /** @param value empty or null deletes. */
  async setState(namespace: string, key: string, value: Uint8Array | null): Promise<void> {
    this.#beforeWrite(key);
    this.#builder.addWrite(namespace, key, value);
    await this.#noteKey(namespace, null, key);
  }

  deleteState(namespace: string, key: string): Promise<void> {
    return this.setState(namespace, key, null);
  }

  /** Replaces all metadata of a key; an empty map takes it away. */
  async setStateMetadata(namespace: string, key: string, metadata: ReadonlyMap<string, Uint8Array>): Promise<void> {
    this.#beforeWrite(key);
    this.#builder.addMetadataWrite(namespace, key, metadata);
    await this.#noteKey(namespace, null, key);
  }

  /** @param value empty or null deletes. */
  async setPrivateData(namespace: string, collection: string, key: string, value: Uint8Array | null): Promise<void> {
    await this.checkCollection(namespace, collection);
    this.#beforeWrite(key);
    this.#builder.addPrivateWrite(namespace, collection, key, value);
    await this.#noteKey(namespace, collection, key);
  }

  deletePrivateData(namespace: string, collection: string, key: string): Promise<void> {
    return this.setPrivateData(namespace, collection, key, null);
  }

  /** Deletes a key and, once committed, every private value that it ever had. */
  async purgePrivateData(namespace: string, collection: string, key: string): Promise<void> {
    await this.checkCollection(namespace, collection);
    this.#beforeWrite(key);
    this.#builder.addPrivatePurge(namespace, collection, key);
    await this.#noteKey(namespace, collection, key);
  }

  async setPrivateDataMetadata(
    namespace: string,
    collection: string,
    key: string,
    metadata: ReadonlyMap<string, Uint8Array>,
  ): Promise<void> {
    await this.checkCollection(namespace, collection);
    this.#beforeWrite(key);
    this.#builder.addHashedMetadataWrite(namespace, collection, key, metadata);
    await this.#noteKey(namespace, collection, key);
  }

  override async getStateRangePage(
    namespace: string,
    start: string,
    end: string,
    pageSize: number,
  ): Promise<StateIterator> {
    if (this.#wrote) {
      throw new SimulationError(
        'page_after_write',
        `${this.txId}: paginated queries are for transactions that only read`,
      );
    }
    this.#queriedPage = true;
    return super.getStateRangePage(namespace, start, end, pageSize);
  }

  override async getPrivateDataRange(
    namespace: string,
    collection: string,
    start: string,
    end: string,
  ): Promise<StateIterator> {
    if (this.#wrote) {
      throw new SimulationError(
        'private_query_after_write',
        `${this.txId}: queries over private data are for transactions that only read`,
      );
    }
    this.#queriedPrivate = true;
    return super.getPrivateDataRange(namespace, collection, start, end);
  }

  /** What the run read and wrote. To be called once; the simulator is still to be ended with `done()`. */
  results(): SimulationResults {
    if (this.#resultsTaken) {
      throw new SimulationError('results_taken', 'the results of a simulation are given once');
    }
    this.#resultsTaken = true;
    for (const iterator of this.iterators) {
      this.#builder.addRangeQuery(iterator.namespace, iterator.query());
    }
    const privateReads = new Map([...this.privateReads].map(([name, collections]) => [name, new Set(collections)]));
    return { ...this.#builder.build(), privateReads, writtenKeys: [...this.#writtenKeys.values()] };
  }

  #beforeWrite(key: string): void {
    this.checkNotDone();
    if (this.#queriedPrivate) {
      throw new SimulationError(
        'write_after_private_query',
        `${this.txId}: a transaction that queried private data may not write`,
      );
    }
    if (this.#queriedPage) {
      throw new SimulationError(
        'write_after_page',
        `${this.txId}: a transaction that ran a paginated query may not write`,
      );
    }
    if (!key.isWellFormed()) {
      throw new SimulationError('invalid_key', `${this.txId}: a key that cannot be written in UTF-8`);
    }
    this.#wrote = true;
  }

  /** Without a note in the read set: the writer need not have read the key. */
  async #noteKey(namespace: string, collection: string | null, key: string): Promise<void> {
    // Names of chaincodes and collections hold no such character.
    const id = collection === null ? `public ${namespace}\0${key}` : `private ${namespace}\0${collection}\0${key}`;
    if (this.#writtenKeys.has(id)) {
      return;
    }
    let metadata = NO_METADATA;
    if (this.state.mayHaveMetadata(namespace)) {
      const found =
        collection === null
          ? await this.state.get(namespace, key)
          : await this.state.get(hashedNamespace(namespace, collection), keyHashOf(key));
      metadata = decodeMetadata(found?.metadata ?? null);
    }
    getOrMake(this.#writtenKeys, id, () => ({ namespace, collection, key, metadata }));
  }
}

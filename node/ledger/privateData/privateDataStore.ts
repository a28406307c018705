import { join } from 'node:path';
import { checkedChannelId } from '../blocks/channelId.ts';
import type { BlockView } from '#node/protos/blockView.ts';
import type { BlockStore } from '../blocks/blockStore.ts';
import { decodeNumbers, encodeNumbers } from '../blocks/indexEncoding.ts';
import { expireUpTo, carryOutPurges } from './expiry.ts';
import { listMissing, makeEligible } from './missingData.ts';
import type { BlockToLive, MissingOfBlock, MissingPrivateData, PurgeMarker, TxPrivateData } from './privateData.ts';
import {
  type DataPlace,
  dataKey,
  decodeWrites,
  encodeHeight,
  expiringBlock,
  expiryKey,
  hashKey,
  keepWrites,
  LAST_BLOCK,
  LAST_SNAPSHOT_BLOCK,
  type MissingList,
  missingKey,
  placeOfDataKey,
  purgedBy,
  sha256,
} from './privateDataEntries.ts';
import { PrivateDataError } from './privateDataError.ts';
import { type Database, key, KeyReader, NOTHING, type Operation, openDatabase, rangeOf } from './privateDatabase.ts';
import { reconciledOperations } from './reconcile.ts';

export interface PrivateDataOptions {
  /** Blocks between two removals of what has expired or was purged (Fabric: `ledger.pvtdataStore.purgeInterval`). Default 100. */
  readonly purgeInterval: number;
}

/** Which collections are asked for; all without one. */
export type CollectionFilter = (namespace: string, collection: string) => boolean;

/**
 * Private write sets of one channel, `folder/privateData/CHANNEL` (LevelDB, a layout of ours; rules of Fabric's
 * core/ledger/pvtdatastorage). A block's private data is one write. It comes before the block: {@link commitWithBlock}.
 */
export class PrivateDataStore {
  readonly #db: Database;
  readonly #blockToLive: BlockToLive;
  readonly #options: PrivateDataOptions;
  #height: number;
  readonly lastSnapshotBlock: number | null;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(
    options: PrivateDataOptions,
    modules: { readonly db: Database; readonly blockToLive: BlockToLive },
    at: { readonly height: number; readonly lastSnapshotBlock: number | null },
  ) {
    this.#options = options;
    this.#db = modules.db;
    this.#blockToLive = modules.blockToLive;
    this.#height = at.height;
    this.lastSnapshotBlock = at.lastSnapshotBlock;
  }

  /** @throws PrivateDataError `in_use`, `corrupt` */
  static async open(
    folder: string,
    channelId: string,
    blockToLive: BlockToLive,
    options: Partial<PrivateDataOptions> = {},
  ): Promise<PrivateDataStore> {
    const db = await openDatabase(join(folder, 'privateData', checkedChannelId(channelId)));
    const last = await db.get(LAST_BLOCK);
    const snapshot = await db.get(LAST_SNAPSHOT_BLOCK);
    const store = new PrivateDataStore(
      { purgeInterval: 100, ...options },
      { db, blockToLive },
      {
        height: last === undefined ? 0 : (decodeNumbers(last)[0] as number) + 1,
        lastSnapshotBlock: snapshot === undefined ? null : (decodeNumbers(snapshot)[0] as number),
      },
    );
    // What a crash interrupted.
    await makeEligible(db);
    return store;
  }

  /** Number of the block whose private data comes next. */
  get height(): number {
    return this.#height;
  }

  /**
   * After opening both stores: private data may be one block ahead, its block having been lost with the process; when that
   * block comes again, {@link commitWithBlock} leaves the data as it is, and state must be made from `ofBlock`. Where it is
   * behind, the blocks between had none.
   * @throws PrivateDataError `wrong_number` where it is further ahead
   */
  alignWith(blockHeight: number): void {
    if (this.#height > blockHeight + 1) {
      throw new PrivateDataError(
        'wrong_number',
        `private data of block ${this.#height - 1} is stored, the block store ends before block ${blockHeight}`,
      );
    }
    // A write with private data is synced before its block is appended, so that only empty ones can be lost.
    this.#height = Math.max(this.#height, blockHeight);
  }

  /**
   * Stores the private data of a block and then the block: a crash between the two leaves data for a block that comes again.
   * @throws PrivateDataError, BlockStoreError; what throws has stored neither, or the private data alone
   */
  async commitWithBlock(
    blocks: BlockStore,
    block: BlockView,
    data: readonly TxPrivateData[],
    missing: readonly MissingPrivateData[],
    purges: readonly PurgeMarker[] = [],
  ): Promise<void> {
    this.alignWith(blocks.height);
    if (this.#height !== block.number + 1) {
      await this.commit(block.number, data, missing, purges);
    }
    await blocks.append(block);
  }

  /**
   * Stores what a block brings: data at hand, what is missing, and keys purged by its valid transactions.
   * @throws PrivateDataError `wrong_number`, `malformed`
   */
  async commit(
    block: number,
    data: readonly TxPrivateData[],
    missing: readonly MissingPrivateData[],
    purges: readonly PurgeMarker[] = [],
  ): Promise<void> {
    await this.#next(async () => {
      if (block !== this.#height) {
        throw new PrivateDataError('wrong_number', `private data of block ${this.#height} is next, not of ${block}`);
      }
      const operations = [
        ...(await this.#dataOperations(block, data)),
        ...(await this.#missingOperations(block, missing)),
        ...purgeOperations(block, purges),
      ];
      const sync = operations.length > 0;
      await this.#db.batch([...operations, { type: 'put', key: LAST_BLOCK, value: encodeNumbers([block]) }], { sync });
      this.#height = block + 1;
      if (block % this.#options.purgeInterval === 0) {
        // What expires with this very block, its state still has to know after a crash.
        await expireUpTo(this.#db, block - 1);
        await carryOutPurges(this.#db);
      }
    });
  }

  /**
   * Private data of a block, by transaction, without what has expired or was purged since.
   * @throws PrivateDataError `not_committed`
   */
  async ofBlock(block: number, filter: CollectionFilter = () => true): Promise<readonly TxPrivateData[]> {
    return this.#read(block, key('d', block), filter);
  }

  /** What is left of a block's private data whose time may be over already. @throws PrivateDataError `not_committed` */
  async evenExpired(block: number): Promise<readonly TxPrivateData[]> {
    return this.#read(block, key('d', block), () => true, true);
  }

  /** Of one transaction; null where there is none. */
  async ofTransaction(block: number, tx: number, filter: CollectionFilter = () => true): Promise<TxPrivateData | null> {
    return (await this.#read(block, key('d', block, tx), filter))[0] ?? null;
  }

  /**
   * What this peer should have and misses, latest block first, of at most `maxBlocks` blocks.
   * @param list those that were asked for in vain are `deprioritized`
   */
  async missing(
    maxBlocks: number,
    options: { readonly list?: MissingList; readonly below?: number } = {},
  ): Promise<readonly MissingOfBlock[]> {
    const { list = 'prioritized', below = this.#height } = options;
    return listMissing(this.#db, list, below, maxBlocks, (place) => this.#expired(place));
  }

  /**
   * Stores data of older blocks that came from other peers, checked by the caller (`hashCheck.ts`).
   * @param inVain what nobody had: asked for less often from now on
   */
  async reconcile(
    found: readonly { readonly block: number; readonly data: readonly TxPrivateData[] }[],
    inVain: readonly MissingOfBlock[] = [],
  ): Promise<void> {
    await this.#next(async () => {
      const operations: Operation[] = [];
      for (const { block, data } of found) {
        if (block >= this.#height) {
          throw new PrivateDataError('not_committed', `block ${block} is not committed`);
        }
        operations.push(...(await this.#dataOperations(block, data, true)));
      }
      operations.push(...(await reconciledOperations(this.#db, found, inVain)));
      await this.#db.batch(operations, { sync: true });
    });
  }

  /** A new definition makes this peer a member: what it was not to have it should have now, up to and with that block. */
  async becameEligible(
    block: number,
    collections: readonly { readonly namespace: string; readonly collection: string }[],
  ): Promise<void> {
    await this.#next(async () => {
      const events = collections.map(({ namespace, collection }): Operation => {
        return { type: 'put', key: key('v', block, namespace, collection), value: NOTHING };
      });
      await this.#db.batch(events, { sync: true });
      await makeEligible(this.#db);
    });
  }

  /** The key that a hash belongs to; null where this peer does not have it. */
  async keyOf(namespace: string, collection: string, keyHash: Uint8Array): Promise<string | null> {
    const range = rangeOf(key('h', namespace, collection, keyHash));
    for await (const value of this.#db.values({ ...range, limit: 1 })) {
      return Buffer.from(value.buffer, value.byteOffset, value.length).toString();
    }
    return null;
  }

  /** Value hashes by key hash (hex) that a snapshot named for a collection of a transaction before it. */
  async snapshotHashes(place: DataPlace): Promise<ReadonlyMap<string, Uint8Array>> {
    const prefix = key('k', place.block, place.tx, place.namespace, place.collection);
    const hashes = new Map<string, Uint8Array>();
    for await (const [at, value] of this.#db.iterator(rangeOf(prefix))) {
      hashes.set(Buffer.from(at.subarray(prefix.length)).toString('hex'), value);
    }
    return hashes;
  }

  /** All that a snapshot named for a block before it, as far as it has not expired long ago. */
  async snapshotHashesOfBlock(block: number): Promise<readonly (Omit<DataPlace, 'tx'> & { keyHash: Uint8Array })[]> {
    const hashes: (Omit<DataPlace, 'tx'> & { keyHash: Uint8Array })[] = [];
    for await (const at of this.#db.keys(rangeOf(key('k', block)))) {
      const reader = new KeyReader(at);
      reader.number();
      reader.number();
      hashes.push({ block, namespace: reader.name(), collection: reader.name(), keyHash: reader.rest() });
    }
    return hashes;
  }

  /** Whether the key was purged by a transaction after the data of that place was written. */
  async wasPurged(place: DataPlace, keyHash: Uint8Array): Promise<boolean> {
    const marker = await this.#db.get(key('p', place.namespace, place.collection, keyHash));
    return marker !== undefined && purgedBy(marker, place);
  }

  async close(): Promise<void> {
    await this.#queue;
    await this.#db.close();
  }

  /** Entries for data at hand. @param late leaves out what has expired meanwhile */
  async #dataOperations(block: number, data: readonly TxPrivateData[], late = false): Promise<Operation[]> {
    const operations: Operation[] = [];
    for (const { tx, collections } of data) {
      for (const { namespace, collection, rwset } of collections) {
        const place = { block, tx, namespace, collection };
        const expires = await expiringBlock(this.#blockToLive, place);
        if (late && expires !== null && expires < this.#height) {
          continue;
        }
        operations.push({ type: 'put', key: dataKey(place), value: rwset });
        for (const write of decodeWrites(rwset).getWritesList()) {
          const at = hashKey(place, sha256(write.getKey()));
          operations.push({ type: 'put', key: at, value: Buffer.from(write.getKey()) });
        }
        if (expires !== null) {
          operations.push({ type: 'put', key: expiryKey(expires, 'd', place), value: NOTHING });
        }
      }
    }
    return operations;
  }

  async #missingOperations(block: number, missing: readonly MissingPrivateData[]): Promise<Operation[]> {
    const lists = new Map<
      string,
      { readonly list: MissingList; readonly place: DataPlace; readonly txs: Set<number> }
    >();
    for (const { tx, namespace, collection, eligible } of missing) {
      const list: MissingList = eligible ? 'prioritized' : 'ineligible';
      const name = JSON.stringify([list, namespace, collection]);
      const entry = lists.get(name) ?? { list, place: { block, tx: 0, namespace, collection }, txs: new Set() };
      lists.set(name, entry);
      entry.txs.add(tx);
    }
    const operations: Operation[] = [];
    for (const { list, place, txs } of lists.values()) {
      const at = missingKey(list, block, place.namespace, place.collection);
      const value = encodeNumbers([...txs].toSorted((a, b) => a - b));
      operations.push({ type: 'put', key: at, value });
      const expires = await expiringBlock(this.#blockToLive, place);
      if (expires !== null) {
        operations.push({ type: 'put', key: expiryKey(expires, 'm', place), value: NOTHING });
      }
    }
    return operations;
  }

  async #read(
    block: number,
    prefix: Uint8Array,
    filter: CollectionFilter,
    expired = false,
  ): Promise<readonly TxPrivateData[]> {
    if (block >= this.#height) {
      throw new PrivateDataError('not_committed', `block ${block} is not committed, the next one is ${this.#height}`);
    }
    const byTx = new Map<number, { namespace: string; collection: string; rwset: Uint8Array }[]>();
    for await (const [at, value] of this.#db.iterator(rangeOf(prefix))) {
      const place = placeOfDataKey(at);
      const { tx, namespace, collection } = place;
      if (filter(namespace, collection) && (expired || !(await this.#expired(place)))) {
        const collections = byTx.get(tx) ?? [];
        byTx.set(tx, collections);
        collections.push({ namespace, collection, rwset: await this.#withoutPurged(place, value) });
      }
    }
    return [...byTx].map(([tx, collections]) => ({ tx, collections }));
  }

  /** Purged keys are left out at once; they go from the files at the next removal. */
  async #withoutPurged(place: DataPlace, rwset: Uint8Array): Promise<Uint8Array> {
    const latest = await this.#db.get(key('c', place.namespace, place.collection));
    if (latest === undefined || !purgedBy(latest, place)) {
      return rwset;
    }
    const set = decodeWrites(rwset);
    const purged = new Set<string>();
    for (const write of set.getWritesList()) {
      if (await this.wasPurged(place, sha256(write.getKey()))) {
        purged.add(write.getKey());
      }
    }
    return keepWrites(set, (write) => !purged.has(write.getKey()));
  }

  async #expired(place: Omit<DataPlace, 'tx'>): Promise<boolean> {
    const expires = await expiringBlock(this.#blockToLive, place);
    return expires !== null && expires < this.#height;
  }

  /** One change at a time. */
  #next<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(change);
    this.#queue = done.catch(() => undefined);
    return done;
  }
}

/** Markers are kept: data that comes late must not bring a purged key back. The highest of a collection spares most looks. */
function purgeOperations(block: number, purges: readonly PurgeMarker[]): Operation[] {
  // In ascending order, so that the last write of a batch is the latest purge.
  return purges
    .toSorted((a, b) => a.tx - b.tx)
    .flatMap(({ namespace, collection, keyHash, tx }): Operation[] => {
      const value = encodeHeight(block, tx);
      return [
        { type: 'put', key: key('p', namespace, collection, keyHash), value },
        { type: 'put', key: key('t', namespace, collection, keyHash), value },
        { type: 'put', key: key('c', namespace, collection), value },
      ];
    });
}

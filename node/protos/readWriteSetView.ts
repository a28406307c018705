import { ledger } from '@hyperledger/fabric-protos';
import {
  type CollectionMessage,
  type NamespaceMessage,
  type ReadMessage,
  readNamespaces,
  readReadWriteSet,
  type VersionMessage,
  type WriteMessage,
} from './readWriteSetMessages.ts';
import { decodeMessage } from './strictReader.ts';

const { kvrwset } = ledger.rwset;

/** Where a value was written: block and position in it. */
export type VersionView = VersionMessage;
export type ReadView = ReadMessage;
export type WriteView = WriteMessage;

export interface RangeQueryView {
  readonly startKey: string;
  readonly endKey: string;
  readonly exhausted: boolean;
  /** What the query found; empty where it found nothing, or where `merkle` sums it up. */
  readonly reads: readonly ReadView[];
  /** Null: `reads` lists what was found. */
  readonly merkle: MerkleSummaryView | null;
}

/** Hashes over what a large range query found. */
export interface MerkleSummaryView {
  readonly maxDegree: number;
  readonly maxLevel: number;
  readonly hashes: readonly Uint8Array[];
}

/** One piece of a key's metadata, e.g. its endorsement policy (`VALIDATION_PARAMETER`). */
export interface MetadataEntryView {
  readonly name: string;
  readonly value: Uint8Array;
}

export interface MetadataUpdateView {
  readonly key: string;
  /** Empty: the metadata is taken away. */
  readonly entries: readonly MetadataEntryView[];
}

/** Private data as the block holds it: hashes. */
export interface HashedCollectionView {
  readonly name: string;
  readonly reads: readonly { readonly keyHash: Uint8Array; readonly version: VersionView | null }[];
  readonly writes: readonly {
    readonly keyHash: Uint8Array;
    readonly isDelete: boolean;
    readonly isPurge: boolean;
    readonly valueHash: Uint8Array;
  }[];
  readonly metadataWrites: readonly { readonly keyHash: Uint8Array; readonly entries: readonly MetadataEntryView[] }[];
  /** Hash of the private read-write set itself. */
  readonly privateHash: Uint8Array;
}

/** A `rwset.TxReadWriteSet`: what a simulation read and wrote, one entry a namespace. */
export class ReadWriteSetView {
  readonly namespaces: readonly NamespaceView[];

  private constructor(namespaces: readonly NamespaceView[]) {
    this.namespaces = namespaces;
  }

  /** @throws ProtoError */
  static fromBytes(bytes: Uint8Array): ReadWriteSetView {
    return new ReadWriteSetView(readNamespaces(bytes).map((one) => new NamespaceView(one)));
  }

  /** Null where the transaction did not touch it. */
  namespace(name: string): NamespaceView | null {
    return this.namespaces.find((one) => one.namespace === name) ?? null;
  }
}

/** Reads and writes of one chaincode's namespace. Lists are decoded when first asked for; getters throw ProtoError. */
export class NamespaceView {
  readonly namespace: string;
  readonly #message: NamespaceMessage;
  #set: ReadWriteSet | undefined;
  #collections: readonly HashedCollectionView[] | undefined;

  constructor(message: NamespaceMessage) {
    this.#message = message;
    this.namespace = message.namespace;
  }

  get reads(): readonly ReadView[] {
    return this.#kv.reads;
  }

  get writes(): readonly WriteView[] {
    return this.#kv.writes;
  }

  get rangeQueries(): readonly RangeQueryView[] {
    return this.#kv.rangeQueries;
  }

  /** Keys whose metadata (key-level endorsement policy) was set. */
  get metadataWrites(): readonly string[] {
    const { metadataUpdates } = this.#kv;
    return metadataUpdates.length === 0 ? NONE : metadataUpdates.map(({ key }) => key);
  }

  /** What became of each key's metadata. */
  get metadataUpdates(): readonly MetadataUpdateView[] {
    return this.#kv.metadataUpdates;
  }

  get collections(): readonly HashedCollectionView[] {
    this.#collections ??=
      this.#message.collections.length === 0 ? NONE : this.#message.collections.map(hashedCollection);
    return this.#collections;
  }

  get #kv(): ReadWriteSet {
    if (this.#set === undefined) {
      const { reads, writes, rangeQueries, metadataWrites } = readReadWriteSet(this.#message.rwset);
      this.#set = {
        reads,
        writes,
        rangeQueries: rangeQueries.length === 0 ? NONE : rangeQueries.map(rangeQuery),
        metadataUpdates: metadataWrites.length === 0 ? NONE : metadataWrites.map(metadataUpdate),
      };
    }
    return this.#set;
  }
}

interface ReadWriteSet {
  readonly reads: readonly ReadView[];
  readonly writes: readonly WriteView[];
  readonly rangeQueries: readonly RangeQueryView[];
  readonly metadataUpdates: readonly MetadataUpdateView[];
}

const NONE: readonly never[] = [];

function rangeQuery(bytes: Uint8Array): RangeQueryView {
  const query = decodeMessage(kvrwset.RangeQueryInfo, bytes, 'kvrwset.RangeQueryInfo');
  const merkle = query.getReadsMerkleHashes();
  return {
    startKey: query.getStartKey(),
    endKey: query.getEndKey(),
    exhausted: query.getItrExhausted(),
    reads:
      query
        .getRawReads()
        ?.getKvReadsList()
        .map((read) => ({ key: read.getKey(), version: version(read.getVersion()) })) ?? [],
    merkle:
      merkle === undefined
        ? null
        : {
            maxDegree: merkle.getMaxDegree(),
            maxLevel: merkle.getMaxLevel(),
            hashes: merkle.getMaxLevelHashesList_asU8(),
          },
  };
}

function metadataUpdate(bytes: Uint8Array): MetadataUpdateView {
  const write = decodeMessage(kvrwset.KVMetadataWrite, bytes, 'kvrwset.KVMetadataWrite');
  return { key: write.getKey(), entries: metadataEntries(write.getEntriesList()) };
}

function hashedCollection({ name, hashedRwset, pvtRwsetHash }: CollectionMessage): HashedCollectionView {
  const set = decodeMessage(kvrwset.HashedRWSet, hashedRwset, 'kvrwset.HashedRWSet');
  return {
    name,
    reads: set
      .getHashedReadsList()
      .map((read) => ({ keyHash: read.getKeyHash_asU8(), version: version(read.getVersion()) })),
    writes: set.getHashedWritesList().map((write) => ({
      keyHash: write.getKeyHash_asU8(),
      isDelete: write.getIsDelete(),
      isPurge: write.getIsPurge(),
      valueHash: write.getValueHash_asU8(),
    })),
    metadataWrites: set.getMetadataWritesList().map((write) => ({
      keyHash: write.getKeyHash_asU8(),
      entries: metadataEntries(write.getEntriesList()),
    })),
    privateHash: pvtRwsetHash,
  };
}

function version(message: ledger.rwset.kvrwset.Version | undefined): VersionView | null {
  return message === undefined ? null : { block: message.getBlockNum(), tx: message.getTxNum() };
}

function metadataEntries(entries: readonly ledger.rwset.kvrwset.KVMetadataEntry[]): MetadataEntryView[] {
  return entries.map((entry) => ({ name: entry.getName(), value: entry.getValue_asU8() }));
}

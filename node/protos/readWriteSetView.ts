import { ledger } from '@hyperledger/fabric-protos';
import { decodeMessage } from './strictReader.ts';

const { kvrwset } = ledger.rwset;

/** Where a value was written: block and position in it. */
export interface VersionView {
  readonly block: number;
  readonly tx: number;
}

export interface ReadView {
  readonly key: string;
  /** Null: the key was not there. */
  readonly version: VersionView | null;
}

export interface WriteView {
  readonly key: string;
  readonly isDelete: boolean;
  readonly value: Uint8Array;
}

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

function version(message: ledger.rwset.kvrwset.Version | undefined): VersionView | null {
  return message === undefined ? null : { block: message.getBlockNum(), tx: message.getTxNum() };
}

function metadataEntries(entries: readonly ledger.rwset.kvrwset.KVMetadataEntry[]): MetadataEntryView[] {
  return entries.map((entry) => ({ name: entry.getName(), value: entry.getValue_asU8() }));
}

function readOf(message: ledger.rwset.kvrwset.KVRead): ReadView {
  return { key: message.getKey(), version: version(message.getVersion()) };
}

/** A `rwset.TxReadWriteSet`: what a simulation read and wrote, one entry a namespace. */
export class ReadWriteSetView {
  readonly namespaces: readonly NamespaceView[];

  private constructor(namespaces: readonly NamespaceView[]) {
    this.namespaces = namespaces;
  }

  /** @throws ProtoError */
  static fromBytes(bytes: Uint8Array): ReadWriteSetView {
    const message = decodeMessage(ledger.rwset.TxReadWriteSet, bytes, 'rwset.TxReadWriteSet');
    return new ReadWriteSetView(message.getNsRwsetList().map((one) => new NamespaceView(one)));
  }

  /** Null where the transaction did not touch it. */
  namespace(name: string): NamespaceView | null {
    return this.namespaces.find((one) => one.namespace === name) ?? null;
  }
}

/** Reads and writes of one chaincode's namespace. Lists are decoded when first asked for; getters throw ProtoError. */
export class NamespaceView {
  readonly message: ledger.rwset.NsReadWriteSet;
  readonly namespace: string;
  #set: ledger.rwset.kvrwset.KVRWSet | undefined;
  #reads: readonly ReadView[] | undefined;
  #writes: readonly WriteView[] | undefined;
  #rangeQueries: readonly RangeQueryView[] | undefined;
  #metadataUpdates: readonly MetadataUpdateView[] | undefined;
  #collections: readonly HashedCollectionView[] | undefined;

  constructor(message: ledger.rwset.NsReadWriteSet) {
    this.message = message;
    this.namespace = message.getNamespace();
  }

  get reads(): readonly ReadView[] {
    this.#reads ??= this.#kv.getReadsList().map(readOf);
    return this.#reads;
  }

  get writes(): readonly WriteView[] {
    this.#writes ??= this.#kv
      .getWritesList()
      .map((write) => ({ key: write.getKey(), isDelete: write.getIsDelete(), value: write.getValue_asU8() }));
    return this.#writes;
  }

  get rangeQueries(): readonly RangeQueryView[] {
    this.#rangeQueries ??= this.#kv.getRangeQueriesInfoList().map((query) => {
      const merkle = query.getReadsMerkleHashes();
      return {
        startKey: query.getStartKey(),
        endKey: query.getEndKey(),
        exhausted: query.getItrExhausted(),
        reads: query.getRawReads()?.getKvReadsList().map(readOf) ?? [],
        merkle:
          merkle === undefined
            ? null
            : {
                maxDegree: merkle.getMaxDegree(),
                maxLevel: merkle.getMaxLevel(),
                hashes: merkle.getMaxLevelHashesList_asU8(),
              },
      };
    });
    return this.#rangeQueries;
  }

  /** Keys whose metadata (key-level endorsement policy) was set. */
  get metadataWrites(): readonly string[] {
    return this.#kv.getMetadataWritesList().map((write) => write.getKey());
  }

  /** What became of each key's metadata. */
  get metadataUpdates(): readonly MetadataUpdateView[] {
    this.#metadataUpdates ??= this.#kv
      .getMetadataWritesList()
      .map((write) => ({ key: write.getKey(), entries: metadataEntries(write.getEntriesList()) }));
    return this.#metadataUpdates;
  }

  get collections(): readonly HashedCollectionView[] {
    this.#collections ??= this.message.getCollectionHashedRwsetList().map((collection) => {
      const set = decodeMessage(kvrwset.HashedRWSet, collection.getHashedRwset_asU8(), 'kvrwset.HashedRWSet');
      return {
        name: collection.getCollectionName(),
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
        privateHash: collection.getPvtRwsetHash_asU8(),
      };
    });
    return this.#collections;
  }

  get #kv(): ledger.rwset.kvrwset.KVRWSet {
    this.#set ??= decodeMessage(kvrwset.KVRWSet, this.message.getRwset_asU8(), 'kvrwset.KVRWSet');
    return this.#set;
  }
}

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
  readonly metadataWrites: readonly { readonly keyHash: Uint8Array }[];
  /** Hash of the private read-write set itself. */
  readonly privateHash: Uint8Array;
}

function version(message: ledger.rwset.kvrwset.Version | undefined): VersionView | null {
  return message === undefined ? null : { block: message.getBlockNum(), tx: message.getTxNum() };
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
  #collections: readonly HashedCollectionView[] | undefined;

  constructor(message: ledger.rwset.NsReadWriteSet) {
    this.message = message;
    this.namespace = message.getNamespace();
  }

  get reads(): readonly ReadView[] {
    this.#reads ??= this.#kv
      .getReadsList()
      .map((read) => ({ key: read.getKey(), version: version(read.getVersion()) }));
    return this.#reads;
  }

  get writes(): readonly WriteView[] {
    this.#writes ??= this.#kv
      .getWritesList()
      .map((write) => ({ key: write.getKey(), isDelete: write.getIsDelete(), value: write.getValue_asU8() }));
    return this.#writes;
  }

  get rangeQueries(): readonly RangeQueryView[] {
    return this.#kv.getRangeQueriesInfoList().map((query) => ({
      startKey: query.getStartKey(),
      endKey: query.getEndKey(),
      exhausted: query.getItrExhausted(),
    }));
  }

  /** Keys whose metadata (key-level endorsement policy) was set. */
  get metadataWrites(): readonly string[] {
    return this.#kv.getMetadataWritesList().map((write) => write.getKey());
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
        metadataWrites: set.getMetadataWritesList().map((write) => ({ keyHash: write.getKeyHash_asU8() })),
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

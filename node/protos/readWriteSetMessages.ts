import { NO_BYTES } from './transactionMessages.ts';
import { lengthTag, varintTag, WireScanner } from './wireScanner.ts';

/** Read-write sets, read by hand as the messages of transactionMessages.ts are. Each `read…` throws ProtoError. */
const scanner = new WireScanner();

const BYTES_1 = lengthTag(1);
const BYTES_2 = lengthTag(2);
const BYTES_3 = lengthTag(3);
const BYTES_4 = lengthTag(4);
const NUMBER_1 = varintTag(1);
const NUMBER_2 = varintTag(2);

/** `rwset.CollectionHashedReadWriteSet` */
export interface CollectionMessage {
  readonly name: string;
  /** Serialised `kvrwset.HashedRWSet`. */
  readonly hashedRwset: Uint8Array;
  readonly pvtRwsetHash: Uint8Array;
}

/** `rwset.NsReadWriteSet` */
export interface NamespaceMessage {
  readonly namespace: string;
  /** Serialised `kvrwset.KVRWSet`. */
  readonly rwset: Uint8Array;
  readonly collections: readonly CollectionMessage[];
}

const NO_COLLECTIONS: readonly CollectionMessage[] = [];

/** `rwset.TxReadWriteSet`: its namespaces. */
export function readNamespaces(bytes: Uint8Array): readonly NamespaceMessage[] {
  const reader = scanner.start(bytes, 'rwset.TxReadWriteSet');
  const namespaces: NamespaceMessage[] = [];
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === BYTES_2) {
      namespaces.push(namespaceWithin(reader));
    } else {
      reader.skip();
    }
  }
  return namespaces;
}

function namespaceWithin(reader: WireScanner): NamespaceMessage {
  let namespace = '';
  let rwset = NO_BYTES;
  let collections: CollectionMessage[] | null = null;
  const outer = reader.enter();
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === BYTES_1) {
      namespace = reader.text();
    } else if (tag === BYTES_2) {
      rwset = reader.bytes();
    } else if (tag === BYTES_3) {
      collections ??= [];
      collections.push(collectionWithin(reader));
    } else {
      reader.skip();
    }
  }
  reader.leave(outer);
  return { namespace, rwset, collections: collections ?? NO_COLLECTIONS };
}

function collectionWithin(reader: WireScanner): CollectionMessage {
  let name = '';
  let [hashedRwset, pvtRwsetHash] = [NO_BYTES, NO_BYTES];
  const outer = reader.enter();
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === BYTES_1) {
      name = reader.text();
    } else if (tag === BYTES_2) {
      hashedRwset = reader.bytes();
    } else if (tag === BYTES_3) {
      pvtRwsetHash = reader.bytes();
    } else {
      reader.skip();
    }
  }
  reader.leave(outer);
  return { name, hashedRwset, pvtRwsetHash };
}

/** `kvrwset.Version`; numbers beyond 2^53 are the nearest ones. */
export interface VersionMessage {
  readonly block: number;
  readonly tx: number;
}

/** `kvrwset.KVRead` */
export interface ReadMessage {
  readonly key: string;
  /** Null: the key was not there. */
  readonly version: VersionMessage | null;
}

/** `kvrwset.KVWrite` */
export interface WriteMessage {
  readonly key: string;
  readonly isDelete: boolean;
  readonly value: Uint8Array;
}

/** `kvrwset.KVRWSet` */
export interface ReadWriteSetMessage {
  readonly reads: readonly ReadMessage[];
  readonly writes: readonly WriteMessage[];
  /** Serialised `kvrwset.RangeQueryInfo`, one for each range query. */
  readonly rangeQueries: readonly Uint8Array[];
  /** Serialised `kvrwset.KVMetadataWrite`, one for each. */
  readonly metadataWrites: readonly Uint8Array[];
}

const NONE: readonly never[] = [];

export function readReadWriteSet(bytes: Uint8Array): ReadWriteSetMessage {
  const reader = scanner.start(bytes, 'kvrwset.KVRWSet');
  let reads: ReadMessage[] | null = null;
  let writes: WriteMessage[] | null = null;
  let rangeQueries: Uint8Array[] | null = null;
  let metadataWrites: Uint8Array[] | null = null;
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === BYTES_1) {
      reads ??= [];
      reads.push(readWithin(reader));
    } else if (tag === BYTES_2) {
      rangeQueries ??= [];
      rangeQueries.push(reader.bytes());
    } else if (tag === BYTES_3) {
      writes ??= [];
      writes.push(writeWithin(reader));
    } else if (tag === BYTES_4) {
      metadataWrites ??= [];
      metadataWrites.push(reader.bytes());
    } else {
      reader.skip();
    }
  }
  return {
    reads: reads ?? NONE,
    writes: writes ?? NONE,
    rangeQueries: rangeQueries ?? NONE,
    metadataWrites: metadataWrites ?? NONE,
  };
}

function readWithin(reader: WireScanner): ReadMessage {
  let key = '';
  let version: { block: number; tx: number } | null = null;
  const outer = reader.enter();
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === BYTES_1) {
      key = reader.text();
    } else if (tag === BYTES_2) {
      version ??= { block: 0, tx: 0 };
      const within = reader.enter();
      for (let inner = reader.next(); inner !== 0; inner = reader.next()) {
        if (inner === NUMBER_1) {
          version.block = reader.uint64();
        } else if (inner === NUMBER_2) {
          version.tx = reader.uint64();
        } else {
          reader.skip();
        }
      }
      reader.leave(within);
    } else {
      reader.skip();
    }
  }
  reader.leave(outer);
  return { key, version };
}

function writeWithin(reader: WireScanner): WriteMessage {
  let key = '';
  let isDelete = false;
  let value = NO_BYTES;
  const outer = reader.enter();
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === BYTES_1) {
      key = reader.text();
    } else if (tag === NUMBER_2) {
      isDelete = reader.bool();
    } else if (tag === BYTES_3) {
      value = reader.bytes();
    } else {
      reader.skip();
    }
  }
  reader.leave(outer);
  return { key, isDelete, value };
}

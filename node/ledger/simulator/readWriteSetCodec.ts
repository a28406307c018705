import type {
  HashedCollectionView,
  MetadataEntryView,
  MetadataUpdateView,
  RangeQueryView,
  ReadView,
  VersionView,
  WriteView,
} from '#node/protos/readWriteSetView.ts';
import { WireWriter } from '../state/wireWriter.ts';
import { writeRead } from './rangeQueryResults.ts';

/** A `kvrwset.KVRWSet`: what was done to the public keys of a namespace, or to the private keys of a collection. */
export interface KeyReadWriteSet {
  readonly reads: readonly ReadView[];
  readonly rangeQueries: readonly RangeQueryView[];
  readonly writes: readonly WriteView[];
  readonly metadataUpdates: readonly MetadataUpdateView[];
}

/** A `rwset.NsReadWriteSet`. */
export interface NamespaceReadWriteSet extends KeyReadWriteSet {
  readonly namespace: string;
  readonly collections: readonly HashedCollectionView[];
}

/** A `rwset.NsPvtReadWriteSet`, each collection's `kvrwset.KVRWSet` encoded already. */
export interface PrivateReadWriteSet {
  readonly namespace: string;
  readonly collections: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

/** `rwset.TxReadWriteSet`: what endorsers sign. Lists are written in the order given. */
export function encodeReadWriteSet(namespaces: readonly NamespaceReadWriteSet[]): Uint8Array {
  const writer = new WireWriter(1024);
  for (const one of namespaces) {
    writer.message(2, (message) => {
      message.string(1, one.namespace).bytes(2, encodeKeyReadWriteSet(one));
      for (const collection of one.collections) {
        message.message(3, (inner) =>
          inner
            .string(1, collection.name)
            .bytes(2, encodeHashedReadWriteSet(collection))
            .bytes(3, collection.privateHash),
        );
      }
    });
  }
  return writer.finish();
}

/** `rwset.TxPvtReadWriteSet`. */
export function encodePrivateReadWriteSet(namespaces: readonly PrivateReadWriteSet[]): Uint8Array {
  const writer = new WireWriter(1024);
  for (const { namespace, collections } of namespaces) {
    writer.message(2, (message) => {
      message.string(1, namespace);
      for (const { name, bytes } of collections) {
        message.message(2, (inner) => inner.string(1, name).bytes(2, bytes));
      }
    });
  }
  return writer.finish();
}

/** `kvrwset.KVRWSet`. */
export function encodeKeyReadWriteSet(set: KeyReadWriteSet): Uint8Array {
  const writer = new WireWriter(512);
  for (const { key, version } of set.reads) {
    writer.message(1, (read) => writeRead(read, key, version));
  }
  for (const query of set.rangeQueries) {
    writer.message(2, (message) => writeRangeQuery(message, query));
  }
  for (const { key, isDelete, value } of set.writes) {
    writer.message(3, (write) => write.string(1, key).bool(2, isDelete).bytes(3, value));
  }
  for (const { key, entries } of set.metadataUpdates) {
    writer.message(4, (write) => writeEntries(write.string(1, key), entries));
  }
  return writer.finish();
}

/** `kvrwset.HashedRWSet`. */
export function encodeHashedReadWriteSet(set: HashedCollectionView): Uint8Array {
  const writer = new WireWriter(512);
  for (const { keyHash, version } of set.reads) {
    writer.message(1, (read) => writeVersion(read.bytes(1, keyHash), 2, version));
  }
  for (const { keyHash, isDelete, valueHash, isPurge } of set.writes) {
    writer.message(2, (write) => write.bytes(1, keyHash).bool(2, isDelete).bytes(3, valueHash).bool(4, isPurge));
  }
  for (const { keyHash, entries } of set.metadataWrites) {
    writer.message(3, (write) => writeEntries(write.bytes(1, keyHash), entries));
  }
  return writer.finish();
}

function writeRangeQuery(writer: WireWriter, query: RangeQueryView): void {
  writer.string(1, query.startKey).string(2, query.endKey).bool(3, query.exhausted);
  const { merkle } = query;
  if (merkle !== null) {
    writer.message(5, (message) => {
      message.number(1, merkle.maxDegree).number(2, merkle.maxLevel);
      for (const one of merkle.hashes) {
        message.element(3, one);
      }
    });
  } else if (query.reads.length > 0) {
    // A query that found nothing says so by saying nothing.
    writer.message(4, (message) => {
      for (const { key, version } of query.reads) {
        message.message(1, (read) => writeRead(read, key, version));
      }
    });
  }
}

function writeVersion(writer: WireWriter, field: number, version: VersionView | null): void {
  if (version !== null) {
    writer.message(field, (message) => message.number(1, version.block).number(2, version.tx));
  }
}

function writeEntries(writer: WireWriter, entries: readonly MetadataEntryView[]): void {
  for (const { name, value } of entries) {
    writer.message(2, (entry) => entry.string(1, name).bytes(2, value));
  }
}

import { hash } from 'node:crypto';
import type {
  HashedCollectionView,
  MetadataEntryView,
  MetadataUpdateView,
  RangeQueryView,
  ReadView,
  WriteView,
} from '#node/protos/readWriteSetView.ts';
import { getOrMake } from '../state/getOrMake.ts';
import type { Height } from '../state/height.ts';
import { sortedKeys } from '../state/keyOrder.ts';
import {
  encodeKeyReadWriteSet,
  encodePrivateReadWriteSet,
  encodeReadWriteSet,
  type NamespaceReadWriteSet,
  type PrivateReadWriteSet,
} from './readWriteSetCodec.ts';

const EMPTY = new Uint8Array(0);

type HashedRead = HashedCollectionView['reads'][number];
type HashedWrite = HashedCollectionView['writes'][number];
type HashedMetadataWrite = HashedCollectionView['metadataWrites'][number];

/** Hashed sets are kept by the plain key, which is what orders them in the end. */
interface Collection {
  readonly reads: Map<string, HashedRead>;
  readonly writes: Map<string, HashedWrite>;
  readonly metadataWrites: Map<string, HashedMetadataWrite>;
  readonly privateWrites: Map<string, WriteView>;
  readonly privateMetadataWrites: Set<string>;
}

interface Namespace {
  readonly reads: Map<string, ReadView>;
  readonly writes: Map<string, WriteView>;
  readonly metadataUpdates: Map<string, MetadataUpdateView>;
  /** The first of those with the same start, end and exhaustion. */
  readonly rangeQueries: Map<string, RangeQueryView>;
  readonly collections: Map<string, Collection>;
}

export interface BuiltReadWriteSet {
  /** `rwset.TxReadWriteSet`: public, and hashes of what is private. */
  readonly publicBytes: Uint8Array;
  /** `rwset.TxPvtReadWriteSet`; null where nothing private was written. */
  readonly privateBytes: Uint8Array | null;
}

/**
 * Gathers what a simulation reads and writes, each key once (the last counts), and writes it down as Fabric's endorsers do:
 * namespaces, collections and keys in order, so that all endorsers of a transaction sign the same bytes
 * (core/ledger/kvledger/txmgmt/rwsetutil/rwset_builder.go).
 */
export class ReadWriteSetBuilder {
  readonly #namespaces = new Map<string, Namespace>();

  addRead(namespace: string, key: string, version: Height | null): void {
    this.#namespace(namespace).reads.set(key, { key, version });
  }

  /** @param value empty or null deletes. */
  addWrite(namespace: string, key: string, value: Uint8Array | null): void {
    this.#namespace(namespace).writes.set(key, write(key, value));
  }

  /** @param metadata empty takes the metadata away. */
  addMetadataWrite(namespace: string, key: string, metadata: ReadonlyMap<string, Uint8Array>): void {
    this.#namespace(namespace).metadataUpdates.set(key, { key, entries: entries(metadata) });
  }

  addRangeQuery(namespace: string, query: RangeQueryView): void {
    const { rangeQueries } = this.#namespace(namespace);
    const id = JSON.stringify([query.startKey, query.endKey, query.exhausted]);
    if (!rangeQueries.has(id)) {
      rangeQueries.set(id, query);
    }
  }

  addHashedRead(namespace: string, collection: string, key: string, version: Height | null): void {
    this.#collection(namespace, collection).reads.set(key, { keyHash: sha256(Buffer.from(key)), version });
  }

  /** @param value empty or null deletes. */
  addPrivateWrite(namespace: string, collection: string, key: string, value: Uint8Array | null): void {
    this.#addPrivate(namespace, collection, key, value, false);
  }

  /** Deletes the key with all its history of private values. */
  addPrivatePurge(namespace: string, collection: string, key: string): void {
    this.#addPrivate(namespace, collection, key, null, true);
  }

  addHashedMetadataWrite(
    namespace: string,
    collection: string,
    key: string,
    metadata: ReadonlyMap<string, Uint8Array>,
  ): void {
    const { privateMetadataWrites, metadataWrites } = this.#collection(namespace, collection);
    // The private side names the key alone: committing peers then raise the version of the private value as well.
    privateMetadataWrites.add(key);
    metadataWrites.set(key, { keyHash: sha256(Buffer.from(key)), entries: entries(metadata) });
  }

  build(): BuiltReadWriteSet {
    const publicSets: NamespaceReadWriteSet[] = [];
    const privateSets: PrivateReadWriteSet[] = [];
    for (const namespace of sortedKeys(this.#namespaces.keys())) {
      const own = this.#namespaces.get(namespace) as Namespace;
      const hashed: HashedCollectionView[] = [];
      const hidden: { name: string; bytes: Uint8Array }[] = [];
      for (const name of sortedKeys(own.collections.keys())) {
        const collection = own.collections.get(name) as Collection;
        const bytes = privateBytes(collection);
        if (bytes !== null) {
          hidden.push({ name, bytes });
        }
        hashed.push({
          name,
          reads: byKey(collection.reads),
          writes: byKey(collection.writes),
          metadataWrites: byKey(collection.metadataWrites),
          privateHash: bytes === null ? EMPTY : sha256(bytes),
        });
      }
      publicSets.push({
        namespace,
        reads: byKey(own.reads),
        rangeQueries: [...own.rangeQueries.values()],
        writes: byKey(own.writes),
        metadataUpdates: byKey(own.metadataUpdates),
        collections: hashed,
      });
      if (hidden.length > 0) {
        privateSets.push({ namespace, collections: hidden });
      }
    }
    return {
      publicBytes: encodeReadWriteSet(publicSets),
      privateBytes: privateSets.length === 0 ? null : encodePrivateReadWriteSet(privateSets),
    };
  }

  #addPrivate(namespace: string, collection: string, key: string, value: Uint8Array | null, isPurge: boolean): void {
    const { privateWrites, writes } = this.#collection(namespace, collection);
    const plain = write(key, value);
    privateWrites.set(key, plain);
    writes.set(key, {
      keyHash: sha256(Buffer.from(key)),
      isDelete: plain.isDelete,
      isPurge,
      valueHash: plain.isDelete ? EMPTY : sha256(plain.value),
    });
  }

  #namespace(namespace: string): Namespace {
    return getOrMake(this.#namespaces, namespace, () => ({
      reads: new Map(),
      writes: new Map(),
      metadataUpdates: new Map(),
      rangeQueries: new Map(),
      collections: new Map(),
    }));
  }

  #collection(namespace: string, collection: string): Collection {
    return getOrMake(this.#namespace(namespace).collections, collection, () => ({
      reads: new Map(),
      writes: new Map(),
      metadataWrites: new Map(),
      privateWrites: new Map(),
      privateMetadataWrites: new Set(),
    }));
  }
}

/** Null where the collection was only read. */
function privateBytes({ privateWrites, privateMetadataWrites }: Collection): Uint8Array | null {
  if (privateWrites.size === 0 && privateMetadataWrites.size === 0) {
    return null;
  }
  return encodeKeyReadWriteSet({
    reads: [],
    rangeQueries: [],
    writes: byKey(privateWrites),
    metadataUpdates: sortedKeys(privateMetadataWrites).map((key) => ({ key, entries: [] })),
  });
}

/** A value without bytes is no value. */
function write(key: string, value: Uint8Array | null): WriteView {
  return { key, isDelete: value === null || value.length === 0, value: value ?? EMPTY };
}

function entries(metadata: ReadonlyMap<string, Uint8Array>): MetadataEntryView[] {
  return sortedKeys(metadata.keys()).map((name) => ({ name, value: metadata.get(name) ?? EMPTY }));
}

function byKey<T>(map: ReadonlyMap<string, T>): T[] {
  return sortedKeys(map.keys()).map((key) => map.get(key) as T);
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(hash('sha256', bytes, 'buffer'));
}

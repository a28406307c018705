import { hash } from 'node:crypto';
import type { HashedCollectionView, NamespaceView, WriteView } from '#node/protos/readWriteSetView.ts';
import { getOrMake } from '../state/getOrMake.ts';
import type { Height } from '../state/height.ts';
import { hashedKey } from '../state/namespaces.ts';
import { encodeMetadata } from '../state/stateMetadata.ts';
import type { StateUpdate, StateUpdates } from '../state/stateUpdates.ts';

/** Flags of what one transaction does to one key, added up as Fabric adds them (validation/tx_ops.go). */
const PUT = 1;
const METADATA_PUT = 2;
const METADATA_DELETE = 4;
const DELETE = 8;

const HASH_OF_NOTHING = new Uint8Array(hash('sha256', new Uint8Array(0), 'buffer'));

interface KeyOperation {
  flags: number;
  value: Uint8Array | null;
  metadata: Uint8Array | null;
}

/** Committed values of keys that a block writes without saying all about them. */
export interface CommittedValues {
  /** Value and metadata of a public key, or (`collection` not null) of a hash by its key in hex; null where there is none. */
  latest(
    namespace: string,
    collection: string | null,
    key: string,
  ): { readonly value: Uint8Array | null; readonly metadata: Uint8Array | null } | null;
}

/** A write without a value deletes, whatever its flag says (FAB-18386). */
export function deletes(write: WriteView): boolean {
  return write.isDelete || write.value.length === 0;
}

/** A hashed write deletes where the flag says so, and where its hash is missing or that of an empty value. */
export function deletesHash(write: HashedCollectionView['writes'][number]): boolean {
  return write.isDelete || write.valueHash.length === 0 || Buffer.compare(write.valueHash, HASH_OF_NOTHING) === 0;
}

/**
 * Adds the writes of one valid transaction to its block's updates: a value alone keeps the metadata that the key has (after the
 * transactions before it), metadata alone keep the value and do nothing to a key that is not there.
 */
export function applyWrites(
  namespaces: readonly NamespaceView[],
  version: Height,
  updates: StateUpdates,
  committed: CommittedValues,
): void {
  for (const [namespace, sets] of grouped(namespaces)) {
    if (putSingleValue(namespace, sets, version, updates, committed)) {
      continue;
    }
    const own = new Map<string, KeyOperation>();
    const collections = new Map<string, Map<string, KeyOperation>>();
    for (const set of sets) {
      for (const write of set.writes) {
        addWrite(own, write.key, deletes(write) ? null : write.value);
      }
      for (const { key, entries } of set.metadataUpdates) {
        addMetadata(own, key, entries);
      }
      for (const collection of set.collections) {
        const operations = getOrMake(collections, collection.name, () => new Map<string, KeyOperation>());
        for (const write of collection.writes) {
          const key = hashedKey(write.keyHash);
          addWrite(operations, key, deletesHash(write) ? null : write.valueHash);
        }
        for (const { keyHash, entries } of collection.metadataWrites) {
          addMetadata(operations, hashedKey(keyHash), entries);
        }
      }
    }
    // Each key's outcome is settled before any is written: one transaction does not see its own writes.
    for (const [key, operation] of own) {
      const update = outcome(operation, version, () => {
        return updates.getPublic(namespace, key) ?? committed.latest(namespace, null, key);
      });
      if (update !== null) {
        updates.putPublic(namespace, key, update);
      }
    }
    for (const [collection, operations] of collections) {
      for (const [key, operation] of operations) {
        const update = outcome(operation, version, () => {
          return updates.getHashed(namespace, collection, key) ?? committed.latest(namespace, collection, key);
        });
        if (update !== null) {
          updates.putHashed(namespace, collection, key, update);
        }
      }
    }
  }
}

/** The usual case, without more ado: one public value written, and nothing else. @returns whether it was that, or nothing at all */
function putSingleValue(
  namespace: string,
  [set, ...others]: readonly NamespaceView[],
  version: Height,
  updates: StateUpdates,
  committed: CommittedValues,
): boolean {
  if (set === undefined || others.length > 0 || set.collections.length > 0) {
    return false;
  }
  const { writes, metadataUpdates } = set;
  if (writes.length > 1 || metadataUpdates.length > 0) {
    return false;
  }
  const [write] = writes;
  if (write !== undefined) {
    const isDelete = deletes(write);
    const before = isDelete
      ? null
      : (updates.getPublic(namespace, write.key) ?? committed.latest(namespace, null, write.key));
    updates.putPublic(namespace, write.key, {
      value: isDelete ? null : write.value,
      metadata: before?.metadata ?? null,
      version,
    });
  }
  return true;
}

/** Null: the operation comes to nothing. */
function outcome(
  operation: KeyOperation,
  version: Height,
  latest: () => { readonly value: Uint8Array | null; readonly metadata: Uint8Array | null } | null,
): StateUpdate | null {
  const { flags, value, metadata } = operation;
  if (flags & DELETE) {
    return { value: null, metadata: null, version };
  }
  if (flags & PUT && flags & (METADATA_PUT | METADATA_DELETE)) {
    return { value, metadata, version };
  }
  if ((flags | PUT) === PUT) {
    return { value, metadata: latest()?.metadata ?? null, version };
  }
  const before = latest()?.value ?? null;
  // Deleted earlier in the block: Go's peer has no answer to that (it panics); here the key stays deleted.
  return before === null ? null : { value: before, metadata, version };
}

/** @param value null deletes. */
function addWrite(operations: Map<string, KeyOperation>, key: string, value: Uint8Array | null): void {
  const operation = getOrMake(operations, key, noOperation);
  // A key written twice by one transaction (no honest endorser does it) adds up to other flags, and Go's byte wraps.
  operation.flags = (operation.flags + (value === null ? DELETE : PUT)) & 0xff;
  operation.value = value ?? operation.value;
}

function noOperation(): KeyOperation {
  return { flags: 0, value: null, metadata: null };
}

function addMetadata(
  operations: Map<string, KeyOperation>,
  key: string,
  entries: HashedCollectionView['metadataWrites'][number]['entries'],
): void {
  const operation = getOrMake(operations, key, noOperation);
  if (entries.length === 0) {
    operation.flags = (operation.flags + METADATA_DELETE) & 0xff;
    return;
  }
  operation.flags = (operation.flags + METADATA_PUT) & 0xff;
  operation.metadata = encodeMetadata(entries);
}

/** A namespace that comes twice in a read-write set is one. */
function grouped(namespaces: readonly NamespaceView[]): Map<string, NamespaceView[]> {
  const groups = new Map<string, NamespaceView[]>();
  if (namespaces.length === 1) {
    const [only] = namespaces as readonly [NamespaceView];
    return groups.set(only.namespace, [only]);
  }
  for (const one of namespaces) {
    getOrMake(groups, one.namespace, () => []).push(one);
  }
  return groups;
}

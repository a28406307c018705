import { createHash } from 'node:crypto';
import { encodeHeight } from './height.ts';
import { sortedKeys } from './keyOrder.ts';
import { CONFIG_NAMESPACE, hashedKeyBytes } from './namespaces.ts';
import type { KeyUpdates, StateUpdate, StateUpdates } from './stateUpdates.ts';
import { WireWriter } from './wireWriter.ts';

const EMPTY = new Uint8Array(0);

/**
 * A block's public and hashed writes as every peer must see them: a `txmgr.Updates` message, namespaces in order, in each the
 * public keys in order and then its collections. The name of a namespace (or collection) stands at its first write alone; the
 * channel's configuration is left out (core/ledger/kvledger/txmgmt/txmgr/update_batch_bytes.go).
 */
export function updateBytes(updates: StateUpdates): Uint8Array {
  const writer = new WireWriter(4096);
  for (const namespace of sortedKeys(new Set([...updates.public.keys(), ...updates.hashed.keys()]))) {
    if (namespace === CONFIG_NAMESPACE) {
      continue;
    }
    let name = namespace;
    const own = updates.public.get(namespace);
    if (own !== undefined) {
      for (const key of sortedKeys(own.keys())) {
        write(writer, name, '', own.get(key) as StateUpdate, (message) => message.string(3, key));
        name = '';
      }
    }
    const collections = updates.hashed.get(namespace);
    for (const collection of sortedKeys(collections?.keys() ?? [])) {
      const hashes = collections?.get(collection) as KeyUpdates;
      let collectionName = collection;
      // Hex sorts as the bytes do.
      for (const key of [...hashes.keys()].toSorted()) {
        write(writer, name, collectionName, hashes.get(key) as StateUpdate, (message) =>
          message.bytes(3, hashedKeyBytes(key)),
        );
        name = '';
        collectionName = '';
      }
    }
  }
  return writer.finish();
}

function write(
  writer: WireWriter,
  namespace: string,
  collection: string,
  { value, version }: StateUpdate,
  key: (message: WireWriter) => unknown,
): void {
  writer.message(1, (message) => {
    key(message.string(1, namespace).string(2, collection));
    message
      .bool(4, value === null)
      .bytes(5, value ?? EMPTY)
      .bytes(6, encodeHeight(version));
  });
}

/**
 * A peer's running hash over codes and writes of all blocks up to this one, as it stands in the block's metadata: SHA-256 over
 * the count of codes (varint), the codes, {@link updateBytes} and the hash of the block before (`kv_ledger.go`). Block 0 has none:
 * block 1 begins the chain, with no previous hash.
 */
export function commitHash(previous: Uint8Array | null, codes: Uint8Array, updates: Uint8Array): Uint8Array {
  const digest = createHash('sha256')
    .update(new WireWriter(16).varint(codes.length).finish())
    .update(codes)
    .update(updates);
  if (previous !== null) {
    digest.update(previous);
  }
  return new Uint8Array(digest.digest());
}

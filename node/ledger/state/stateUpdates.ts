import { getOrMake } from './getOrMake.ts';
import type { Height } from './height.ts';
import { hashedNamespace, privateNamespace } from './namespaces.ts';

/** What a block leaves of one key: a value, or its end (`value` null). */
export interface StateUpdate {
  readonly value: Uint8Array | null;
  readonly metadata: Uint8Array | null;
  readonly version: Height;
}

/** Updates of one namespace or collection, by key. */
export type KeyUpdates = Map<string, StateUpdate>;
type CollectionUpdates = Map<string, Map<string, KeyUpdates>>;

/**
 * All that one block changes: public keys, hashes of private keys (their keys in hex) and private keys, each at most once.
 * Fabric's `privacyenabledstate.UpdateBatch`.
 */
export class StateUpdates {
  readonly public = new Map<string, KeyUpdates>();
  readonly hashed: CollectionUpdates = new Map();
  readonly private: CollectionUpdates = new Map();

  putPublic(namespace: string, key: string, update: StateUpdate): void {
    getOrMake(this.public, namespace, newUpdates).set(key, update);
  }

  /** @param keyHash in hex, see `hashedKey`. */
  putHashed(namespace: string, collection: string, keyHash: string, update: StateUpdate): void {
    getOrMake(getOrMake(this.hashed, namespace, newCollections), collection, newUpdates).set(keyHash, update);
  }

  putPrivate(namespace: string, collection: string, key: string, update: StateUpdate): void {
    getOrMake(getOrMake(this.private, namespace, newCollections), collection, newUpdates).set(key, update);
  }

  getPublic(namespace: string, key: string): StateUpdate | undefined {
    return this.public.get(namespace)?.get(key);
  }

  getHashed(namespace: string, collection: string, keyHash: string): StateUpdate | undefined {
    return this.hashed.get(namespace)?.get(collection)?.get(keyHash);
  }

  getPrivate(namespace: string, collection: string, key: string): StateUpdate | undefined {
    return this.private.get(namespace)?.get(collection)?.get(key);
  }

  /** All of it under the names that a state database uses. */
  *namespaces(): IterableIterator<readonly [namespace: string, updates: ReadonlyMap<string, StateUpdate>]> {
    yield* this.public;
    for (const [namespace, collections] of this.hashed) {
      for (const [collection, updates] of collections) {
        yield [hashedNamespace(namespace, collection), updates];
      }
    }
    for (const [namespace, collections] of this.private) {
      for (const [collection, updates] of collections) {
        yield [privateNamespace(namespace, collection), updates];
      }
    }
  }

  /** Chaincode namespaces in which this sets metadata, of a public key or of a hash. */
  namespacesWithMetadata(): Set<string> {
    const found = new Set<string>();
    for (const [namespace, updates] of this.public) {
      if (hasMetadata(updates)) {
        found.add(namespace);
      }
    }
    for (const [namespace, collections] of this.hashed) {
      for (const updates of collections.values()) {
        if (hasMetadata(updates)) {
          found.add(namespace);
        }
      }
    }
    return found;
  }

  get isEmpty(): boolean {
    return this.public.size === 0 && this.hashed.size === 0 && this.private.size === 0;
  }
}

const newUpdates = (): KeyUpdates => new Map();
const newCollections = (): Map<string, KeyUpdates> => new Map();

function hasMetadata(updates: KeyUpdates): boolean {
  for (const { metadata } of updates.values()) {
    if (metadata !== null) {
      return true;
    }
  }
  return false;
}

/**
 * Names of the namespaces in which Fabric's state databases keep private data and its hashes (privacyenabledstate): the
 * chaincode's namespace, `$$p` or `$$h`, and the collection.
 */
const PRIVATE = '$$p';
const HASHED = '$$h';

/** Channel configuration lives in the namespace without a name. */
export const CONFIG_NAMESPACE = '';
export const CONFIG_KEY = 'CHANNEL_CONFIG_ENV_BYTES';

export function privateNamespace(namespace: string, collection: string): string {
  return `${namespace}${PRIVATE}${collection}`;
}

export function hashedNamespace(namespace: string, collection: string): string {
  return `${namespace}${HASHED}${collection}`;
}

export function isPrivateNamespace(name: string): boolean {
  return name.includes(PRIVATE);
}

export function isHashedNamespace(name: string): boolean {
  return name.includes(HASHED);
}

/** Chaincode and collection of a derived name; null for a plain namespace. */
export function collectionOf(name: string): { readonly namespace: string; readonly collection: string } | null {
  for (const infix of [HASHED, PRIVATE]) {
    const at = name.indexOf(infix);
    if (at >= 0) {
      return { namespace: name.slice(0, at), collection: name.slice(at + infix.length) };
    }
  }
  return null;
}

/** The key under which a hash is kept: lower-case hex, which sorts as its bytes do. */
export function hashedKey(keyHash: Uint8Array): string {
  return Buffer.from(keyHash.buffer, keyHash.byteOffset, keyHash.byteLength).toString('hex');
}

/** The bytes that {@link hashedKey} was made of. */
export function hashedKeyBytes(key: string): Uint8Array {
  return new Uint8Array(Buffer.from(key, 'hex'));
}

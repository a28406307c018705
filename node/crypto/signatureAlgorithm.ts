import { type KeyObject, verify } from 'node:crypto';
import { DerReader } from './der.ts';
import { isEcdsa, keyKind } from './keys.ts';

type Family = 'ecdsa' | 'rsa' | 'ed25519';

/** How certificates and revocation lists are signed; SHA-1 is known, since lists may still use it. */
const ALGORITHMS: ReadonlyMap<string, { readonly family: Family; readonly digest: string | null }> = new Map([
  ['1.2.840.10045.4.1', { family: 'ecdsa', digest: 'sha1' }],
  ['1.2.840.10045.4.3.2', { family: 'ecdsa', digest: 'sha256' }],
  ['1.2.840.10045.4.3.3', { family: 'ecdsa', digest: 'sha384' }],
  ['1.2.840.10045.4.3.4', { family: 'ecdsa', digest: 'sha512' }],
  ['1.2.840.113549.1.1.5', { family: 'rsa', digest: 'sha1' }],
  ['1.2.840.113549.1.1.11', { family: 'rsa', digest: 'sha256' }],
  ['1.2.840.113549.1.1.12', { family: 'rsa', digest: 'sha384' }],
  ['1.2.840.113549.1.1.13', { family: 'rsa', digest: 'sha512' }],
  ['1.3.101.112', { family: 'ed25519', digest: null }],
]);

/** Dotted OID of an AlgorithmIdentifier. @throws CryptoError */
export function algorithmOid(contentOfSequence: Uint8Array): string {
  return new DerReader(contentOfSequence).oid();
}

export function isEcdsaAlgorithm(oid: string): boolean {
  return ALGORITHMS.get(oid)?.family === 'ecdsa';
}

/** Whether an authority's signature holds; false for an algorithm that is unknown, weak or not the key's. */
export function authoritySigned(options: {
  readonly key: KeyObject;
  /** Dotted OID. */
  readonly algorithm: string;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  readonly allowSha1: boolean;
}): boolean {
  const algorithm = ALGORITHMS.get(options.algorithm);
  const kind = keyKind(options.key);
  if (algorithm === undefined || (algorithm.digest === 'sha1' && !options.allowSha1)) {
    return false;
  }
  const family: Family | null = isEcdsa(kind)
    ? 'ecdsa'
    : kind === 'RSA'
      ? 'rsa'
      : kind === 'Ed25519'
        ? 'ed25519'
        : null;
  try {
    return family === algorithm.family && verify(algorithm.digest, options.message, options.key, options.signature);
  } catch {
    return false;
  }
}

import { hash } from 'node:crypto';
import { CryptoError } from './cryptoError.ts';

/** What `FabricCryptoConfig.signature_hash_family` names. Whatever the key's size, the digest is of 256 bits (Fabric, `identity.getHashOpt`). */
export type SignatureHashFamily = 'SHA2' | 'SHA3';

/** node:crypto's name of the digest that signatures of a family cover. */
export type SignatureDigest = 'sha256' | 'sha3-256';

/** Null for a family that is not known: an MSP may name one, and no ECDSA signature of its members holds then. */
export function signatureDigest(family: string): SignatureDigest | null {
  return family === 'SHA2' ? 'sha256' : family === 'SHA3' ? 'sha3-256' : null;
}

const IDENTIFIER_DIGESTS: ReadonlyMap<string, string> = new Map([
  ['SHA256', 'sha256'],
  ['SHA384', 'sha384'],
  ['SHA3_256', 'sha3-256'],
  ['SHA3_384', 'sha3-384'],
]);

/**
 * node:crypto's name of the digest that `FabricCryptoConfig.identity_identifier_hash_function` names.
 * @throws CryptoError `unsupported_hash`
 */
export function identifierDigest(name: string): string {
  const digest = IDENTIFIER_DIGESTS.get(name);
  if (digest === undefined) {
    throw new CryptoError('unsupported_hash', `hash function ${name} is not known`);
  }
  return digest;
}

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  return hash('sha256', parts.length === 1 && only !== undefined ? only : Buffer.concat(parts), 'buffer');
}

export function sha256Hex(...parts: readonly Uint8Array[]): string {
  return Buffer.from(sha256(...parts)).toString('hex');
}

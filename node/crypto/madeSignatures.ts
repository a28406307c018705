import { hash, type KeyObject } from 'node:crypto';
import type { SignatureDigest } from './hash.ts';
import type { Signer } from './sign.ts';

/** Twice as many are kept at most: those of about a hundred blocks. */
const GENERATION = 5000;

interface Made {
  readonly signer: Signer;
  /** SHA-256 of what was signed. */
  readonly message: string;
}

let young = new Map<string, Made>();
let old = new Map<string, Made>();
/** Whether a key is a signer's own: compared once. */
const owners = new WeakMap<KeyObject, WeakMap<Signer, boolean>>();

/**
 * Keeps in mind that this process made a signature. A peer meets its own endorsements again when the block comes: of those it need not
 * find out what it knows, which saves a third of what a transaction with two endorsements costs in signatures.
 */
export function rememberSignature(signer: Signer, message: Uint8Array, signature: Uint8Array): void {
  if (young.size >= GENERATION) {
    old = young;
    young = new Map();
  }
  young.set(nameOf(signature), { signer, message: digestOf(message) });
}

/**
 * Whether this process made this very signature over this very message with this very key. False says nothing: it may be long ago.
 * @param digest that the signature is to be checked with
 */
export function madeHere(
  key: KeyObject,
  message: Uint8Array,
  signature: Uint8Array,
  digest: SignatureDigest = 'sha256',
): boolean {
  const name = nameOf(signature);
  const made = young.get(name) ?? old.get(name);
  return (
    made !== undefined && made.signer.digest === digest && owns(made.signer, key) && made.message === digestOf(message)
  );
}

function owns(signer: Signer, key: KeyObject): boolean {
  let known = owners.get(key);
  if (known === undefined) {
    known = new WeakMap();
    owners.set(key, known);
  }
  let own = known.get(signer);
  if (own === undefined) {
    own = key.equals(signer.certificate.publicKey);
    known.set(signer, own);
  }
  return own;
}

function nameOf(signature: Uint8Array): string {
  return Buffer.from(signature.buffer, signature.byteOffset, signature.byteLength).toString('latin1');
}

function digestOf(message: Uint8Array): string {
  return hash('sha256', message, 'base64');
}

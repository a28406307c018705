import type { KeyObject } from 'node:crypto';
import type { CurveName } from './ecdsaSignature.ts';

/** What a key is to Fabric: an ECDSA key with its curve, an Ed25519 key, an RSA key (of authorities only), or nothing it knows. */
export type KeyKind = CurveName | 'Ed25519' | 'RSA' | null;

const CURVES: ReadonlyMap<string, CurveName> = new Map([
  ['secp224r1', 'P-224'],
  ['prime256v1', 'P-256'],
  ['secp384r1', 'P-384'],
  ['secp521r1', 'P-521'],
]);

const known = new WeakMap<KeyObject, KeyKind>();

export function keyKind(key: KeyObject): KeyKind {
  let kind = known.get(key);
  if (kind === undefined) {
    kind = kindOf(key);
    known.set(key, kind);
  }
  return kind;
}

function kindOf(key: KeyObject): KeyKind {
  switch (key.asymmetricKeyType) {
    case 'ec':
      return CURVES.get(key.asymmetricKeyDetails?.namedCurve ?? '') ?? null;
    case 'ed25519':
      return 'Ed25519';
    case 'rsa':
      return 'RSA';
    default:
      return null;
  }
}

/** Whether a kind is one of ECDSA's. */
export function isEcdsa(kind: KeyKind): kind is CurveName {
  return kind !== null && kind.startsWith('P-');
}

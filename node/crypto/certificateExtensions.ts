import { CryptoError } from './cryptoError.ts';
import { bitString, DER, DerReader } from './der.ts';

export const OID = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  crlDistributionPoints: '2.5.29.31',
  certificatePolicies: '2.5.29.32',
  policyMappings: '2.5.29.33',
  authorityKeyIdentifier: '2.5.29.35',
  policyConstraints: '2.5.29.36',
  extendedKeyUsage: '2.5.29.37',
  inhibitAnyPolicy: '2.5.29.54',
  anyExtendedKeyUsage: '2.5.29.37.0',
  serverAuth: '1.3.6.1.5.5.7.3.1',
} as const;

/** Those that Go's parser handles; a critical one beyond them makes a certificate invalid. */
const HANDLED: ReadonlySet<string> = new Set(Object.values(OID));

/** Bit of `KeyUsage` for signing certificates. */
export const KEY_USAGE_CERT_SIGN = 1 << 5;

/** What decides whether a certificate is valid. */
export interface CertificateExtensions {
  /** Null without the extension; `maxPathLength` null where it sets no limit. */
  readonly basicConstraints: { readonly isCa: boolean; readonly maxPathLength: number | null } | null;
  /** Bit n of the extension as 1 << n; null without it. */
  readonly keyUsage: number | null;
  /** Dotted OIDs; null without the extension. */
  readonly extendedKeyUsage: readonly string[] | null;
  /** As the extension's octets are; null without it. Read only when needed, since Fabric asks authorities alone for it. */
  readonly subjectKeyIdentifier: Uint8Array | null;
  /** Contents of the extensions' OCTET STRING. */
  readonly nameConstraints: Uint8Array | null;
  readonly subjectAltName: Uint8Array | null;
  readonly unhandledCritical: readonly string[];
}

/** @throws CryptoError */
export function readExtensions(reader: DerReader): CertificateExtensions {
  const found = new Map<string, Uint8Array>();
  const unhandledCritical: string[] = [];
  while (!reader.done) {
    const extension = reader.sequence();
    const oid = extension.oid();
    const critical = extension.peek === DER.boolean && extension.boolean();
    const { content } = extension.expect(DER.octetString);
    if (found.has(oid)) {
      throw new CryptoError('malformed_der', `extension ${oid} comes twice`);
    }
    found.set(oid, content);
    if (critical && !HANDLED.has(oid)) {
      unhandledCritical.push(oid);
    }
  }
  const value = <T>(oid: string, read: (content: Uint8Array) => T): T | null => {
    const content = found.get(oid);
    return content === undefined ? null : read(content);
  };
  return {
    basicConstraints: value(OID.basicConstraints, readBasicConstraints),
    keyUsage: value(OID.keyUsage, readKeyUsage),
    extendedKeyUsage: value(OID.extendedKeyUsage, readExtendedKeyUsage),
    subjectKeyIdentifier: value(OID.subjectKeyIdentifier, readKeyIdentifier),
    nameConstraints: found.get(OID.nameConstraints) ?? null,
    subjectAltName: found.get(OID.subjectAltName) ?? null,
    unhandledCritical,
  };
}

function readBasicConstraints(content: Uint8Array): CertificateExtensions['basicConstraints'] {
  const constraints = new DerReader(content).sequence();
  const isCa = constraints.peek === DER.boolean && constraints.boolean();
  const maxPathLength = constraints.peek === DER.integer ? constraints.smallInteger() : null;
  // Go takes -1 for no limit, and leaves other negative ones without effect.
  return { isCa, maxPathLength: maxPathLength !== null && maxPathLength < 0 ? null : maxPathLength };
}

function readKeyUsage(content: Uint8Array): number {
  const { bits } = bitString(new DerReader(content).expect(DER.bitString).content);
  let usage = 0;
  for (let bit = 0; bit < 9; bit++) {
    if (((bits[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) {
      usage |= 1 << bit;
    }
  }
  return usage;
}

function readExtendedKeyUsage(content: Uint8Array): readonly string[] {
  const usages = new DerReader(content).sequence();
  const oids: string[] = [];
  while (!usages.done) {
    oids.push(usages.oid());
  }
  return oids;
}

function readKeyIdentifier(content: Uint8Array): Uint8Array {
  return new DerReader(content).expect(DER.octetString).content;
}

/**
 * The key identifier of an `AuthorityKeyIdentifier`; empty where it names the authority otherwise.
 * @throws CryptoError
 */
export function readAuthorityKeyIdentifier(content: Uint8Array): Uint8Array {
  return new DerReader(content).sequence().optional(0x80)?.content ?? new Uint8Array(0);
}

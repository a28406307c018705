import { CryptoError } from './cryptoError.ts';
import { bitString, DER, DerReader } from './der.ts';
import { type GeneralName, type NameConstraints, readNameConstraints, readSubjectAltName } from './generalNames.ts';

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
  authorityInfoAccess: '1.3.6.1.5.5.7.1.1',
  anyExtendedKeyUsage: '2.5.29.37.0',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

/** Those that Go's parser handles; a critical one beyond them makes a certificate invalid. */
const HANDLED: ReadonlySet<string> = new Set([
  OID.subjectKeyIdentifier,
  OID.keyUsage,
  OID.subjectAltName,
  OID.basicConstraints,
  OID.nameConstraints,
  OID.crlDistributionPoints,
  OID.certificatePolicies,
  OID.policyMappings,
  OID.authorityKeyIdentifier,
  OID.policyConstraints,
  OID.extendedKeyUsage,
  OID.inhibitAnyPolicy,
  OID.authorityInfoAccess,
]);

/** Those that must not be marked critical. */
const NEVER_CRITICAL: ReadonlySet<string> = new Set([
  OID.subjectKeyIdentifier,
  OID.authorityKeyIdentifier,
  OID.authorityInfoAccess,
]);

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
  /** Null without the extension. */
  readonly subjectKeyIdentifier: Uint8Array | null;
  readonly nameConstraints: NameConstraints | null;
  readonly subjectAltNames: readonly GeneralName[] | null;
  /** What the extension of alternative names holds; empty without it. */
  readonly rawSubjectAltName: Uint8Array;
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
    if (critical && NEVER_CRITICAL.has(oid)) {
      throw new CryptoError('malformed_der', `extension ${oid} is marked critical`);
    }
    if (critical && (!HANDLED.has(oid) || isUnhandled(oid, content))) {
      unhandledCritical.push(oid);
    }
  }
  const value = <T>(oid: string, read: (content: Uint8Array) => T): T | null => {
    const content = found.get(oid);
    return content === undefined ? null : read(content);
  };
  value(OID.authorityKeyIdentifier, readAuthorityKeyIdentifier);
  for (const oid of SEQUENCES) {
    value(oid, (content) => new DerReader(content).sequence());
  }
  return {
    basicConstraints: value(OID.basicConstraints, readBasicConstraints),
    keyUsage: value(OID.keyUsage, readKeyUsage),
    extendedKeyUsage: value(OID.extendedKeyUsage, readExtendedKeyUsage),
    subjectKeyIdentifier: value(OID.subjectKeyIdentifier, readKeyIdentifier),
    nameConstraints: value(OID.nameConstraints, readNameConstraints),
    subjectAltNames: value(OID.subjectAltName, readSubjectAltName),
    rawSubjectAltName: found.get(OID.subjectAltName) ?? new Uint8Array(0),
    unhandledCritical,
  };
}

/** Checked to be lists; what is in them plays no part here. */
const SEQUENCES = [
  OID.crlDistributionPoints,
  OID.certificatePolicies,
  OID.policyMappings,
  OID.policyConstraints,
  OID.authorityInfoAccess,
];

/** Whether a known extension holds nothing that Go reads, or something that it does not. */
function isUnhandled(oid: string, content: Uint8Array): boolean {
  return (
    (oid === OID.subjectAltName && readSubjectAltName(content).length === 0) ||
    (oid === OID.nameConstraints && readNameConstraints(content).unhandled)
  );
}

function readBasicConstraints(content: Uint8Array): CertificateExtensions['basicConstraints'] {
  const constraints = new DerReader(content).sequence();
  const isCa = constraints.peek === DER.boolean && constraints.boolean();
  const maxPathLength = constraints.peek === DER.integer ? constraints.smallInteger() : null;
  if (maxPathLength !== null && maxPathLength < 0) {
    throw new CryptoError('malformed_der', 'a path length below zero');
  }
  return { isCa, maxPathLength };
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

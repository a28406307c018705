import { createHash, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { Certificate } from './certificate.ts';
import { KEY_USAGE_CERT_SIGN, OID } from './certificateExtensions.ts';
import { CryptoError } from './cryptoError.ts';
import { DER } from './der.ts';
import { derEncode } from '#node/protos/derEncode.ts';
import { toLowS } from './ecdsaSignature.ts';
import { GENERAL_NAME } from './generalNames.ts';
import { isEcdsa, keyKind } from './keys.ts';

/** An authority, or a holder: a certificate with its private key. */
export interface KeyedCertificate {
  readonly certificate: Certificate;
  readonly privateKey: KeyObject;
}

export interface CertificateExtension {
  /** Dotted. */
  readonly oid: string;
  readonly critical: boolean;
  /** DER of what the extension holds. */
  readonly value: Uint8Array;
}

export interface CertificateRequest {
  readonly commonName: string;
  readonly organization?: string;
  readonly organizationalUnits?: readonly string[];
  /** Content octets of the INTEGER. */
  readonly serialNumber: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Public or private. */
  readonly key: KeyObject;
  readonly extensions: readonly CertificateExtension[];
}

/**
 * A certificate signed by `issuer`; by `issuer.privateKey` itself, under its own name, where that comes without certificate.
 * ECDSA signatures have S in the lower half.
 */
export function issueCertificate(
  request: CertificateRequest,
  issuer: { readonly certificate: Certificate | null; readonly privateKey: KeyObject },
): Certificate {
  const subject = nameDer(request);
  const key = request.key.type === 'private' ? createPublicKey(request.key) : request.key;
  const algorithm = algorithmOf(issuer.privateKey);
  const extensions = derEncode(DER.sequence, ...request.extensions.map(extensionDer));
  const tbs = derEncode(
    DER.sequence,
    derEncode(0xa0, derEncode(DER.integer, Uint8Array.of(2))),
    derEncode(DER.integer, request.serialNumber),
    algorithm.der,
    issuer.certificate?.rawSubject ?? subject,
    derEncode(DER.sequence, timeDer(request.notBefore), timeDer(request.notAfter)),
    subject,
    key.export({ format: 'der', type: 'spki' }),
    derEncode(0xa3, extensions),
  );
  return Certificate.fromDer(signedDer(tbs, issuer.privateKey));
}

/** What Fabric asks of an authority: `maxPathLength` null for no limit. */
export function authorityExtensions(
  key: KeyObject,
  maxPathLength: number | null = null,
): readonly CertificateExtension[] {
  const limit = maxPathLength === null ? [] : [derEncode(DER.integer, Uint8Array.of(maxPathLength))];
  const isCa = derEncode(DER.boolean, Uint8Array.of(0xff));
  return [
    { oid: OID.basicConstraints, critical: true, value: derEncode(DER.sequence, isCa, ...limit) },
    keyUsageExtension(KEY_USAGE_CERT_SIGN | CRL_SIGN),
    subjectKeyIdentifierExtension(key),
  ];
}

/** What a member's certificate has; `authority` names the key that signs it. */
export function memberExtensions(authority: Certificate): readonly CertificateExtension[] {
  return [
    { oid: OID.basicConstraints, critical: true, value: derEncode(DER.sequence) },
    keyUsageExtension(DIGITAL_SIGNATURE),
    authorityKeyIdentifierExtension(authority),
  ];
}

const DIGITAL_SIGNATURE = 1;
const CRL_SIGN = 1 << 6;

/** @param usage bit n of the extension as 1 << n; the first eight */
export function keyUsageExtension(usage: number): CertificateExtension {
  let bits = 0;
  let highest = 0;
  for (let bit = 0; bit < 8; bit++) {
    if ((usage >> bit) & 1) {
      bits |= 0x80 >> bit;
      highest = bit;
    }
  }
  return { oid: OID.keyUsage, critical: true, value: derEncode(DER.bitString, Uint8Array.of(7 - highest, bits)) };
}

export function subjectKeyIdentifierExtension(key: KeyObject): CertificateExtension {
  return { oid: OID.subjectKeyIdentifier, critical: false, value: derEncode(DER.octetString, keyIdentifier(key)) };
}

export function authorityKeyIdentifierExtension(authority: Certificate): CertificateExtension {
  const identifier = authority.extensions.subjectKeyIdentifier ?? keyIdentifier(authority.publicKey);
  return {
    oid: OID.authorityKeyIdentifier,
    critical: false,
    value: derEncode(DER.sequence, derEncode(0x80, identifier)),
  };
}

/** @param oids dotted */
export function extendedKeyUsageExtension(oids: readonly string[]): CertificateExtension {
  return { oid: OID.extendedKeyUsage, critical: false, value: derEncode(DER.sequence, ...oids.map(oidDer)) };
}

/** @param names host names, and IPv4 addresses in dotted form */
export function subjectAltNameExtension(names: readonly string[]): CertificateExtension {
  const encoded = names.map((name) =>
    isIPv4(name)
      ? derEncode(GENERAL_NAME.ip, Uint8Array.from(name.split('.'), Number))
      : derEncode(GENERAL_NAME.dns, Buffer.from(name)),
  );
  return { oid: OID.subjectAltName, critical: false, value: derEncode(DER.sequence, ...encoded) };
}

/** A revocation list (DER) over serial numbers, content octets of INTEGERs. */
export function issueRevocationList(
  issuer: KeyedCertificate,
  revoked: readonly Uint8Array[],
  options: { readonly thisUpdate: Date; readonly extensions?: readonly CertificateExtension[] },
): Uint8Array {
  const { der: algorithm } = algorithmOf(issuer.privateKey);
  const thisUpdate = timeDer(options.thisUpdate);
  const entries = revoked.map((serial) => derEncode(DER.sequence, derEncode(DER.integer, serial), thisUpdate));
  const extensions = options.extensions ?? [authorityKeyIdentifierExtension(issuer.certificate)];
  const tbs = derEncode(
    DER.sequence,
    derEncode(DER.integer, Uint8Array.of(1)),
    algorithm,
    issuer.certificate.rawSubject,
    thisUpdate,
    ...(entries.length === 0 ? [] : [derEncode(DER.sequence, ...entries)]),
    ...(extensions.length === 0 ? [] : [derEncode(0xa0, derEncode(DER.sequence, ...extensions.map(extensionDer)))]),
  );
  return signedDer(tbs, issuer.privateKey);
}

function keyIdentifier(key: KeyObject): Uint8Array {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return createHash('sha256')
    .update(publicKey.export({ format: 'der', type: 'spki' }))
    .digest();
}

function signedDer(tbs: Uint8Array, key: KeyObject): Uint8Array {
  const { der, digest } = algorithmOf(key);
  const kind = keyKind(key);
  const raw: Uint8Array = sign(digest, tbs, key);
  const signature = isEcdsa(kind) ? (toLowS(kind, raw) as Uint8Array) : raw;
  return derEncode(DER.sequence, tbs, der, derEncode(DER.bitString, Uint8Array.of(0), signature));
}

function algorithmOf(key: KeyObject): { readonly der: Uint8Array; readonly digest: string | null } {
  const kind = keyKind(key);
  if (isEcdsa(kind)) {
    return kind === 'P-384'
      ? { der: algorithmDer('1.2.840.10045.4.3.3'), digest: 'sha384' }
      : { der: algorithmDer('1.2.840.10045.4.3.2'), digest: 'sha256' };
  }
  if (kind === 'RSA') {
    return { der: algorithmDer('1.2.840.113549.1.1.11', derEncode(5)), digest: 'sha256' };
  }
  if (kind === 'Ed25519') {
    return { der: algorithmDer('1.3.101.112'), digest: null };
  }
  throw new CryptoError('unsupported_key', `keys of kind ${key.asymmetricKeyType} cannot sign certificates`);
}

function algorithmDer(oid: string, ...parameters: readonly Uint8Array[]): Uint8Array {
  return derEncode(DER.sequence, oidDer(oid), ...parameters);
}

function attributeDer(oid: string, value: string): Uint8Array {
  return derEncode(DER.set, derEncode(DER.sequence, oidDer(oid), derEncode(12, Buffer.from(value))));
}

function extensionDer({ oid, critical, value }: CertificateExtension): Uint8Array {
  const flag = critical ? [derEncode(DER.boolean, Uint8Array.of(0xff))] : [];
  return derEncode(DER.sequence, oidDer(oid), ...flag, derEncode(DER.octetString, value));
}

/** Organisation and units first, as Fabric's tools write them. */
function nameDer({ commonName, organization, organizationalUnits = [] }: CertificateRequest): Uint8Array {
  return derEncode(
    DER.sequence,
    ...(organization === undefined ? [] : [attributeDer('2.5.4.10', organization)]),
    ...organizationalUnits.map((unit) => attributeDer('2.5.4.11', unit)),
    attributeDer('2.5.4.3', commonName),
  );
}

/** UTCTime to 2049, GeneralizedTime from then on (RFC 5280). */
function timeDer(time: Date): Uint8Array {
  const digits = time.toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return time.getUTCFullYear() < 2050
    ? derEncode(DER.utcTime, Buffer.from(digits.slice(2)))
    : derEncode(DER.generalizedTime, Buffer.from(digits));
}

function oidDer(oid: string): Uint8Array {
  const [first, second, ...rest] = oid.split('.').map(Number) as [number, number, ...number[]];
  const octets = [first * 40 + second, ...rest].flatMap((part) => {
    const base128 = [part & 0x7f];
    for (let left = Math.floor(part / 128); left > 0; left = Math.floor(left / 128)) {
      base128.unshift((left & 0x7f) | 0x80);
    }
    return base128;
  });
  return derEncode(DER.objectIdentifier, Uint8Array.from(octets));
}

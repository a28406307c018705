import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import {
  authorityKeyIdentifierExtension,
  type CertificateExtension,
  extendedKeyUsageExtension,
  issueCertificate,
  keyUsageExtension,
  memberExtensions,
  subjectAltNameExtension,
  subjectKeyIdentifierExtension,
} from '#node/crypto/certificateBuilder.ts';
import type { Certificate } from '#node/crypto/certificate.ts';
import { OID } from '#node/crypto/certificateExtensions.ts';
import { DER } from '#node/crypto/der.ts';
import { derEncode } from '#node/protos/derEncode.ts';

/** A certificate with its key, ready to be written. */
export interface Issued {
  readonly commonName: string;
  readonly certificate: Certificate;
  readonly certificatePem: string;
  readonly privateKey: KeyObject;
  /** PKCS #8, as Fabric's tools write keys. */
  readonly keyPem: string;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** What cryptogen gives its certificates: ten years, and five minutes back for clocks that are behind. */
const VALID_MS = 3650 * DAY_MS;
const BACKDATED_MS = 5 * 60 * 1000;

const DIGITAL_SIGNATURE = 1 << 0;
const KEY_ENCIPHERMENT = 1 << 2;
const CERT_SIGN = 1 << 5;
const CRL_SIGN = 1 << 6;

const BOTH_SIDES = [OID.serverAuth, OID.clientAuth];

/** A root authority of its own: `ca.<domain>` signs identities, `tlsca.<domain>` the certificates of connections. */
export function issueAuthority(commonName: string, organization: string, now: Date): Issued {
  const key = newKey();
  const isCa = derEncode(DER.boolean, Uint8Array.of(0xff));
  return issue(null, key, now, {
    commonName,
    organization,
    extensions: [
      keyUsageExtension(DIGITAL_SIGNATURE | KEY_ENCIPHERMENT | CERT_SIGN | CRL_SIGN),
      extendedKeyUsageExtension([OID.clientAuth, OID.serverAuth]),
      { oid: OID.basicConstraints, critical: true, value: derEncode(DER.sequence, isCa) },
      subjectKeyIdentifierExtension(key),
    ],
  });
}

/** A member of an organisation; `unit` (`peer`, `client`, `admin`, `orderer`) is its role where node units are on. */
export function issueIdentity(authority: Issued, commonName: string, unit: string, now: Date): Issued {
  return issue(authority, newKey(), now, {
    commonName,
    units: [unit],
    extensions: memberExtensions(authority.certificate),
  });
}

/** A certificate for either side of a TLS connection. */
export function issueTls(authority: Issued, commonName: string, names: readonly string[], now: Date): Issued {
  return issue(authority, newKey(), now, {
    commonName,
    extensions: [
      keyUsageExtension(DIGITAL_SIGNATURE | KEY_ENCIPHERMENT),
      extendedKeyUsageExtension(BOTH_SIDES),
      { oid: OID.basicConstraints, critical: true, value: derEncode(DER.sequence) },
      authorityKeyIdentifierExtension(authority.certificate),
      ...(names.length === 0 ? [] : [subjectAltNameExtension(names)]),
    ],
  });
}

function issue(
  authority: Issued | null,
  key: KeyObject,
  now: Date,
  subject: {
    readonly commonName: string;
    readonly organization?: string;
    readonly units?: readonly string[];
    readonly extensions: readonly CertificateExtension[];
  },
): Issued {
  const notBefore = new Date(Math.floor((now.getTime() - BACKDATED_MS) / 1000) * 1000);
  const certificate = issueCertificate(
    {
      commonName: subject.commonName,
      ...(subject.organization === undefined ? {} : { organization: subject.organization }),
      organizationalUnits: subject.units ?? [],
      serialNumber: newSerial(),
      notBefore,
      notAfter: new Date(notBefore.getTime() + VALID_MS),
      key,
      extensions: subject.extensions,
    },
    { certificate: authority?.certificate ?? null, privateKey: authority?.privateKey ?? key },
  );
  return {
    commonName: subject.commonName,
    certificate,
    certificatePem: certificate.pem,
    privateKey: key,
    keyPem: key.export({ format: 'pem', type: 'pkcs8' }),
  };
}

function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

/** Positive, and in the shortest form that DER allows. */
function newSerial(): Uint8Array {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] as number) & 0x3f) | 0x40;
  return serial;
}

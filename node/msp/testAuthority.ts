import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { msp } from '@hyperledger/fabric-protos';
import type { Certificate } from '#node/crypto/certificate.ts';
import {
  authorityExtensions,
  type CertificateExtension,
  issueCertificate,
  issueRevocationList,
  type KeyedCertificate,
  memberExtensions,
} from '#node/crypto/certificateBuilder.ts';
import type { MspDefinition } from './mspDefinition.ts';
import { MspError } from './mspError.ts';
import type { MspVersion } from './mspVersion.ts';
import { X509Msp } from './x509Msp.ts';

export type Algorithm = 'P-256' | 'P-384' | 'Ed25519' | 'RSA';

/** For tests: a certificate with its key, made on the spot. */
export interface Holder extends KeyedCertificate {
  readonly pem: Uint8Array;
}

export interface HolderOptions {
  readonly name?: string;
  readonly units?: readonly string[];
  readonly ca?: boolean;
  readonly maxPathLength?: number;
  readonly algorithm?: Algorithm;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly key?: KeyObject;
  /** Beside the usual ones. */
  readonly more?: readonly CertificateExtension[];
  /** Instead of the usual ones. */
  readonly extensions?: readonly CertificateExtension[];
}

let serial = 0x1000;

export function makeKey(algorithm: Algorithm = 'P-256'): KeyObject {
  switch (algorithm) {
    case 'Ed25519':
      return generateKeyPairSync('ed25519').privateKey;
    case 'RSA':
      return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    default:
      return generateKeyPairSync('ec', { namedCurve: algorithm }).privateKey;
  }
}

/** A certificate signed by `issuer`, or by its own key. */
export function issue(issuer: Holder | null, options: HolderOptions = {}): Holder {
  const key = options.key ?? makeKey(options.algorithm);
  const number = serial++;
  const usual =
    options.ca === true || issuer === null
      ? authorityExtensions(key, options.maxPathLength ?? null)
      : memberExtensions(issuer.certificate);
  const certificate = issueCertificate(
    {
      commonName: options.name ?? `holder ${number}`,
      organizationalUnits: options.units ?? [],
      serialNumber: Uint8Array.of(1, number >> 8, number & 0xff),
      notBefore: options.notBefore ?? new Date('2024-01-01T00:00:00Z'),
      notAfter: options.notAfter ?? new Date('2054-01-01T00:00:00Z'),
      key,
      extensions: options.extensions ?? [...usual, ...(options.more ?? [])],
    },
    { certificate: issuer?.certificate ?? null, privateKey: issuer?.privateKey ?? key },
  );
  return { certificate, privateKey: key, pem: Buffer.from(certificate.pem) };
}

export function authority(name: string, options: HolderOptions = {}): Holder {
  return issue(null, { name, ca: true, ...options });
}

export function revocationList(
  signer: KeyedCertificate,
  revoked: readonly Holder[],
  extensions?: readonly CertificateExtension[],
): Uint8Array {
  return issueRevocationList(
    signer,
    revoked.map(({ certificate }) => certificate.serialNumber),
    { thisUpdate: new Date('2024-06-01T00:00:00Z'), ...(extensions === undefined ? {} : { extensions }) },
  );
}

const unit = (name: string) => ({ name, certificate: new Uint8Array(0) });

/** Node units by their usual names. */
export const NODE_UNITS = {
  enable: true,
  client: unit('client'),
  peer: unit('peer'),
  admin: unit('admin'),
  orderer: unit('orderer'),
} as const;

export function definition(roots: readonly Holder[], more: Partial<MspDefinition> = {}): MspDefinition {
  return {
    mspId: 'OrgMSP',
    rootCerts: roots.map(({ pem }) => pem),
    intermediateCerts: [],
    admins: [],
    revocationLists: [],
    units: [],
    nodeUnits: NODE_UNITS,
    tlsRootCerts: [],
    tlsIntermediateCerts: [],
    signatureHashFamily: 'SHA2',
    identifierHash: 'SHA256',
    ...more,
  };
}

/** A serialised identity. */
export function serialized(holder: { readonly pem: Uint8Array } | Certificate, mspId = 'OrgMSP'): Uint8Array {
  const identity = new msp.SerializedIdentity();
  identity.setMspid(mspId);
  identity.setIdBytes(Buffer.from(holder.pem as string));
  return identity.serializeBinary();
}

/** An MSP of the newest version, unless told. */
export function setup(
  roots: readonly Holder[],
  more: Partial<MspDefinition> = {},
  version: MspVersion = '3.0',
): X509Msp {
  return new X509Msp(definition(roots, more), version);
}

/** Code of the error that an identity meets on its way in or when it is validated; null for a member in good standing. */
export function verdict(owner: X509Msp, holder: { readonly pem: Uint8Array } | Certificate): string | null {
  try {
    owner.deserializeIdentity(serialized(holder, owner.mspId)).validate();
    return null;
  } catch (error) {
    if (error instanceof MspError) {
      return error.code;
    }
    throw error;
  }
}

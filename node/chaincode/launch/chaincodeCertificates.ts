import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import {
  authorityExtensions,
  extendedKeyUsageExtension,
  issueCertificate,
  type KeyedCertificate,
  memberExtensions,
  subjectAltNameExtension,
} from '#node/crypto/certificateBuilder.ts';

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const YEAR_MS = 365 * 24 * 3600 * 1000;
/** Clocks of chaincode on other machines may be behind. */
const BACKDATED_MS = 24 * 3600 * 1000;

/** A name that the listener's certificate always has. */
export const LISTENER_NAME = 'localhost';

/** PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

export interface LaunchCertificate {
  readonly pair: KeyPair;
  /** It opens no more streams: the launch is over. */
  revoke(): void;
}

/**
 * Who may register as which chaincode. An authority that lives as long as the process gives each launch a certificate of its own: what
 * comes in with it is that chaincode, and nothing else on the machine can pass for it (core/chaincode/accesscontrol).
 */
export class ChaincodeCertificates {
  readonly #authority: KeyedCertificate;
  readonly #packageIds = new Map<string, string>();

  constructor() {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const request = { commonName: 'chaincode authority', key: privateKey, extensions: authorityExtensions(privateKey) };
    const certificate = issueCertificate({ ...request, ...validity() }, { certificate: null, privateKey });
    this.#authority = { certificate, privateKey };
  }

  /** PEM: what both ends trust. */
  get root(): string {
    return this.#authority.certificate.pem;
  }

  /** @param names host names and addresses under which chaincode reaches the peer */
  server(names: readonly string[]): KeyPair {
    return this.#issue(names[0] ?? 'localhost', [
      extendedKeyUsageExtension([SERVER_AUTH]),
      subjectAltNameExtension([...new Set([...names, LISTENER_NAME])]),
    ]).pair;
  }

  /** For one launch. */
  client(packageId: string): LaunchCertificate {
    // A common name has 64 characters at most; what counts is the hash.
    const { pair, fingerprint } = this.#issue(packageId.slice(0, 64), [extendedKeyUsageExtension([CLIENT_AUTH])]);
    this.#packageIds.set(fingerprint, packageId);
    return { pair, revoke: () => void this.#packageIds.delete(fingerprint) };
  }

  /** Null for a certificate that was not issued here, or not for a launch that lasts. */
  packageIdOf(certificateHash: Uint8Array): string | null {
    return this.#packageIds.get(Buffer.from(certificateHash).toString('hex')) ?? null;
  }

  #issue(
    commonName: string,
    extensions: ReturnType<typeof memberExtensions>,
  ): { readonly pair: KeyPair; readonly fingerprint: string } {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const issued = [...memberExtensions(this.#authority.certificate), ...extensions];
    const certificate = issueCertificate(
      { commonName, key: privateKey, extensions: issued, ...validity() },
      this.#authority,
    );
    return { pair: { certificate: certificate.pem, key: keyPem(privateKey) }, fingerprint: certificate.fingerprint };
  }
}

function validity(): { serialNumber: Uint8Array; notBefore: Date; notAfter: Date } {
  const serialNumber = randomBytes(16);
  // A positive INTEGER without a leading zero.
  serialNumber[0] = ((serialNumber[0] as number) & 0x7f) | 0x40;
  const now = Date.now();
  return { serialNumber, notBefore: new Date(now - BACKDATED_MS), notAfter: new Date(now + 10 * YEAR_MS) };
}

function keyPem(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' });
}

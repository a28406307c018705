import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { GrpcServerError } from './grpcServerError.ts';

/** How a server proves itself, and whom it lets in. */
export interface ServerTls {
  /** PEM; intermediate certificates may follow. */
  readonly certificate: string | Uint8Array;
  /** PEM. */
  readonly key: string | Uint8Array;
  /** PEM certificates that a client's chain must end in, where one is demanded. */
  readonly clientRoots?: readonly (string | Uint8Array)[];
  /** Default false: a client may show a certificate, and is not turned away for it (Go's `RequestClientCert`). */
  readonly requireClientCertificate?: boolean;
}

/**
 * Certificate, key and roots as a server can use them.
 * @param what the server's name for its certificate, in messages
 * @throws GrpcServerError `bad_certificate`, `bad_key`, `key_mismatch`, `expired_certificate`
 */
export function checkServerTls({ certificate, key, clientRoots = [] }: ServerTls, what = 'TLS'): void {
  const parsed = checkKeyPair(certificate, key, what);
  if (parsed.validToDate < new Date()) {
    throw new GrpcServerError(
      'expired_certificate',
      `${named(parsed, what)} expired at ${parsed.validToDate.toISOString()}: no client would accept it. Issue a new one`,
    );
  }
  for (const root of clientRoots) {
    // OpenSSL passes over what it cannot read: clients would be turned away, and nobody would know why.
    readCertificate(root, `root certificate for ${what} clients`);
  }
}

/**
 * A certificate and the key that belongs to it.
 * @throws GrpcServerError `bad_certificate`, `bad_key`, `key_mismatch`
 */
export function checkKeyPair(
  certificate: string | Uint8Array,
  key: string | Uint8Array,
  what: string,
): X509Certificate {
  const parsed = readCertificate(certificate, `${what} certificate`);
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(Buffer.from(key as string));
  } catch (cause) {
    throw new GrpcServerError('bad_key', `the ${what} key cannot be read: is the file a PEM private key?`, { cause });
  }
  if (!parsed.checkPrivateKey(privateKey)) {
    throw new GrpcServerError(
      'key_mismatch',
      `${named(parsed, what)} belongs to another key than the one that is configured`,
    );
  }
  return parsed;
}

function readCertificate(pem: string | Uint8Array, what: string): X509Certificate {
  try {
    return new X509Certificate(Buffer.from(pem as string));
  } catch (cause) {
    throw new GrpcServerError('bad_certificate', `the ${what} cannot be read: is the file a PEM certificate?`, {
      cause,
    });
  }
}

function named({ subject, subjectAltName }: X509Certificate, what: string): string {
  return `the ${what} certificate of ${subject?.replaceAll('\n', ', ') || subjectAltName || 'nobody'}`;
}

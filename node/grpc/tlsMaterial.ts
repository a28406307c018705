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
 * Certificate and key as a server can use them.
 * @throws GrpcServerError `bad_certificate`, `bad_key`, `key_mismatch`, `expired_certificate`
 */
export function checkServerTls({ certificate, key }: ServerTls, at: Date = new Date()): void {
  let parsed: X509Certificate;
  try {
    parsed = new X509Certificate(Buffer.from(certificate as string));
  } catch (cause) {
    throw new GrpcServerError('bad_certificate', 'the TLS certificate cannot be read: is the file a PEM certificate?', {
      cause,
    });
  }
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(Buffer.from(key as string));
  } catch (cause) {
    throw new GrpcServerError('bad_key', 'the TLS key cannot be read: is the file a PEM private key?', { cause });
  }
  const who = `the TLS certificate of ${parsed.subject.replaceAll('\n', ', ') || parsed.subjectAltName || 'nobody'}`;
  if (!parsed.checkPrivateKey(privateKey)) {
    throw new GrpcServerError('key_mismatch', `${who} belongs to another key than the one that is configured`);
  }
  if (parsed.validToDate < at) {
    throw new GrpcServerError(
      'expired_certificate',
      `${who} expired at ${parsed.validToDate.toISOString()}: no client would accept it. Issue a new one`,
    );
  }
}

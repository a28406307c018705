import { CodedError } from '#node/util/codedError.ts';

/**
 * `malformed_der`, `malformed_certificate`, `malformed_crl`: not what the bytes claim to be; `unsupported_key`: an algorithm or
 * curve that Fabric does not know; `key_mismatch`: a private key that is not the certificate's; `unsupported_hash`.
 */
export type CryptoErrorCode =
  | 'malformed_der'
  | 'malformed_certificate'
  | 'malformed_crl'
  | 'unsupported_key'
  | 'key_mismatch'
  | 'unsupported_hash';

/** The one error of this folder. A signature that does not hold is an answer, not an error. */
export class CryptoError extends CodedError<CryptoErrorCode> {
  override readonly name = 'CryptoError';
}

import { CodedError } from '#node/util/codedError.ts';

/**
 * Why a server cannot start.
 *
 * - `address_in_use`: another process listens there; `bad_address`: no such address on this machine, or none at all;
 * - `bad_certificate`, `bad_key`, `key_mismatch`, `expired_certificate`: its TLS certificate and key.
 */
export type GrpcServerErrorCode =
  | 'address_in_use'
  | 'bad_address'
  | 'bad_certificate'
  | 'bad_key'
  | 'key_mismatch'
  | 'expired_certificate';

export class GrpcServerError extends CodedError<GrpcServerErrorCode> {
  override readonly name = 'GrpcServerError';
}

import { CodedError } from '#node/util/codedError.ts';

/**
 * Why an identity, or the configuration of an MSP, is not accepted.
 *
 * Identities: `malformed` (not the bytes of an identity), `unknown_msp` (no such MSP on the channel), `bad_pem`, `bad_certificate`,
 * `unsupported_key` (an algorithm that the MSP's version does not take), `untrusted` (no chain to a root, or a broken one),
 * `ambiguous_chain` (more than one), `ca_as_identity`, `revoked`, `wrong_unit` (organisational units or node roles), `expired`
 * (only where a time was given: Fabric accepts expired certificates in committed transactions).
 *
 * Configuration: `unsupported_type` (idemix), `bad_config`, `bad_crl`, `bad_folder`, `conflicting_definition` (two definitions of one MSP).
 */
export type MspErrorCode =
  | 'malformed'
  | 'unknown_msp'
  | 'bad_pem'
  | 'bad_certificate'
  | 'unsupported_key'
  | 'untrusted'
  | 'ambiguous_chain'
  | 'ca_as_identity'
  | 'revoked'
  | 'wrong_unit'
  | 'expired'
  | 'unsupported_type'
  | 'bad_config'
  | 'bad_crl'
  | 'bad_folder'
  | 'conflicting_definition';

/** The one error of this folder. */
export class MspError extends CodedError<MspErrorCode> {
  override readonly name = 'MspError';
  /** Null where none is known yet. */
  readonly mspId: string | null;

  constructor(code: MspErrorCode, mspId: string | null, detail: string, options?: ErrorOptions) {
    super(code, mspId === null ? detail : `MSP ${mspId}: ${detail}`, options);
    this.mspId = mspId;
  }
}

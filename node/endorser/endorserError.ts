import { CodedError } from '#node/util/codedError.ts';

/**
 * Why a proposal is not endorsed. The first group ends the call with a gRPC status (Fabric: UNKNOWN), the others are an answer with
 * status 500 that holds the message.
 *
 * - `malformed`: not a signed proposal; `expired`: the creator's certificate; `wrong_time`: outside the time window; `bad_header`: type,
 *   epoch, nonce, creator or transaction ID; `access_denied`: an identity that the MSPs do not accept, or a signature that is not its
 *   own; `duplicate`: a transaction that is in the ledger; `not_allowed`: the channel's access control; `stopped`: the channel takes no
 *   more blocks (UNAVAILABLE);
 * - `unknown_channel`; `not_defined`: no such chaincode on the channel, or none that can run here; `bad_invocation`: initialisation asked
 *   for or missing; `simulation`: the chaincode, or what it asked of the peer, failed; `private_data`: could not be kept;
 *   `plugin`: the endorsement plugin is not there or failed.
 */
export type EndorserErrorCode =
  | 'malformed'
  | 'expired'
  | 'wrong_time'
  | 'bad_header'
  | 'access_denied'
  | 'duplicate'
  | 'not_allowed'
  | 'stopped'
  | 'unknown_channel'
  | 'not_defined'
  | 'bad_invocation'
  | 'simulation'
  | 'private_data'
  | 'plugin';

/** The error of this folder. Messages are worded as Fabric's: clients look for parts of them. */
export class EndorserError extends CodedError<EndorserErrorCode> {
  override readonly name = 'EndorserError';
}

/** The sentence of an error, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Puts Fabric's words before an error's message, keeping its code.
 * @param code of errors that have none of ours
 */
export function prefixed(prefix: string, error: unknown, code: EndorserErrorCode): EndorserError {
  const message = `${prefix}: ${messageOf(error)}`;
  return new EndorserError(error instanceof EndorserError ? error.code : code, message, { cause: error });
}

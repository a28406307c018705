import { CodedError } from '#node/util/codedError.ts';

/**
 * Why a policy cannot be used. A policy that is not satisfied is a verdict, not an error.
 *
 * `malformed` (bytes that are no policy), `unsupported` (version or type), `out_of_range` (a principal that is not listed),
 * `too_complex` (beyond the limits that keep hostile policies harmless), `syntax` (text that is no policy), `unknown_policy`
 * (a reference to a policy that the channel does not have).
 */
export type PolicyErrorCode =
  | 'malformed'
  | 'unsupported'
  | 'out_of_range'
  | 'too_complex'
  | 'syntax'
  | 'unknown_policy';

/** The one error of this folder. */
export class PolicyError extends CodedError<PolicyErrorCode> {
  override readonly name = 'PolicyError';
}

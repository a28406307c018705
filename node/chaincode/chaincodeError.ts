import { CodedError } from '#node/util/codedError.ts';

/**
 * Why a chaincode could not be run.
 *
 * - `bad_package`: no chaincode package, or one that breaks a rule; `not_installed`: no such package on this peer;
 *   `build_failed`: it could not be made ready to run;
 * - `launch_failed`: it did not come up; `timeout`: it did not answer in time; `stream_ended`: it went away while it worked;
 *   `cancelled`: the client gave up first; `stopped`: the peer is shutting down;
 * - `duplicate_tx`: the same transaction is running in this chaincode already; `failed`: the chaincode answered with an error
 *   message; `protocol`: it broke the shim's protocol.
 */
export type ChaincodeErrorCode =
  | 'bad_package'
  | 'not_installed'
  | 'build_failed'
  | 'launch_failed'
  | 'timeout'
  | 'stream_ended'
  | 'cancelled'
  | 'stopped'
  | 'duplicate_tx'
  | 'failed'
  | 'protocol';

/** The error of the chaincode runtime. Its message goes to the client, in Fabric's words where Fabric has some. */
export class ChaincodeError extends CodedError<ChaincodeErrorCode> {
  override readonly name = 'ChaincodeError';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

import { common } from '@hyperledger/fabric-protos';
import { CodedError } from '#node/util/codedError.ts';

export { recordedText, textOfError } from '#node/util/errorText.ts';

/**
 * Why the ordering service does not do what it is asked.
 *
 * An envelope that is refused: `malformed` (no header to be read, no such channel's message), `unsupported_type`, `empty_message`,
 * `too_large`, `expired` (its creator's certificate), `permission_denied`, `maintenance`, `config_rejected`.
 *
 * A channel: `channel_not_found`, `channel_exists`, `pending_removal`, `removal_failed`, `not_ready`, `bad_join_block`,
 * `unsupported_consensus`, `not_a_member`, `block_not_found`.
 *
 * `unavailable`: it cannot be ordered now (the chain is stopped, or its disk does not take what has to be written); nothing was
 * accepted. `corrupt`: what is on the disk is not what was written.
 */
export type OrdererErrorCode =
  | 'malformed'
  | 'unsupported_type'
  | 'empty_message'
  | 'too_large'
  | 'expired'
  | 'permission_denied'
  | 'maintenance'
  | 'config_rejected'
  | 'channel_not_found'
  | 'channel_exists'
  | 'pending_removal'
  | 'removal_failed'
  | 'not_ready'
  | 'bad_join_block'
  | 'unsupported_consensus'
  | 'not_a_member'
  | 'block_not_found'
  | 'unavailable'
  | 'corrupt';

/** The one error of this folder. Its message is what the client is told, in Fabric's words where clients know them. */
export class OrdererError extends CodedError<OrdererErrorCode> {
  override readonly name = 'OrdererError';

  /** The same with words before it, as Fabric wraps its errors. */
  within(context: string): OrdererError {
    return new OrdererError(this.code, `${context}: ${this.message}`, { cause: this });
  }
}

const STATUS: Partial<Record<OrdererErrorCode, number>> = {
  permission_denied: common.Status.FORBIDDEN,
  maintenance: common.Status.SERVICE_UNAVAILABLE,
  unavailable: common.Status.SERVICE_UNAVAILABLE,
  corrupt: common.Status.SERVICE_UNAVAILABLE,
};

/** `common.Status` that a Broadcast client is answered with (Fabric, `broadcast.ClassifyError`). */
export function broadcastStatus(error: unknown): number {
  return error instanceof OrdererError
    ? (STATUS[error.code] ?? common.Status.BAD_REQUEST)
    : common.Status.INTERNAL_SERVER_ERROR;
}

import { CodedError } from '#node/util/codedError.ts';

/**
 * Why a block is not taken. An invalid transaction is no error: it is committed with its code.
 *
 * The block itself: `malformed_block` (bytes that are no block, or whose transactions are not in the form that was hashed),
 * `no_metadata`, `wrong_channel`, `unexpected_number` (a gap, or a block that is there already), `fork` (another block of a number
 * that is there already), `previous_hash`, `data_hash`, `block_signature` (the channel's BlockValidation policy is not met).
 *
 * What it asks of the node: `config_rejected` (a configuration that the one in force does not allow), `unsupported_capability`,
 * `unknown_plugin` (a validation plugin that this node does not have), `plugin_failed` (one that could not tell),
 * `state_unreadable` (state that decisions depend on is damaged: Fabric halts the channel as well), `beyond_limits` (a message of more
 * fields or levels than this node reads: other peers may read it, so that no code can be given without the risk of a fork).
 *
 * The pipeline: `closed`, `halted` (an earlier block failed).
 */
export type CommitErrorCode =
  | 'malformed_block'
  | 'no_metadata'
  | 'wrong_channel'
  | 'unexpected_number'
  | 'fork'
  | 'previous_hash'
  | 'data_hash'
  | 'block_signature'
  | 'config_rejected'
  | 'unsupported_capability'
  | 'unknown_plugin'
  | 'plugin_failed'
  | 'state_unreadable'
  | 'beyond_limits'
  | 'closed'
  | 'halted';

/** The one error of this folder. */
export class CommitError extends CodedError<CommitErrorCode> {
  override readonly name = 'CommitError';
  /** Null where the block could not even be read. */
  readonly block: number | null;

  constructor(code: CommitErrorCode, block: number | null, detail: string, options?: ErrorOptions) {
    super(code, block === null ? detail : `block ${block}: ${detail}`, options);
    this.block = block;
  }
}

import { CodedError } from '#node/util/codedError.ts';

/**
 * Why a channel's ledger cannot go on.
 *
 * - `ahead_of_blocks`: a database knows more blocks than the block files hold; `block_missing`: a gap in them;
 * - `not_validated`: a block is stored without its transactions' codes; `failed`: an earlier write failed;
 * - `which_channel`: the folder holds more than one; `not_there`: what was asked for is not in the ledger.
 */
export type LedgerErrorCode =
  | 'ahead_of_blocks'
  | 'block_missing'
  | 'not_validated'
  | 'failed'
  | 'which_channel'
  | 'not_there';

/** What a ledger throws apart from the errors of its stores. */
export class LedgerError extends CodedError<LedgerErrorCode> {
  override readonly name = 'LedgerError';
}

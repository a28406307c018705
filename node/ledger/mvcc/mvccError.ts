import { CodedError } from '#node/util/codedError.ts';

/** `private_hash`: private data that does not belong to its transaction. */
export type MvccErrorCode = 'private_hash';

/** Why a block's updates cannot be prepared. Transactions that fail are no errors: they have codes. */
export class MvccError extends CodedError<MvccErrorCode> {
  override readonly name = 'MvccError';
}

import { CodedError } from '#node/util/codedError.ts';

/**
 * Why private data cannot be stored or given.
 *
 * - `wrong_number`: not the block that comes next; `not_committed`: asked for a block beyond the last;
 * - `malformed`: a read-write set or name that Fabric has none like; `corrupt`: an entry that this store never wrote;
 * - `in_use`, `not_empty`, `closed`: not now.
 */
export type PrivateDataErrorCode =
  | 'wrong_number'
  | 'not_committed'
  | 'malformed'
  | 'corrupt'
  | 'in_use'
  | 'not_empty'
  | 'closed';

/** What the stores of this folder throw, apart from errors of the database. */
export class PrivateDataError extends CodedError<PrivateDataErrorCode> {
  override readonly name = 'PrivateDataError';
}

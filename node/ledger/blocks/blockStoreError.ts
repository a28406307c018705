import { CodedError } from '#node/util/codedError.ts';

/**
 * Why a block store cannot do what it is asked.
 *
 * - `wrong_number`, `wrong_previous_hash`: the block does not follow the last one (Fabric refuses the same two, addBlock);
 * - `wrong_data_hash`: header and transactions do not belong together: after a crash nobody could tell it from a torn write;
 * - `too_large`: beyond what is ever read back; `malformed`: bytes that are no block;
 * - `corrupt`: a block in the files is not what was written, and no torn write explains it; `missing_file`: a gap in the files;
 * - `before_snapshot`: the channel was joined from a snapshot, and this lies before it;
 * - `foreign_folder`: the folder is a Go peer's, which is only ever read; `in_use`: another process has it open;
 * - `not_empty`: a snapshot needs a folder without blocks; `read_only`, `closed`, `failed` (an earlier write failed): not now.
 */
export type BlockStoreErrorCode =
  | 'wrong_number'
  | 'wrong_previous_hash'
  | 'wrong_data_hash'
  | 'too_large'
  | 'malformed'
  | 'corrupt'
  | 'missing_file'
  | 'before_snapshot'
  | 'foreign_folder'
  | 'in_use'
  | 'not_empty'
  | 'read_only'
  | 'closed'
  | 'failed';

/** What the stores of this folder throw, apart from errors of the file system. */
export class BlockStoreError extends CodedError<BlockStoreErrorCode> {
  override readonly name = 'BlockStoreError';
}

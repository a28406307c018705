import { CodedError } from '#node/util/codedError.ts';

/**
 * Why a snapshot cannot be made or taken in.
 *
 * - `wrong_hash`: a file is not the one that the metadata names, or the metadata not what its own hash says; `missing_file`;
 * - `malformed`: a file or its metadata is not as Fabric writes it; `unknown_format`: of another version, or a state database
 *   that snapshots cannot be taken in from;
 * - `exists`: there is one at that place already; `empty`: the ledger has no block yet, or its databases are not at one block.
 */
export type SnapshotErrorCode = 'wrong_hash' | 'missing_file' | 'malformed' | 'unknown_format' | 'exists' | 'empty';

/** What the functions of this folder throw, apart from errors of the stores and the file system. */
export class SnapshotError extends CodedError<SnapshotErrorCode> {
  override readonly name = 'SnapshotError';
}

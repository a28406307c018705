import { CodedError } from '#node/util/codedError.ts';

/**
 * Why a state or history database cannot go on.
 *
 * - `corrupt`: what it holds cannot be read; `closed`: used after `close`; `io`: the disk or LevelDB refused;
 * - `order`: a batch for a block that is not above the savepoint; `not_empty`: an import into a database that holds state.
 */
export type StateErrorCode = 'corrupt' | 'closed' | 'io' | 'order' | 'not_empty';

/** The error that state and history databases throw. */
export class StateError extends CodedError<StateErrorCode> {
  override readonly name = 'StateError';
}

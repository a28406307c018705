import { CodedError } from '#node/util/codedError.ts';

/**
 * Why `_lifecycle` refuses, or why a chaincode cannot be endorsed.
 *
 * - `refused`: an argument, or a definition that does not fit what is committed or approved;
 * - `not_defined`: no committed definition of that name (answered with 404); `not_installed`: no such package on this peer;
 * - `not_approved`: this organisation has not approved the committed definition; `changed`: the definition changed while a
 *   transaction was running on the one before; `legacy`: defined by the lifecycle before 2.0, which is not supported;
 * - `no_channel`: outside any channel; `access`: the caller may not; `install`: a package could not be kept or built;
 * - `state`: what the ledger holds is not what `_lifecycle` writes.
 */
export type LifecycleErrorCode =
  | 'refused'
  | 'not_defined'
  | 'not_installed'
  | 'not_approved'
  | 'changed'
  | 'legacy'
  | 'no_channel'
  | 'access'
  | 'install'
  | 'state';

/** The one error of this folder. Its message goes to the client, in Fabric's words: `peer lifecycle` prints it. */
export class LifecycleError extends CodedError<LifecycleErrorCode> {
  override readonly name = 'LifecycleError';
}

/** Runs a step and says in front of its error what it was for. */
export async function during<T>(what: string, work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof LifecycleError) {
      throw new LifecycleError(cause.code, `${what}: ${cause.message}`, { cause });
    }
    throw new LifecycleError('state', `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

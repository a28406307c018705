import { StateError } from './stateError.ts';

/** What LevelDB's binding throws, as an error of this room. */
export function levelError(error: unknown): StateError {
  if (error instanceof StateError) {
    return error;
  }
  const code = (error as { code?: unknown } | null)?.code;
  const detail = error instanceof Error ? describe(error) : String(error);
  if (code === 'LEVEL_DATABASE_NOT_OPEN' || code === 'LEVEL_ITERATOR_NOT_OPEN' || code === 'LEVEL_SNAPSHOT_NOT_OPEN') {
    return new StateError('closed', detail, { cause: error });
  }
  return new StateError(code === 'LEVEL_CORRUPTION' ? 'corrupt' : 'io', detail, { cause: error });
}

function describe(error: Error): string {
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

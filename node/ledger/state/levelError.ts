import { StateError } from './stateError.ts';

/** What LevelDB's binding throws, as an error of this room. */
export function levelError(error: unknown): StateError {
  if (error instanceof StateError) {
    return error;
  }
  const code = codeOf(error);
  if (!(error instanceof Error)) {
    return new StateError('io', String(error));
  }
  if (error.cause !== undefined && code === 'LEVEL_DATABASE_NOT_OPEN') {
    // It never opened: the cause says why.
    const detail = error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
    return new StateError(codeOf(error.cause) === 'LEVEL_CORRUPTION' ? 'corrupt' : 'io', detail, { cause: error });
  }
  if (code.endsWith('_NOT_OPEN')) {
    return new StateError('closed', error.message, { cause: error });
  }
  return new StateError(code === 'LEVEL_CORRUPTION' ? 'corrupt' : 'io', error.message, { cause: error });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Does what LevelDB's binding refuses at once, e.g. when it is closed. */
export function levelCall<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw levelError(error);
  }
}

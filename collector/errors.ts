/** What can go wrong in the collector, apart from lines that are bad (those are dead letters, not errors). */
export type CollectorErrorCode =
  | 'bad_nodes_file'
  | 'bad_deliver_list'
  | 'bad_beats_address'
  | 'beats_listen'
  | 'no_such_file'
  | 'torn_gzip'
  | 'unreadable_file'
  | 'unknown_format'
  | 'aborted';

export class CollectorError extends Error {
  readonly code: CollectorErrorCode;

  constructor(code: CollectorErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'CollectorError';
    this.code = code;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** `ENOENT` and the like; undefined where there is none. */
export function codeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
}

/** What a store can refuse or fail with; the same codes for every implementation. */
export const STORE_ERROR_CODES = [
  /** The URL's scheme names no store that exists. */
  'unsupported_url',
  /** The file or server cannot be opened. */
  'cannot_open',
  /** The file is no store of ours (another program's database, or no database at all). */
  'not_a_store',
  /** The store was written by a newer version of the schema. */
  'newer_version',
  /** A record that no store can hold: its ID is not 16 hex digits, or it is no JSON. */
  'invalid_record',
  /** A query's field is out of its range, or a cursor is not one that this store gave. */
  'invalid_query',
  /** Records of a trace break assembling; that trace's summary stays as it was, all others are refreshed. */
  'not_assembled',
  'disk_full',
  'read_only',
  /** Another process held the store for longer than the busy timeout. */
  'busy',
  'corrupt',
  'closed',
  'io',
] as const;
export type StoreErrorCode = (typeof STORE_ERROR_CODES)[number];

/** Thrown (as a rejection) by every method of a `TraceStore`. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'StoreError';
    this.code = code;
  }
}

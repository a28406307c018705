/**
 * Why bytes could not be read as the message they claim to be.
 *
 * - `truncated`: a length reaches beyond its message; `malformed`: not the wire format, or the wrong wire type for a field;
 * - `too_deep`, `too_large`: beyond the limits that keep hostile input harmless; `out_of_range`: a number that cannot be exact;
 * - `invalid_utf8`: text that is none (Go refuses it too); `missing`: a part without which the message says nothing;
 * - `wrong_type`: well-formed, but another kind of message than asked for.
 */
export type ProtoErrorCode =
  | 'truncated'
  | 'malformed'
  | 'too_deep'
  | 'too_large'
  | 'out_of_range'
  | 'invalid_utf8'
  | 'missing'
  | 'wrong_type';

/** The one error that the readers of this folder throw, whatever bytes they are given. */
export class ProtoError extends Error {
  readonly code: ProtoErrorCode;
  /** The message that was being read, e.g. `common.Block`. */
  readonly what: string;

  constructor(code: ProtoErrorCode, what: string, detail: string, options?: ErrorOptions) {
    super(`${what}: ${detail}`, options);
    this.name = 'ProtoError';
    this.code = code;
    this.what = what;
  }
}

/**
 * Whether bytes were not read because of a limit of this node's own (`too_deep`, `too_large`). Others may well read them: whoever
 * decides what all nodes must decide alike stops here, since either answer could be the wrong one.
 */
export function isOwnLimit(error: unknown): boolean {
  return error instanceof ProtoError && (error.code === 'too_deep' || error.code === 'too_large');
}

/** Why a peer's bytes are not the protocol, or more than is taken. */
export type BeatsProtocolErrorCode =
  | 'bad_frame'
  | 'bad_window'
  | 'bad_compression'
  | 'too_large'
  | 'unwanted_version'
  | 'idle';

/** Ends the connection that it came up on, and no other. */
export class BeatsProtocolError extends Error {
  override readonly name = 'BeatsProtocolError';
  readonly code: BeatsProtocolErrorCode;

  constructor(code: BeatsProtocolErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

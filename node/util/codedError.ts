/**
 * What the rooms throw: a sentence for people, and a code for programs, of those that the room's own class lists.
 * A class of its own names itself: `override readonly name = '…'`.
 */
export abstract class CodedError<Code extends string> extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

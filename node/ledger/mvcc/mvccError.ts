/** `private_hash`: private data that does not belong to its transaction. */
export type MvccErrorCode = 'private_hash';

/** Why a block's updates cannot be prepared. Transactions that fail are no errors: they have codes. */
export class MvccError extends Error {
  readonly code: MvccErrorCode;

  constructor(code: MvccErrorCode, detail: string) {
    super(detail);
    this.name = 'MvccError';
    this.code = code;
  }
}

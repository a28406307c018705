/**
 * Why a block file gives no records.
 *
 * - `not_a_block`: the bytes are no `common.Block`; `undecodable`: they begin like one;
 * - `data_hash_mismatch`: header and transactions do not belong together, so the block proves nothing;
 * - `no_channel`: no transaction names its channel, or by a name longer than 249 characters; `too_large`: beyond the size limit;
 * - `unreadable`: the file cannot be read; `torn_gzip`: its compression ends early or is damaged.
 */
export type BlockErrorCode =
  | 'not_a_block'
  | 'undecodable'
  | 'data_hash_mismatch'
  | 'no_channel'
  | 'too_large'
  | 'unreadable'
  | 'torn_gzip';

export class BlockError extends Error {
  readonly code: BlockErrorCode;

  constructor(code: BlockErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BlockError';
    this.code = code;
  }
}

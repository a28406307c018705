import type { BlockView } from '#node/protos/blockView.ts';
import type { EnvelopeView } from '#node/protos/envelopeView.ts';

/** Where a transaction ID stands first, and what became of it there. */
export interface TxLocation {
  readonly block: number;
  /** Position in the block. */
  readonly index: number;
  /** TxValidationCode as this copy of the block says; 254 (NOT_VALIDATED) where it says nothing. */
  readonly code: number;
}

export interface IterateOptions {
  /** Wait for blocks to come once the last one is given, until `signal` or `close()` ends it. Default: end there. */
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * The blocks of one channel. Views are kept (up to a bound) and shared: who asks for a block again gets the view that others
 * have decoded already. All methods throw BlockStoreError.
 */
export interface BlockReader {
  readonly channelId: string;
  /** Number of the next block. */
  readonly height: number;
  /** The first block that the files can hold: 0, or the one after the snapshot that the channel was joined from. */
  readonly firstBlock: number;
  /** Header hash of the last block; empty at height 0. */
  readonly lastHash: Uint8Array;
  /** What the last block calls its previous hash; empty at heights 0 and 1. */
  readonly previousHash: Uint8Array;
  /** @throws BlockStoreError `before_snapshot`; null: not there (yet). */
  byNumber(number: number): Promise<BlockView | null>;
  /** By header hash. */
  byHash(hash: Uint8Array): Promise<BlockView | null>;
  /**
   * The first occurrence of the ID, whatever its code (a second one is a DUPLICATE_TXID). Null: not in this channel.
   * @throws BlockStoreError `before_snapshot`: it happened, but only its ID is known
   */
  byTxId(txId: string): Promise<TxLocation | null>;
  /** Also true of transactions before the snapshot. */
  hasTxId(txId: string): Promise<boolean>;
  /** The same of many, in their order, at the cost of one question. */
  hasTxIds(txIds: readonly string[]): Promise<readonly boolean[]>;
  /** One transaction, read without its block where the block is not at hand. */
  envelope(block: number, index: number): Promise<EnvelopeView | null>;
  /** In order, each as soon as it is there. */
  iterate(from?: number, options?: IterateOptions): AsyncIterable<BlockView>;
  close(): Promise<void>;
}

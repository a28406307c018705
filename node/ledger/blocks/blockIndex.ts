import type { EnvelopePlace } from './blockRecord.ts';
import type { RecordPlace } from './blockScan.ts';
import type { TxLocation } from './blockReader.ts';

/** What an index keeps of one block. */
export interface IndexedBlock {
  readonly number: number;
  readonly hash: Uint8Array;
  readonly previousHash: Uint8Array;
  readonly place: RecordPlace;
  readonly envelopes: readonly EnvelopePlace[];
  /** One each envelope. */
  readonly txIds: readonly string[];
  /** One each envelope. */
  readonly codes: readonly number[];
}

/** Of an ID that came with a snapshot: when it happened is not known. */
export type KnownTx = TxLocation | 'before_snapshot';

/** Finds blocks and transactions in block files. */
export interface BlockIndex {
  place(number: number): Promise<RecordPlace | null>;
  /** Where the envelope lies, from its record's first byte; null where there is no such block or envelope. */
  envelopePlace(number: number, index: number): Promise<(EnvelopePlace & { readonly record: RecordPlace }) | null>;
  numberOf(hash: Uint8Array): Promise<number | null>;
  transaction(txId: string): Promise<KnownTx | null>;
  hasTransactions(txIds: readonly string[]): Promise<readonly boolean[]>;
  close(): Promise<void>;
}

import type { BlockReader } from '#node/ledger/blocks/blockReader.ts';
import type { MvccResult } from '#node/ledger/mvcc/mvcc.ts';
import type { PreparedBlock, RunStep } from '#node/ledger/peerLedger.ts';
import type { StateReader } from '#node/ledger/state/stateDatabase.ts';
import type { BlockView } from '#node/protos/blockView.ts';
import type { ChainTip } from './verifyBlock.ts';

/** What the pipeline needs of a ledger: `PeerLedger`, or one that only follows blocks that are stored already. */
export interface CommitLedger {
  readonly channelId: string;
  /** What the next block must follow. */
  readonly tip: ChainTip;
  /** Of the last block; null before block 1, and where the chain was begun without. */
  readonly commitHash: Uint8Array | null;
  readonly blocks: Pick<BlockReader, 'hasTxIds'>;
  readonly state: StateReader;
  /** Serialised `common.ConfigEnvelope` in force; null for an empty ledger. */
  configEnvelope(): Promise<Uint8Array | null>;
  /** Compares what the transactions of the next block read with the state. Writes nothing. */
  validateReads(block: BlockView, codes: Uint8Array): Promise<MvccResult>;
  commit(prepared: PreparedBlock, runStep: RunStep): Promise<void>;
}

import type { ChannelBundle } from '#node/channel/bundle.ts';
import type { TxPrivateData } from '#node/ledger/privateData/privateData.ts';
import type { BlockView } from '#node/protos/blockView.ts';
import type { TxCode } from './verdict.ts';

/** The steps of a block's way whose durations are told, in microseconds. */
export type CommitStep =
  /** Number, hashes, channel and the orderers' signatures. */
  | 'verify'
  /** Structure and signatures of every transaction. */
  | 'signatures'
  /** Duplicate IDs, definitions, endorsement policies, configuration. */
  | 'policies'
  /** Versions and ranges that were read. */
  | 'mvcc'
  | 'blockStore'
  | 'privateData'
  | 'state'
  | 'history';

export type Durations = Partial<Record<CommitStep, number>>;

/** Bytes that claim to be the next block; nothing is checked but that they decode. */
export interface ReceivedBlock {
  readonly view: BlockView;
  /** Private data of its transactions, as far as it is at hand. */
  readonly privateData?: readonly TxPrivateData[];
}

/** A block that follows the chain, is whole, and was signed as the channel demands. */
export interface VerifiedBlock extends ReceivedBlock {
  readonly isConfig: boolean;
  /** The channel's configuration as of the block before; of a genesis block its own. */
  readonly bundle: ChannelBundle;
  readonly durations: Durations;
}

/** A block whose transactions were all looked at, in the state that the block before left. Nothing is written yet. */
export interface ValidatedBlock extends VerifiedBlock {
  /** One `TxValidationCode` a transaction. */
  readonly codes: Uint8Array;
  /** Why, by index, for those that are not valid. */
  readonly reasons: ReadonlyMap<number, string>;
  /** The configuration from the next block on; null where this block does not change it. */
  readonly newBundle: ChannelBundle | null;
}

export interface CommittedTransaction {
  /** As its header has it; empty in a configuration block that an orderer wrapped, or where there is no header. */
  readonly id: string;
  /** HeaderType's name; `UNKNOWN` where there is no header. */
  readonly type: string;
  readonly code: TxCode;
  /** TxValidationCode's name. */
  readonly codeName: string;
  readonly reason: string | null;
}

/** A block that is in the ledger. */
export interface CommittedBlock {
  readonly channelId: string;
  readonly number: number;
  readonly hash: Uint8Array;
  readonly previousHash: Uint8Array;
  readonly dataHash: Uint8Array;
  /** Null in block 0, and where the chain was begun without it. */
  readonly commitHash: Uint8Array | null;
  readonly transactions: readonly CommittedTransaction[];
  readonly isConfig: boolean;
  readonly durations: Durations;
  /** The block as it was stored. */
  readonly view: BlockView;
}

/** Runs one step and notes how long it took. */
export async function timed<T>(durations: Durations, step: CommitStep, run: () => Promise<T>): Promise<T> {
  const start = process.hrtime.bigint();
  try {
    return await run();
  } finally {
    durations[step] = Number((process.hrtime.bigint() - start) / 1000n);
  }
}

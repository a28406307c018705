import type { ChannelBundle } from '#node/channel/bundle.ts';
import type { BlockView } from '#node/protos/blockView.ts';

/** A chain that blocks are delivered from: an orderer's, or a peer's. */
export interface Chain {
  readonly channelId: string;
  /** Number of the next block. */
  readonly height: number;
  /** First block that is kept: above 0 where the chain was begun from a snapshot. */
  readonly firstBlock: number;
  /** The configuration in force; a new object whenever it changes. */
  readonly bundle: ChannelBundle;
  /** Null for one that is not there. */
  block(number: number): Promise<BlockView | null>;
  /** Resolves when the height is above `number`. @throws the signal's reason */
  waitForBlock(number: number, signal: AbortSignal): Promise<void>;
  /** Why the chain cannot go on now, such as an orderer without a leader; null while all is well. */
  readonly failure: string | null;
}

/** The chains of a node. */
export interface Chains {
  chain(channelId: string): Chain | null;
}

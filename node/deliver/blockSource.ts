import type { ChannelBundle } from '#node/channel/bundle.ts';
import type { BlockView } from '#node/protos/blockView.ts';
import type { Party } from '#node/tracing/tracer.ts';

/** A block on its way into a ledger: decoded, nothing of it checked. */
export interface DeliveredBlock {
  readonly view: BlockView;
  /** Who handed it over; null where that is not known. */
  readonly sender: Party | null;
}

/** The chain that a source feeds. */
export interface FedChain {
  readonly channelId: string;
  /** Number of the block that is wanted next. */
  readonly height: number;
  /** The configuration in force; a new object whenever it changes. */
  readonly bundle: ChannelBundle;
}

/**
 * Where a channel's blocks come from. With configuration alone each peer pulls from the ordering service for itself (Fabric: every peer
 * a static leader, `peer.gossip.orgLeader`), which is {@link import('./blocksProvider.ts').BlocksProvider}. With gossip one peer an organisation pulls, and
 * the others have them from their neighbours: another implementation of this interface, which wraps the provider where this peer leads.
 */
export interface BlockSource {
  /**
   * Blocks from the chain's height on, in order, for as long as the signal lets. Asking for the next one says that there is room for it.
   * One walk at a time; the next one begins where the chain is then.
   */
  blocks(signal: AbortSignal): AsyncIterable<DeliveredBlock>;
  /** A block that was given is not one of the chain (wrong signature, wrong hash): the next walk asks somebody else. */
  reject(block: number, reason: string): void;
  /** The chain's configuration has changed, and with it, it may be, whom to ask. */
  configChanged(): void;
}

/** Makes the source of a chain: a peer's membership is behind it. */
export type BlockSources = (chain: FedChain) => BlockSource;

/** For a chain that nobody feeds: a ledger that is only read. */
export const NO_BLOCKS: BlockSource = {
  blocks: (signal) => ({
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        if (!signal.aborted) {
          await new Promise((resolve) => {
            signal.addEventListener('abort', resolve, { once: true });
          });
        }
        return { done: true, value: undefined };
      },
    }),
  }),
  reject() {},
  configChanged() {},
};

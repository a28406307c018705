import type { BlockReader } from '#node/ledger/blocks/blockReader.ts';
import type { MvccResult } from '#node/ledger/mvcc/mvcc.ts';
import { validateAndPrepare } from '#node/ledger/mvcc/validateAndPrepare.ts';
import { definedCollections } from '#node/ledger/blockCollections.ts';
import { BlocksToLive } from '#node/ledger/blockExpiry.ts';
import { savepointOf } from '#node/ledger/blockUpdates.ts';
import { type ExpiringBlock, hashesWritten } from '#node/ledger/mvcc/expiredUpdates.ts';
import type { PreparedBlock } from '#node/ledger/peerLedger.ts';
import { CONFIG_KEY, CONFIG_NAMESPACE } from '#node/ledger/state/namespaces.ts';
import type { StateDatabase } from '#node/ledger/state/stateDatabase.ts';
import type { BlockView } from '#node/protos/blockView.ts';
import type { CommitLedger } from './commitLedger.ts';
import type { ChainTip } from './verifyBlock.ts';

/**
 * Blocks that are stored already, gone through once more from the first: the pipeline decides about them as if they had just
 * come, and only a state of this ledger's own is written.
 */
export class ShadowLedger implements CommitLedger {
  readonly channelId: string;
  readonly state: StateDatabase;
  readonly blocks: Pick<BlockReader, 'hasTxIds'>;
  readonly #stored: Pick<BlockReader, 'byNumber'>;
  readonly #lives = new BlocksToLive();
  /** As they were decided here, of the blocks whose private data may still expire. */
  readonly #codes = new Map<number, Uint8Array>();
  #tip: ChainTip = { height: 0, hash: null };
  #commitHash: Uint8Array | null = null;

  /** @param state empty; whoever made it closes it */
  constructor(stored: Pick<BlockReader, 'channelId' | 'byTxId' | 'byNumber'>, state: StateDatabase) {
    this.#stored = stored;
    this.channelId = stored.channelId;
    this.state = state;
    this.blocks = {
      // The index knows all blocks; of those that are still to come in this run nothing is known yet.
      hasTxIds: (txIds) =>
        Promise.all(
          txIds.map(async (txId) => {
            const first = await stored.byTxId(txId);
            return first !== null && first.block < this.#tip.height;
          }),
        ),
    };
  }

  get tip(): ChainTip {
    return this.#tip;
  }

  get commitHash(): Uint8Array | null {
    return this.#commitHash;
  }

  async configEnvelope(): Promise<Uint8Array | null> {
    return (await this.state.get(CONFIG_NAMESPACE, CONFIG_KEY))?.value ?? null;
  }

  validateReads(block: BlockView, codes: Uint8Array): Promise<MvccResult> {
    return validateAndPrepare(block, codes, this.state);
  }

  async commit({ block, result, commitHash }: PreparedBlock): Promise<void> {
    const { number } = block;
    await this.#lives.addExpired(number, result, { state: this.state, expiring: (before) => this.#expiring(before) });
    const defined = await definedCollections(number, result, this.state);
    await this.state.apply(result.updates, savepointOf(block));
    this.#lives.define(defined);
    this.#codes.set(number, result.codes);
    for (const old of this.#codes.keys()) {
      if (old >= number - this.#lives.longest) {
        break;
      }
      this.#codes.delete(old);
    }
    this.#tip = { height: number + 1, hash: block.hash };
    this.#commitHash = commitHash;
  }

  /** Private data itself is not at hand: hashes expire, and they alone decide over what is read. */
  async #expiring(number: number): Promise<ExpiringBlock | null> {
    const [block, codes] = [await this.#stored.byNumber(number), this.#codes.get(number)];
    return block === null || codes === undefined
      ? null
      : { number, hashes: hashesWritten(block, codes), privateWriteSets: [] };
  }
}

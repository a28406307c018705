import { ChannelBundle } from '#node/channel/bundle.ts';
import { isConfigBlock } from '#node/commit/envelopeForm.ts';
import { verifyBlockSignatures } from '#node/commit/verifyBlock.ts';
import type { BlockView } from '#node/protos/blockView.ts';

/** The last header that an orderer proved, and when it came. */
export interface SeenHeader {
  readonly number: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/**
 * Follows an orderer's headers: each must carry the signatures that the channel demands, so that no orderer can feign a block that the
 * others know nothing of (Fabric, `BFTHeaderReceiver`). Configurations come whole, and are taken up.
 */
export class HeaderReceiver {
  #bundle: ChannelBundle;
  #last: SeenHeader | null = null;
  #hash: Uint8Array | null = null;

  constructor(bundle: ChannelBundle) {
    this.#bundle = bundle;
  }

  get last(): SeenHeader | null {
    return this.#last;
  }

  /**
   * Takes headers until they end.
   * @param from number of the first; it comes under `bundle`, or under a later configuration that came this way
   * @throws CommitError, ChannelError, Error for one that proves nothing; whatever the source throws
   */
  async follow(
    headers: AsyncIterable<BlockView>,
    from: number,
    bundle: ChannelBundle,
    now: () => number,
  ): Promise<void> {
    if (bundle.sequence > this.#bundle.sequence) {
      this.#bundle = bundle;
    }
    let expected = from;
    for await (const header of headers) {
      this.#checkPlace(header, expected);
      await verifyBlockSignatures(header, this.#bundle);
      if (isConfigBlock(header)) {
        if (!header.dataHashMatches) {
          throw new Error(`block ${header.number} has other data than its header says`);
        }
        this.#bundle = ChannelBundle.fromBlock(header);
      }
      this.#last = { number: header.number, at: now() };
      this.#hash = header.hash;
      expected++;
    }
  }

  #checkPlace({ number, previousHash }: BlockView, expected: number): void {
    if (number !== expected) {
      throw new Error(`expected block number is [${expected}] but actual block number inside block is [${number}]`);
    }
    const follows = this.#last?.number === number - 1 && this.#hash !== null;
    if (follows && Buffer.compare(previousHash, this.#hash as Uint8Array) !== 0) {
      throw new Error(
        `Header.PreviousHash of block [${number}] is different from Hash(block.Header) of previous block`,
      );
    }
  }
}

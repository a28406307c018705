import type { ReceivedBlock } from '#node/commit/blockStages.ts';
import type { DeliveredBlock } from '#node/deliver/blockSource.ts';

/**
 * A source's blocks, cut into runs for the pipeline: a run goes on while blocks are at hand, so that they overlap, and ends when none is,
 * so that the pipeline comes to rest and tells at once of a block that it cannot take.
 */
export class BlockFeed {
  readonly #iterator: AsyncIterator<DeliveredBlock>;
  readonly #onBlock: (block: DeliveredBlock) => void;
  #next: Promise<IteratorResult<DeliveredBlock>> | null = null;

  /** @param onBlock told of each block that is given to the pipeline */
  constructor(source: AsyncIterable<DeliveredBlock>, onBlock: (block: DeliveredBlock) => void) {
    this.#iterator = source[Symbol.asyncIterator]();
    this.#onBlock = onBlock;
  }

  /** Resolves when a block is at hand; false where the source has ended. */
  async ready(): Promise<boolean> {
    return (await this.#ahead()).done !== true;
  }

  /** The blocks at hand. */
  async *run(): AsyncGenerator<ReceivedBlock, void> {
    while (await Promise.race([this.ready(), nextTurn()])) {
      const { value } = await this.#ahead();
      this.#next = null;
      this.#onBlock(value as DeliveredBlock);
      yield { view: (value as DeliveredBlock).view };
    }
  }

  /** The source must have been told to end: what it still gives is dropped. */
  async close(): Promise<void> {
    await this.#next?.catch(() => undefined);
    await this.#iterator.return?.();
  }

  #ahead(): Promise<IteratorResult<DeliveredBlock>> {
    if (this.#next === null) {
      this.#next = this.#iterator.next();
      this.#next.catch(() => {});
    }
    return this.#next;
  }
}

/** Nothing came: false. */
function nextTurn(): Promise<false> {
  return new Promise((resolve) => {
    setImmediate(() => resolve(false));
  });
}

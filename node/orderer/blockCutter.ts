import type { BatchSize } from '#node/channel/ordererSection.ts';

/** What came of a message: the batches that are complete now (none to two), and whether others wait for more or for the timeout. */
export interface Cut<T> {
  readonly batches: readonly (readonly T[])[];
  readonly pending: boolean;
}

export interface BlockCutterOptions<T> {
  /** Of the configuration in force. */
  readonly batchSize: () => BatchSize;
  /** Bytes of payload and signature. */
  readonly sizeOf: (message: T) => number;
  /** Told how long a batch took to fill, in seconds. */
  readonly onCut?: (seconds: number) => void;
}

/**
 * Groups messages into batches, one a block (Fabric, `orderer/common/blockcutter`): a message larger than the preferred size stands
 * alone, one that would make the batch larger than it begins the next, and a batch of the highest count is complete. Who calls keeps
 * the timeout.
 */
export class BlockCutter<T> {
  readonly #options: BlockCutterOptions<T>;
  #batch: T[] = [];
  #bytes = 0;
  #startedAt = 0;

  constructor(options: BlockCutterOptions<T>) {
    this.#options = options;
  }

  get pending(): number {
    return this.#batch.length;
  }

  ordered(message: T): Cut<T> {
    const { preferredMaxBytes, maxMessageCount } = this.#options.batchSize();
    const batches: (readonly T[])[] = [];
    const size = this.#options.sizeOf(message);
    if (size > preferredMaxBytes) {
      if (this.#batch.length > 0) {
        batches.push(this.cut());
      }
      batches.push([message]);
      this.#options.onCut?.(0);
      return { batches, pending: false };
    }
    if (this.#bytes + size > preferredMaxBytes) {
      batches.push(this.cut());
    }
    if (this.#batch.length === 0) {
      this.#startedAt = performance.now();
    }
    this.#batch.push(message);
    this.#bytes += size;
    if (this.#batch.length >= maxMessageCount) {
      batches.push(this.cut());
      return { batches, pending: false };
    }
    return { batches, pending: true };
  }

  /** The batch as far as it came; empty where nothing waits. */
  cut(): readonly T[] {
    const batch = this.#batch;
    if (batch.length > 0) {
      this.#options.onCut?.((performance.now() - this.#startedAt) / 1000);
    }
    this.#batch = [];
    this.#bytes = 0;
    return batch;
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import type { BlockView } from '#node/protos/blockView.ts';
import { textOfError } from '../../ordererError.ts';
import { Wakeup } from '../../wakeup.ts';

export interface BlockQueueOptions {
  /** Between two tries, milliseconds. */
  readonly retryMs: number;
  /** Blocks made but not written; asked each time, since the configuration may change it. */
  readonly maxInFlight: () => number;
}

export interface BlockQueueModules {
  readonly write: (block: BlockView, last: number, isConfig: boolean) => Promise<void>;
  /** Told each time that a block could not be written. */
  readonly failed: () => void;
}

/**
 * Blocks on their way to the ledger: written one after the other. One that cannot be written is tried until it can, and nothing
 * is written after it before; meanwhile `failure` says why.
 */
export class BlockQueue {
  readonly #options: BlockQueueOptions;
  readonly #modules: BlockQueueModules;
  readonly #giveUp = new AbortController();
  #failure: string | null = null;
  #inFlight = 0;
  #tail: Promise<void> = Promise.resolve();
  readonly #written = new Wakeup();

  constructor(options: BlockQueueOptions, modules: BlockQueueModules) {
    this.#options = options;
    this.#modules = modules;
  }

  get failure(): string | null {
    return this.#failure;
  }

  /** Resolves when there is room for another one. @param last sequence of the last message in it */
  async push(block: BlockView, last: number, isConfig: boolean): Promise<void> {
    this.#inFlight++;
    this.#tail = this.#tail.then(() => this.#write(block, last, isConfig));
    while (this.#inFlight >= this.#options.maxInFlight()) {
      await this.#written.wait();
    }
  }

  /** Resolves when none is under way. */
  drained(): Promise<void> {
    return this.#tail;
  }

  /** From now on a block that cannot be written is left, and those after it: the chain stops, and the log still has their messages. */
  giveUpOnFailure(): void {
    this.#giveUp.abort();
  }

  async #write(block: BlockView, last: number, isConfig: boolean): Promise<void> {
    const { signal } = this.#giveUp;
    while (!(signal.aborted && this.#failure !== null)) {
      try {
        await this.#modules.write(block, last, isConfig);
        this.#failure = null;
        break;
      } catch (error) {
        this.#failure = `block ${block.number} could not be written: ${textOfError(error)}`;
        this.#modules.failed();
        await delay(this.#options.retryMs, undefined, { signal }).catch(() => {});
      }
    }
    this.#inFlight--;
    this.#written.wake();
  }
}

import type { LumberjackVersion } from './frames.ts';

/** What a sender sends before it waits to be told that all of it is stored. */
export class Window {
  readonly version: LumberjackVersion;
  readonly count: number;
  received = 0;
  bytes = 0;
  /** Events that the sender has been told are stored. */
  told = 0;
  /** Number of the event received last. */
  sequence = 0;
  /** Lines that wait for others before them. */
  #held = 0;
  readonly #complete = Promise.withResolvers<void>();

  constructor(version: LumberjackVersion, count: number) {
    this.version = version;
    this.count = count;
  }

  get isReceived(): boolean {
    return this.received === this.count;
  }

  /** Whether every event received so far has gone into the pipeline. */
  get isThrough(): boolean {
    return this.#held === 0;
  }

  /** Resolves when all of its events have come and have gone into the pipeline. */
  get through(): Promise<void> {
    return this.#complete.promise;
  }

  hold(): void {
    this.#held++;
  }

  release(): void {
    this.#held--;
    this.settle();
  }

  settle(): void {
    if (this.isReceived && this.#held === 0) this.#complete.resolve();
  }
}

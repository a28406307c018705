/** How long a chaincode that lives no longer than this is made to wait, the longer the more often. */
export interface RestartOptions {
  readonly firstMs: number;
  readonly maxMs: number;
  /** A chaincode that lived as long starts anew without delay. */
  readonly healthyMs: number;
}

export const RESTART: RestartOptions = { firstMs: 100, maxMs: 2000, healthyMs: 10_000 };

/** Keeps a chaincode that dies at once, or does not come up, from being started in a tight loop. */
export class RestartDelay {
  readonly #options: RestartOptions;
  #failures = 0;
  #readyAt: number | null = null;

  constructor(options: RestartOptions) {
    this.#options = options;
  }

  /** Before the next start; none before the first, nor after the first death. */
  get delayMs(): number {
    return this.#failures < 2 ? 0 : Math.min(this.#options.firstMs * 2 ** (this.#failures - 2), this.#options.maxMs);
  }

  ready(): void {
    this.#readyAt = performance.now();
  }

  /** It did not come up, or went away. */
  ended(): void {
    const lived = this.#readyAt === null ? 0 : performance.now() - this.#readyAt;
    this.#readyAt = null;
    this.#failures = lived >= this.#options.healthyMs ? 1 : this.#failures + 1;
  }
}

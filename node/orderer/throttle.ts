/** How many messages a second all clients together may send (Fabric, `General.Throttling`). */
export interface ThrottleOptions {
  readonly rate: number;
  /** After which a client is forgotten, milliseconds. */
  readonly inactivityTimeoutMs: number;
}

interface Budget {
  used: number;
  /** Whether the share of this second is still to be had. */
  refilled: boolean;
  lastSeen: number;
  readonly waiting: (() => void)[];
}

const SECOND = 1000;

/** Deals a rate out in equal shares to those who send: a share for each every second; beyond it they wait. */
export class Throttle {
  readonly #options: ThrottleOptions;
  readonly #now: () => number;
  readonly #clients = new Map<string, Budget>();
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: ThrottleOptions, now: () => number = () => performance.now()) {
    this.#options = options;
    this.#now = now;
  }

  /** Resolves when the client may send its next message; at once when it gives up. */
  async limit(client: string, signal: AbortSignal): Promise<void> {
    const budget = this.#budgetOf(client);
    budget.used++;
    while (!this.#closed && !signal.aborted && budget.used > Math.floor(this.#options.rate / this.#clients.size)) {
      if (budget.refilled) {
        budget.refilled = false;
        budget.used = 0;
        budget.lastSeen = this.#now();
        return;
      }
      await new Promise<void>((resolve) => {
        const done = (): void => {
          signal.removeEventListener('abort', done);
          resolve();
        };
        signal.addEventListener('abort', done, { once: true });
        budget.waiting.push(done);
      });
    }
  }

  /** A second has passed. */
  refill(): void {
    const now = this.#now();
    for (const [client, budget] of this.#clients) {
      budget.refilled = true;
      if (budget.waiting.length === 0 && now - budget.lastSeen > this.#options.inactivityTimeoutMs) {
        this.#clients.delete(client);
      }
      for (const wake of budget.waiting.splice(0)) {
        wake();
      }
    }
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) {
      clearInterval(this.#timer);
    }
    this.refill();
  }

  #budgetOf(client: string): Budget {
    let budget = this.#clients.get(client);
    if (budget === undefined) {
      budget = { used: 0, refilled: false, lastSeen: this.#now(), waiting: [] };
      this.#clients.set(client, budget);
      this.#timer ??= setInterval(() => this.refill(), SECOND).unref();
    }
    return budget;
  }
}

/** What a timer can wait, milliseconds. */
const MAX_TIMEOUT = 2 ** 31 - 1;

/** The timeout of a batch: from the first message that waits on; blocks that are cut meanwhile, with others waiting, do not put it off. */
export class BatchTimer {
  readonly #timeoutMs: () => number;
  readonly #onDue: () => void;
  #timer: NodeJS.Timeout | null = null;
  #due = false;

  /** @param timeoutMs of the configuration in force */
  constructor(timeoutMs: () => number, onDue: () => void) {
    this.#timeoutMs = timeoutMs;
    this.#onDue = onDue;
  }

  /** Whether the time is up. */
  get due(): boolean {
    return this.#due;
  }

  /** Unless it runs already. */
  start(): void {
    this.#timer ??= setTimeout(
      () => {
        this.#due = true;
        this.#onDue();
      },
      Math.min(this.#timeoutMs(), MAX_TIMEOUT),
    );
  }

  stop(): void {
    if (this.#timer !== null) {
      clearTimeout(this.#timer);
    }
    this.#timer = null;
    this.#due = false;
  }
}

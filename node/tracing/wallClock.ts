/** Tells the time of a record: microseconds since 1970. */
export interface RecordClock {
  now(): number;
}

/**
 * The wall clock as it was when the process started, and the monotonic clock since: times of one process never go backwards and the
 * distance between two is right, whatever is done to the system's clock meanwhile.
 */
export class AnchoredClock implements RecordClock {
  readonly #origin: number;
  readonly #elapsed: () => number;

  /** @param origin milliseconds since 1970; @param elapsed milliseconds since then */
  constructor(origin: number = performance.timeOrigin, elapsed: () => number = () => performance.now()) {
    this.#origin = origin;
    this.#elapsed = elapsed;
  }

  now(): number {
    return Math.floor((this.#origin + this.#elapsed()) * 1000);
  }
}

/** Times as text: UTC with microseconds, such as `2026-01-01T00:00:00.000000Z`. Times close together cost least. */
export class TimeText {
  #second = Number.NaN;
  #prefix = '';

  /** @param micros since 1970 */
  of(micros: number): string {
    const second = Math.floor(micros / 1_000_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#prefix = new Date(second * 1000).toISOString().slice(0, 20);
    }
    return `${this.#prefix}${String(micros - second * 1_000_000).padStart(6, '0')}Z`;
  }
}

/** Buckets a factor apart: a percentile is off by 2 % at most, whatever is counted and however much. */
const GROWTH = 1.02;
const LOG_GROWTH = Math.log(GROWTH);
/** Milliseconds; everything below is one bucket. */
const SMALLEST = 0.01;
/** More than an hour is an hour. */
const BUCKETS = Math.ceil(Math.log(3_600_000 / SMALLEST) / LOG_GROWTH) + 1;

export interface Latencies {
  readonly count: number;
  /** Milliseconds, as all here; 0 where nothing was counted. */
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** Counts durations in a fixed amount of memory. */
export class LatencyHistogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #count = 0;
  #sum = 0;
  #max = 0;

  /** @param ms milliseconds */
  add(ms: number): void {
    const index = ms <= SMALLEST ? 0 : Math.ceil(Math.log(ms / SMALLEST) / LOG_GROWTH);
    const bucket = Math.min(BUCKETS - 1, index);
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#count++;
    this.#sum += ms;
    this.#max = Math.max(this.#max, ms);
  }

  /** Milliseconds that `share` (0 to 1) of all durations do not exceed. */
  percentile(share: number): number {
    const wanted = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket] as number;
      if (seen >= wanted) {
        return Math.min(this.#max, SMALLEST * GROWTH ** bucket);
      }
    }
    return 0;
  }

  summary(): Latencies {
    return {
      count: this.#count,
      mean: this.#count === 0 ? 0 : this.#sum / this.#count,
      p50: this.percentile(0.5),
      p95: this.percentile(0.95),
      p99: this.percentile(0.99),
      max: this.#max,
    };
  }
}

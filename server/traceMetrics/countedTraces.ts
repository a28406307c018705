/**
 * What was counted of which trace, so that a trace which changes is not counted again. Bounded: the half that was not touched for
 * longest is forgotten when there are too many. What comes back after that cannot be told from what is new, but for its age: a trace
 * that began before the last one that was forgotten counts as counted.
 */
export class CountedTraces {
  readonly #half: number;
  #young = new Map<string, number>();
  #old = new Map<string, number>();
  #latest: string | null = null;
  #forgotten: string | null = null;

  /** @param capacity traces that are remembered at most; at least half as many always are */
  constructor(capacity: number) {
    this.#half = Math.max(1, Math.floor(capacity / 2));
  }

  /** What `set` was given for it; undefined where nothing is known of it. */
  get(traceId: string): number | undefined {
    return this.#young.get(traceId) ?? this.#old.get(traceId);
  }

  /** @param startedAt ISO 8601 in UTC */
  set(traceId: string, counted: number, startedAt: string | null): void {
    if (!this.#young.has(traceId) && this.#young.size >= this.#half) {
      if (this.#old.size > 0) this.#forgotten = this.#latest;
      this.#old = this.#young;
      this.#young = new Map();
      this.#latest = null;
    }
    this.#young.set(traceId, counted);
    if (startedAt !== null && (this.#latest === null || startedAt > this.#latest)) this.#latest = startedAt;
  }

  /** Whether a trace of which nothing is known may be one that was forgotten. */
  mayBeForgotten(startedAt: string | null): boolean {
    return this.#forgotten !== null && startedAt !== null && startedAt <= this.#forgotten;
  }
}

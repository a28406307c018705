import type { TraceSummary } from '#trace/trace.ts';

export interface SettlingOptions {
  /** Milliseconds without a change after which a trace counts as it is. */
  readonly quietMs: number;
  /** Milliseconds after which one that keeps changing counts too. */
  readonly patienceMs: number;
  /** Traces that wait at most; beyond, the one that waits longest counts at once. */
  readonly limit: number;
}

interface Waiting {
  readonly summary: TraceSummary;
  readonly first: number;
  readonly last: number;
}

/** Traces on their way: records of one come from many nodes within seconds, and what is half there would be counted as a fault. */
export class Settling {
  readonly #options: SettlingOptions;
  readonly #waiting = new Map<string, Waiting>();

  constructor(options: SettlingOptions) {
    this.#options = options;
  }

  add(summary: TraceSummary, now: number): void {
    const first = this.#waiting.get(summary.traceId)?.first ?? now;
    // At the end again: the map is in the order of the last change.
    this.#waiting.delete(summary.traceId);
    this.#waiting.set(summary.traceId, { summary, first, last: now });
  }

  /** Takes out those that have settled. */
  take(now: number): TraceSummary[] {
    const { quietMs, patienceMs, limit } = this.#options;
    const settled: TraceSummary[] = [];
    for (const [traceId, { summary, first, last }] of this.#waiting) {
      if (last <= now - quietMs || first <= now - patienceMs || this.#waiting.size > limit) {
        settled.push(summary);
        this.#waiting.delete(traceId);
      }
    }
    return settled;
  }
}

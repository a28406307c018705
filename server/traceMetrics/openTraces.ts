const DAY_MS = 86_400_000;

export type OpenKind = 'never_ordered' | 'partially_committed';

interface Open {
  readonly channel: string;
  readonly kind: OpenKind;
  readonly since: number;
}

/** Traces that something is missing from, until it comes or a day has passed. Bounded: beyond `limit` the oldest are let go. */
export class OpenTraces {
  readonly #limit: number;
  readonly #open = new Map<string, Open>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @param kind what is missing; null where nothing is */
  set(traceId: string, channel: string, kind: OpenKind | null, now: number): void {
    const known = this.#open.get(traceId);
    if (known?.kind === kind) return;
    this.#open.delete(traceId);
    if (kind === null) return;
    this.#open.set(traceId, { channel, kind, since: now });
    for (const oldest of this.#open.keys()) {
      if (this.#open.size <= this.#limit) break;
      this.#open.delete(oldest);
    }
  }

  /**
   * How many of this kind there are, by channel.
   * @param forMs milliseconds for which they must have been
   */
  count(kind: OpenKind, now: number, forMs = 0): Map<string, number> {
    const counts = new Map<string, number>();
    for (const [traceId, open] of this.#open) {
      if (open.since <= now - DAY_MS) this.#open.delete(traceId);
      else if (open.kind === kind && open.since <= now - forMs)
        counts.set(open.channel, (counts.get(open.channel) ?? 0) + 1);
    }
    return counts;
  }
}

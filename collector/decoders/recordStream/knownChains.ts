/** Records whose chain values are kept in memory, and of these the ones that a restart keeps. */
const RECORDS = 1024;
const KEPT = 32;

/** Chain values of a stream's latest records, so that a line that comes again is told from another one in its place. */
export class KnownChains {
  readonly #chains: (string | null)[] = Array.from<null>({ length: RECORDS }).fill(null);
  /** Older records are not known because of a restart. */
  readonly since: number;

  /** @param snapshot absent for a stream that has just begun */
  constructor(snapshot: readonly (string | null)[] | undefined, last: number) {
    this.since = snapshot === undefined ? 0 : last - snapshot.length + 1;
    if (snapshot === undefined) return;
    for (const [index, chain] of snapshot.entries()) this.#chains[(this.since + index) % RECORDS] = chain;
  }

  set(seq: number, chain: string): void {
    this.#chains[seq % RECORDS] = chain;
  }

  /** The records from `from` to `to` are not known. */
  forget(from: number, to: number): void {
    for (let seq = Math.max(from, to - RECORDS + 1); seq <= to; seq++) this.#chains[seq % RECORDS] = null;
  }

  /** Null where it is not known: too long ago, or never read. `last` is the newest record. */
  get(seq: number, last: number): string | null {
    return seq < 0 || seq > last || last - seq >= RECORDS ? null : (this.#chains[seq % RECORDS] ?? null);
  }

  snapshot(last: number): (string | null)[] {
    const first = Math.max(0, last - KEPT + 1);
    return Array.from({ length: last - first + 1 }, (_, index) => this.get(first + index, last));
  }
}

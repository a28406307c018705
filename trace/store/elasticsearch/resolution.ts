/** A row is what records name: an ID in a channel, '' where the record names none. */
export interface Row {
  readonly channel: string;
  readonly txId: string;
  /** `placed`: a full ID without a channel that a shortened one places in this channel. */
  readonly kind: 'full' | 'shortened' | 'placed';
}

/** A shortened ID whose records a trace is shown. */
interface ShownRow {
  readonly channel: string;
  readonly prefix: string;
  readonly ambiguous: boolean;
}

/**
 * Which trace a record belongs to when its line does not say it all. All of it is a function of the rows, never of the order in
 * which they came:
 *
 * - A full ID without a channel belongs to the trace of that ID in whatever channel it turns up; a trace with channel '' only
 *   while it turns up in none.
 * - A shortened ID stands for the full IDs of its channel that begin with it; if there are none, for the full IDs of no known
 *   channel that do. Exactly one such candidate: its records are that one's. None: a provisional trace of the shortened ID.
 *   Two or more: no trace of its own, and every candidate is shown the records as ambiguous.
 * - A single candidate of no known channel is thereby placed in the channel of the shortened ID.
 *
 * Here the rows are those that some IDs have to do with: all rows of those IDs, all shortened IDs that they begin with, all rows
 * that begin with those (rowLoader.ts).
 */
export class Resolution {
  /** Channels by full ID. */
  readonly #full = new Map<string, Set<string>>();
  /** Channels by shortened ID. */
  readonly #shortened = new Map<string, Set<string>>();
  readonly #lengths = new Set<number>();
  #sorted: readonly string[] | null = null;

  addFull(txId: string, channel: string): void {
    if (!this.#full.has(txId)) this.#sorted = null;
    add(this.#full, txId, channel);
  }

  addShortened(prefix: string, channel: string): void {
    add(this.#shortened, prefix, channel);
    this.#lengths.add(prefix.length);
  }

  /** Shortened IDs, of whatever channel. */
  get prefixes(): Iterable<string> {
    return this.#shortened.keys();
  }

  /** The trace of this ID in this channel; null if there is none. */
  row(channel: string, txId: string): Row | null {
    const channels = this.#full.get(txId);
    if (channels?.has(channel) === true) {
      if (channel !== '' || !this.#isElsewhere(txId)) return { channel, txId, kind: 'full' };
    } else if (channel !== '' && this.#isPlaced(channel, txId)) {
      return { channel, txId, kind: 'placed' };
    }
    if (this.#shortened.get(txId)?.has(channel) !== true) return null;
    return this.#candidates(channel, txId).length === 0 ? { channel, txId, kind: 'shortened' } : null;
  }

  /** All traces of exactly this text. */
  rows(txId: string): Row[] {
    const channels = new Set([...(this.#full.get(txId) ?? []), ...(this.#shortened.get(txId) ?? [])]);
    for (const { channel } of this.#shortenedOf(txId)) channels.add(channel);
    return [...channels].flatMap((channel) => this.row(channel, txId) ?? []);
  }

  /** All IDs, full and shortened, that begin with this. */
  beginningWith(prefix: string): string[] {
    return [...this.#full.keys(), ...this.#shortened.keys()].filter((txId) => txId.startsWith(prefix));
  }

  /** The one shortened ID of the channel that is a beginning of `txId` and stands for no other transaction. */
  onlyShortened(channel: string, txId: string): Row | null {
    const [row, other] = this.#shortenedOf(txId, channel);
    return row === undefined || other !== undefined ? null : this.row(channel, row.prefix);
  }

  /** Channels with a shortened ID that is a beginning of `txId`. */
  channelsOfShortened(txId: string): string[] {
    return [...new Set(this.#shortenedOf(txId).map(({ channel }) => channel))];
  }

  /** Shortened IDs whose records the trace is shown; `ambiguous` where they might be another's. */
  shortenedFor(row: Row): ShownRow[] {
    const everywhere = row.channel === '' && row.kind === 'full';
    return this.#shortenedOf(row.txId, everywhere ? undefined : row.channel).flatMap(
      ({ channel, prefix }): ShownRow[] => {
        const candidates = this.#candidates(channel, prefix);
        const [first] = candidates;
        if (first === undefined) return [];
        if (candidates.length > 1) {
          // Candidates are either all of the shortened ID's channel or all of none.
          const isCandidate = first.channel === (row.kind === 'placed' ? '' : row.channel);
          return isCandidate ? [{ channel, prefix, ambiguous: true }] : [];
        }
        return first.txId === row.txId && channel === row.channel ? [{ channel, prefix, ambiguous: false }] : [];
      },
    );
  }

  /** Whether a full ID without a channel has one after all. */
  #isElsewhere(txId: string): boolean {
    return this.#isInChannel(txId) || this.#shortenedOf(txId).some(({ channel }) => this.#isPlaced(channel, txId));
  }

  #isInChannel(txId: string): boolean {
    const channels = this.#full.get(txId);
    return channels !== undefined && (channels.size > 1 || !channels.has(''));
  }

  #isPlaced(channel: string, txId: string): boolean {
    if (channel === '') return false;
    return this.#shortenedOf(txId, channel).some(({ prefix }) => {
      const candidates = this.#candidates(channel, prefix);
      return candidates.length === 1 && candidates[0]?.channel === '' && candidates[0].txId === txId;
    });
  }

  #candidates(channel: string, prefix: string): { readonly channel: string; readonly txId: string }[] {
    const alike = this.#fullBeginningWith(prefix);
    const own = alike.filter((txId) => this.#full.get(txId)?.has(channel) === true);
    if (own.length > 0 || channel === '') return own.map((txId) => ({ channel, txId }));
    return alike.filter((txId) => !this.#isInChannel(txId)).map((txId) => ({ channel: '', txId }));
  }

  #shortenedOf(txId: string, channel?: string): { readonly channel: string; readonly prefix: string }[] {
    const found: { readonly channel: string; readonly prefix: string }[] = [];
    for (const length of this.#lengths) {
      if (length > txId.length) continue;
      const prefix = txId.slice(0, length);
      for (const one of this.#shortened.get(prefix) ?? []) {
        if (channel === undefined || one === channel) found.push({ channel: one, prefix });
      }
    }
    return found;
  }

  #fullBeginningWith(prefix: string): string[] {
    this.#sorted ??= [...this.#full.keys()].toSorted();
    const sorted = this.#sorted;
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sorted[middle] as string) < prefix) low = middle + 1;
      else high = middle;
    }
    const found: string[] = [];
    for (let at = low; sorted[at]?.startsWith(prefix) === true; at++) found.push(sorted[at] as string);
    return found;
  }
}

function add(map: Map<string, Set<string>>, key: string, value: string): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, new Set([value]));
  else values.add(value);
}

import type { Database } from './database.ts';
import { FULL, PLACED, SHORTENED, type Transaction, type Transactions } from './transactions.ts';

/**
 * Which trace a record belongs to when its line does not say it all. All of it is a function of the rows of `tx`, never of the
 * order in which they came:
 *
 * - A full ID without a channel belongs to the trace of that ID in whatever channel it turns up; a trace with channel '' only
 *   while it turns up in none.
 * - A shortened ID stands for the full IDs of its channel that begin with it; if there are none, for the full IDs of no known
 *   channel that do. Exactly one such candidate: its records are that one's. None: a provisional trace of the shortened ID.
 *   Two or more: no trace of its own, and every candidate is shown the records as ambiguous.
 * - A single candidate of no known channel is thereby placed in the channel of the shortened ID (a row of kind PLACED).
 */
export class Resolution {
  readonly #db: Database;
  readonly #transactions: Transactions;

  constructor(db: Database, transactions: Transactions) {
    this.#db = db;
    this.#transactions = transactions;
  }

  /** The candidates of a shortened ID, at most `limit`. */
  candidates(shortened: Transaction, limit = 3): Transaction[] {
    const { txId, channelKey } = shortened;
    const own = this.#transactions.beginningWith(txId, [FULL], channelKey, limit);
    if (own.length > 0 || channelKey === 0) return own;
    return this.#transactions.withoutAnyChannel(txId, limit);
  }

  /** Whether the row is a trace of its own. */
  isVisible(tx: Transaction): boolean {
    if (tx.kind === SHORTENED) return this.candidates(tx, 1).length === 0;
    if (tx.kind === PLACED) return this.#isPlaced(tx);
    if (tx.channelKey !== 0) return true;
    return !this.#transactions
      .rowsOf(tx.txId)
      .some((row) => (row.kind === FULL && row.channelKey !== 0) || (row.kind === PLACED && this.#isPlaced(row)));
  }

  /** The row of `txId` without a channel, if any record lacks it. */
  withoutChannel(txId: string): Transaction | undefined {
    return this.#transactions.rowsOf(txId).find((row) => row.kind === FULL && row.channelKey === 0);
  }

  /** Shortened IDs whose records the trace of a visible full row is shown; `ambiguous` where they might be another's. */
  shortenedFor(tx: Transaction): { readonly row: Transaction; readonly ambiguous: boolean }[] {
    if (this.#transactions.shortenedLengths().length === 0) return [];
    const rows = this.#transactions.shortenedOf(
      tx.txId,
      tx.channelKey === 0 && tx.kind === FULL ? undefined : tx.channelKey,
    );
    return rows.flatMap((row): { readonly row: Transaction; readonly ambiguous: boolean }[] => {
      const candidates = this.candidates(row, 2);
      const first = candidates[0];
      if (first === undefined) return [];
      if (candidates.length > 1) {
        // Candidates are either all of the shortened ID's channel or all of none.
        const isCandidate = first.channelKey === (tx.kind === PLACED ? 0 : tx.channelKey);
        return isCandidate ? [{ row, ambiguous: true }] : [];
      }
      return first.txId === tx.txId && row.channelKey === tx.channelKey ? [{ row, ambiguous: false }] : [];
    });
  }

  /** Marks whatever a new row changes; makes the rows it places. `same` are the other rows of the same text. */
  created(tx: Transaction, same: readonly Transaction[]): void {
    for (const row of same) this.#markDirty(row.key);
    if (tx.kind === SHORTENED) {
      this.#reconsider(tx);
    } else if (this.#transactions.shortenedLengths().length > 0) {
      for (const shortened of this.#transactions.shortenedOf(tx.txId)) this.#reconsider(shortened);
    }
  }

  /** Marks whatever the disappearance of a row changes. */
  dropped(tx: Transaction): void {
    for (const row of this.#transactions.rowsOf(tx.txId)) this.#markDirty(row.key);
    if (tx.kind === SHORTENED || this.#transactions.shortenedLengths().length === 0) return;
    for (const shortened of this.#transactions.shortenedOf(tx.txId)) this.#reconsider(shortened);
  }

  /** Marks the traces that see the records of a row, where that is not the row's own trace alone. */
  touched(tx: Transaction): void {
    if (tx.kind === SHORTENED) {
      this.#markCandidates(tx, true);
    } else if (tx.channelKey === 0) {
      for (const row of this.#transactions.rowsOf(tx.txId)) this.#markDirty(row.key);
    }
  }

  /**
   * The candidates of a shortened ID have changed. Going from none to one to two changes what the earlier ones see; beyond
   * that only the new one's view changes, and that one is marked anyway.
   */
  #reconsider(shortened: Transaction): void {
    this.#markDirty(shortened.key);
    this.#markCandidates(shortened, false);
    const candidates = this.candidates(shortened, 2);
    const [only] = candidates;
    if (candidates.length !== 1 || only === undefined || only.channelKey !== 0 || shortened.channelKey === 0) return;
    this.#markDirty(only.key);
    const rows = this.#transactions.rowsOf(only.txId);
    if (rows.some((row) => row.channelKey === shortened.channelKey && row.kind !== SHORTENED)) return;
    const placed = this.#transactions.insert(shortened.channelKey, PLACED, only.txId, only.base);
    this.#markDirty(placed.key);
  }

  /** The rows that might be a candidate now or have been one: `all`, or the first few. */
  #markCandidates(shortened: Transaction, all: boolean): void {
    const { txId, channelKey } = shortened;
    const limit = all ? Number.MAX_SAFE_INTEGER : 4;
    const own = this.#transactions.beginningWith(txId, [FULL], channelKey, limit);
    // With three or more it was ambiguous before and is so after: nobody's view changes, however many there are.
    if (!all && own.length > 2) return;
    for (const row of own) this.#markDirty(row.key);
    if (channelKey === 0) return;
    for (const row of this.#transactions.withoutAnyChannel(txId, limit)) this.#markDirty(row.key);
    for (const row of this.#transactions.beginningWith(txId, [PLACED], channelKey, Number.MAX_SAFE_INTEGER)) {
      this.#markDirty(row.key);
    }
  }

  #isPlaced(tx: Transaction): boolean {
    return this.#transactions.shortenedOf(tx.txId, tx.channelKey).some((shortened) => {
      const candidates = this.candidates(shortened, 2);
      return candidates.length === 1 && candidates[0]?.txId === tx.txId;
    });
  }

  #markDirty(key: number): void {
    this.#db.prepare('INSERT OR IGNORE INTO dirty (tx) VALUES (?)').run(key);
  }
}

import type { Database } from './database.ts';
import type { Transaction } from './transactions.ts';

/** Rows per statement: one call into SQLite for so many records. */
const ROWS = 16;
const SQL = 'INSERT OR IGNORE INTO record (tx, id, data) VALUES';

/**
 * Rows of `record` on their way in. Where some of a statement's rows were known already, SQLite only tells how many: then all
 * its transactions count as touched, which costs a refresh that changes nothing.
 */
export class RecordRows {
  readonly #db: Database;
  readonly #touched: (tx: Transaction) => void;
  #values: (number | Uint8Array)[] = [];
  #transactions: Transaction[] = [];
  #bytes = Buffer.allocUnsafe(64 * 1024);
  #used = 0;
  /** Rows that were new, since the last `reset`. */
  added = 0;

  constructor(db: Database, touched: (tx: Transaction) => void) {
    this.#db = db;
    this.#touched = touched;
  }

  reset(): void {
    this.#clear();
    this.added = 0;
  }

  /** `id` must keep its bytes until the next `flush`; `data` is copied. */
  add(tx: Transaction, id: Uint8Array, data: Uint8Array): void {
    if (this.#used + data.length > this.#bytes.length) {
      // What waits keeps the old buffer alive until it is written.
      this.#bytes = Buffer.allocUnsafe(Math.max(64 * 1024, data.length));
      this.#used = 0;
    }
    const end = this.#used + data.length;
    this.#bytes.set(data, this.#used);
    this.#values.push(tx.key, id, this.#bytes.subarray(this.#used, end));
    this.#used = end;
    this.#transactions.push(tx);
    if (this.#transactions.length === ROWS) this.#write(`${SQL} ${MANY}`, this.#values, this.#transactions);
  }

  /** Writes what waits. */
  flush(): void {
    const values = this.#values;
    const transactions = this.#transactions;
    this.#clear();
    for (const [n, tx] of transactions.entries()) this.#write(`${SQL} (?, ?, ?)`, values.slice(n * 3, n * 3 + 3), [tx]);
  }

  #write(sql: string, values: readonly (number | Uint8Array)[], transactions: readonly Transaction[]): void {
    const changes = Number(this.#db.prepare(sql).run(...values).changes);
    this.#clear();
    if (changes === 0) return;
    this.added += changes;
    for (const tx of transactions) this.#touched(tx);
  }

  #clear(): void {
    this.#values = [];
    this.#transactions = [];
    this.#used = 0;
  }
}

const MANY = Array.from({ length: ROWS }, () => '(?, ?, ?)').join(', ');

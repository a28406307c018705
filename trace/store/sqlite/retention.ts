import { StoreError } from '../errors.ts';
import { readCounter, writeCounter } from './counters.ts';
import type { Parts } from './parts.ts';
import { timeOf } from './recordDecoder.ts';
import { approximateTime } from '../time.ts';
import { FULL, PLACED, SHORTENED, type Transaction } from './transactions.ts';

/** Rows looked at per transaction at most, and for how long the write lock is held. */
const CHUNK = 2000;
const LONGEST_MS = 30;
/** Pages given back to the file system per step. */
const PAGES = 2000;

/**
 * Forgets what is older than a time, in chunks: each call of `step` is one short transaction. A block goes when all its records
 * and all the records of its transactions are older; a transaction goes when its own records are and no block holds it. So a
 * trace that is still alive keeps all of its evidence. Facts about the network, heights and streams stay.
 */
export class Retention {
  readonly #parts: Parts;
  readonly #before: number;
  #phase: 'blocks' | 'transactions' | 'related' | 'placed' | 'rest' | 'space' | 'done' = 'blocks';
  #after = 0;
  #deadline = 0;
  records = 0;
  traces = 0;

  constructor(parts: Parts, before: string) {
    if (Number.isNaN(Date.parse(before))) throw new StoreError('invalid_query', 'That is no ISO 8601 time.');
    this.#parts = parts;
    this.#before = approximateTime(before);
  }

  /** Whether there is more to do. */
  step(): boolean {
    const { db } = this.#parts;
    if (this.#phase === 'done') return false;
    if (this.#phase === 'space') {
      db.exec(`PRAGMA incremental_vacuum(${PAGES})`);
      if (db.number('PRAGMA freelist_count') === 0) this.#phase = 'done';
      return this.#phase !== 'done';
    }
    const { records, traces } = this;
    try {
      db.write(() => {
        this.#parts.sync();
        this.#deadline = performance.now() + LONGEST_MS;
        this.#work();
        const dropped = this.records - records;
        if (dropped > 0) writeCounter(db, 'records', Math.max(0, readCounter(db, 'records') - dropped));
      });
    } catch (error) {
      this.records = records;
      this.traces = traces;
      this.#parts.forget();
      throw error;
    }
    return true;
  }

  #work(): void {
    if (this.#phase === 'blocks') this.#blocks();
    else if (this.#phase === 'transactions') this.#transactions(false);
    else if (this.#phase === 'related') this.#transactions(true);
    else if (this.#phase === 'placed') this.#placed();
    else this.#rest();
  }

  #next(phase: 'transactions' | 'related' | 'placed' | 'rest' | 'space'): void {
    this.#phase = phase;
    this.#after = 0;
    // Rows that are gone must not be found in a cache.
    this.#parts.forgetRows();
  }

  #blocks(): void {
    const { db } = this.#parts;
    const rows = db.all('SELECT key, last FROM block WHERE key > ? ORDER BY key LIMIT ?', this.#after, CHUNK);
    for (const [key, last] of rows) {
      if (performance.now() > this.#deadline) return;
      const block = key as number;
      this.#after = block;
      if ((last as number) >= this.#before || !this.#areMembersOld(block)) continue;
      this.records += db.run('DELETE FROM block_record WHERE block = ?', block);
      db.run('DELETE FROM member WHERE block = ?', block);
      db.run('DELETE FROM tx_list WHERE block = ?', block);
      db.run('DELETE FROM block WHERE key = ?', block);
    }
    if (rows.length === 0) this.#next('transactions');
  }

  #areMembersOld(block: number): boolean {
    const { db, transactions } = this.#parts;
    return db.all('SELECT tx FROM member WHERE block = ?', block).every(([key]) => {
      const tx = transactions.byKey(key as number);
      if (tx === null) return true;
      const newest = db.number(
        'SELECT max(last) FROM member JOIN block ON block.key = member.block WHERE tx = ?',
        tx.key,
      );
      return newest < this.#before && this.#isOld(tx) && this.#areRelativesOld(tx);
    });
  }

  /** `related`: rows that add to the traces of others (no channel, shortened) and so may outlive their own records' time. */
  #transactions(related: boolean): void {
    const { db, transactions } = this.#parts;
    // A row's base is the time of a record of it or of its block: with a younger base it cannot be old.
    const sql = 'SELECT key FROM tx WHERE key > ? AND base < ? ORDER BY key LIMIT ?';
    const rows = db.all(sql, this.#after, this.#before, CHUNK);
    for (const [key] of rows) {
      if (performance.now() > this.#deadline) return;
      this.#after = key as number;
      const tx = transactions.byKey(key as number);
      if (tx === null || tx.kind === PLACED || (tx.kind === SHORTENED || tx.channelKey === 0) !== related) continue;
      if (!this.#isOld(tx) || db.get('SELECT 1 FROM member WHERE tx = ?', tx.key) !== undefined) continue;
      if (related ? !this.#isUnused(tx) : !this.#areRelativesOld(tx)) continue;
      this.#drop(tx);
    }
    if (rows.length === 0) this.#next(related ? 'placed' : 'related');
  }

  /** Whether the records without channel or with a shortened ID that belong to the trace are old too. */
  #areRelativesOld(tx: Transaction): boolean {
    const { transactions, resolution } = this.#parts;
    const without = transactions.rowsOf(tx.txId).filter((row) => row.channelKey === 0);
    const shortened = resolution.shortenedFor(tx).map(({ row }) => row);
    return [...without, ...shortened].every((row) => this.#isOld(row));
  }

  /** Whether no living trace stands on the row: a full ID in a channel is one, and IDs without a channel that are younger. */
  #isUnused(tx: Transaction): boolean {
    const { transactions, resolution } = this.#parts;
    if (tx.kind === SHORTENED) {
      return resolution
        .candidates(tx, 10)
        .every((row) => row.channelKey === 0 && tx.channelKey !== 0 && this.#isOld(row));
    }
    if (transactions.rowsOf(tx.txId).some((row) => row.channelKey !== 0 && row.kind === FULL)) return false;
    return transactions.shortenedOf(tx.txId).every((row) => this.#isOld(row));
  }

  /** What a shortened ID had placed in its channel goes with it. */
  #placed(): void {
    const { db, transactions, resolution } = this.#parts;
    const sql = `SELECT key FROM tx WHERE kind = ${PLACED} AND key > ? ORDER BY key LIMIT ?`;
    const rows = db.all(sql, this.#after, CHUNK);
    for (const [key] of rows) {
      if (performance.now() > this.#deadline) return;
      this.#after = key as number;
      const tx = transactions.byKey(key as number);
      if (tx !== null && !resolution.isVisible(tx)) this.#drop(tx);
    }
    if (rows.length === 0) this.#next('rest');
  }

  #isOld(tx: Transaction): boolean {
    const sql = 'SELECT data FROM record WHERE tx = ?';
    return this.#parts.db.all(sql, tx.key).every(([data]) => timeOf(data as Uint8Array, tx.base) < this.#before);
  }

  #drop(tx: Transaction): void {
    const { db, resolution } = this.#parts;
    const wasVisible = resolution.isVisible(tx);
    this.records += db.run('DELETE FROM record WHERE tx = ?', tx.key);
    const wasListed = db.run('DELETE FROM summary WHERE tx = ?', tx.key) === 1;
    db.run('DELETE FROM tx WHERE key = ?', tx.key);
    db.run('DELETE FROM dirty WHERE tx = ?', tx.key);
    // Those that shared a shortened ID with it may now be the only ones.
    resolution.dropped(tx);
    if (wasVisible || wasListed) this.traces++;
  }

  #rest(): void {
    const { db } = this.#parts;
    this.records += db.run('DELETE FROM range_record WHERE time < ?', this.#before);
    this.records += db.run('DELETE FROM loose WHERE time < ?', this.#before);
    db.run('DELETE FROM shape WHERE key NOT IN (SELECT shape FROM summary)');
    db.run('DELETE FROM edges WHERE key NOT IN (SELECT edges FROM summary)');
    this.#next('space');
  }
}

import { assemble } from '../../assemble/assemble.ts';
import type { StoredRecord } from '../../record.ts';
import type { Trace } from '../../trace.ts';
import { StoreError } from '../errors.ts';
import { readCounter, writeCounter } from './counters.ts';
import { EvidenceReader } from './evidence.ts';
import type { Parts } from './parts.ts';
import { expandStale } from './stale.ts';
import type { SummaryRow } from './summaryCodec.ts';
import type { Transaction } from './transactions.ts';

/** Traces per transaction: the write lock is held for some tens of milliseconds. */
const CHUNK = 500;

/**
 * Brings the summaries of at most `limit` dirty traces up to date, one chunk per call and transaction. A summary that comes out
 * as it was keeps its revision. Rejects with `not_assembled`, the chunk done nevertheless, if records of a trace break
 * `assemble`.
 */
export function refreshChunk(parts: Parts, limit: number): { readonly refreshed: number; readonly remaining: number } {
  const { db } = parts;
  if (db.get('SELECT 1 FROM dirty LIMIT 1') === undefined && db.get('SELECT 1 FROM stale LIMIT 1') === undefined) {
    return { refreshed: 0, remaining: 0 };
  }
  try {
    const refresher = new Refresher(parts);
    const result = db.write(() => {
      parts.sync();
      expandStale(db);
      const keys = db
        .all('SELECT tx FROM dirty ORDER BY tx LIMIT ?', Math.min(limit, CHUNK))
        .map(([key]) => key as number);
      const last = keys.at(-1);
      if (last !== undefined) {
        refresher.refresh(keys);
        db.run('DELETE FROM dirty WHERE tx <= ?', last);
      }
      return { refreshed: keys.length, remaining: db.number('SELECT count(*) FROM dirty') };
    });
    if (refresher.failures.length > 0) {
      throw new StoreError('not_assembled', `No trace came out of the records of ${refresher.failures.join('; ')}`, {
        cause: refresher.cause,
      });
    }
    return result;
  } catch (error) {
    if (!(error instanceof StoreError)) parts.forget();
    throw error;
  }
}

class Refresher {
  readonly #parts: Parts;
  readonly #evidence: EvidenceReader;
  #revision = 0;
  readonly failures: string[] = [];
  cause: unknown;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#evidence = new EvidenceReader(parts);
  }

  refresh(keys: readonly number[]): void {
    const first = readCounter(this.#parts.db, 'revision');
    this.#revision = first;
    const rows = new Map(this.#parts.transactions.dirtyUpTo(keys.at(-1) ?? -1).map((tx) => [tx.key, tx]));
    const records = this.#records(keys, rows);
    for (const key of keys) {
      const tx = rows.get(key);
      if (tx === undefined || !this.#parts.resolution.isVisible(tx)) {
        this.#parts.db.prepare('DELETE FROM summary WHERE tx = ?').run(key);
      } else {
        this.#summarise(tx, records.get(key) ?? []);
      }
    }
    if (this.#revision !== first) writeCounter(this.#parts.db, 'revision', this.#revision);
  }

  #summarise(tx: Transaction, own: readonly StoredRecord[]): void {
    const { records, context } = this.#evidence.of(tx, own);
    let trace: Trace;
    try {
      trace = assemble(records, context);
    } catch (error) {
      // One trace must not hold up all others: it keeps its old summary until its next record.
      this.failures.push(`${tx.txId} of channel "${tx.channel}": ${String(error)}`);
      this.cause ??= error;
      return;
    }
    this.#write(tx.key, this.#parts.summaries.encode(trace));
  }

  /** The own records of all rows, read in one sweep. */
  #records(keys: readonly number[], rows: ReadonlyMap<number, Transaction>): Map<number, StoredRecord[]> {
    const { db, decoder } = this.#parts;
    const records = new Map<number, StoredRecord[]>();
    const sql = 'SELECT tx, lower(hex(id)), data FROM dirty CROSS JOIN record USING (tx) WHERE tx <= ?';
    for (const [key, id, data] of db.all(sql, keys.at(-1) ?? -1)) {
      const tx = rows.get(key as number);
      if (tx === undefined) continue;
      const record = decoder.decode(id as string, data as Uint8Array, tx);
      const list = records.get(tx.key);
      if (list === undefined) records.set(tx.key, [record]);
      else list.push(record);
    }
    return records;
  }

  #write(key: number, row: SummaryRow): void {
    const { db } = this.#parts;
    const { started, tie, duration, block, shape, edges, data } = row;
    const before = db.get('SELECT started, duration, block, shape, edges, data FROM summary WHERE tx = ?', key);
    if (before !== undefined) {
      const values = [started, duration, block, shape, edges];
      if (values.every((value, n) => value === before[n]) && Buffer.compare(before[5] as Uint8Array, data) === 0)
        return;
    }
    db.prepare(
      'INSERT OR REPLACE INTO summary (tx, revision, started, tie, duration, block, shape, edges, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
    ).run(key, ++this.#revision, started, tie, duration, block, shape, edges, data);
  }
}

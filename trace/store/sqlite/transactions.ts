import { normalId } from '../normalId.ts';
import { BoundedMap } from './boundedMap.ts';
import type { Channels } from './channels.ts';
import type { Database, Row } from './database.ts';
import type { RowContext } from './recordDecoder.ts';
import { afterText, fromStoredId, headOf, hexRange, ID_HEAD, toStoredId, type StoredTxId } from './txId.ts';

/** What a row of `tx` stands for. */
export const FULL = 0;
/** A shortened ID, as a log line shows it. */
export const SHORTENED = 1;
/** A full ID without a channel, placed in this channel by a shortened one (resolution.ts decides whether that holds). */
export const PLACED = 2;

/** One row of `tx`; the context that its records are encoded in. */
export interface Transaction extends RowContext {
  readonly key: number;
  readonly channelKey: number;
  readonly kind: number;
  readonly txId: string;
  readonly block: null;
  /** Block rows known to list the transaction; only of entries in the writer's cache. */
  blocks?: Set<number>;
}

const COLUMNS = 'key, channel, kind, id, base';

/** The `tx` table: transaction IDs and their integer keys. */
export class Transactions {
  readonly #db: Database;
  readonly #channels: Channels;
  /** By channel key, then full ID. */
  readonly #full = new Map<number, BoundedMap<string, Transaction>>();
  readonly #shortened = new BoundedMap<string, Transaction>(20_000);
  #lengths: readonly number[] | undefined;
  #hasOddIds: boolean | undefined;

  constructor(db: Database, channels: Channels) {
    this.#db = db;
    this.#channels = channels;
  }

  /** Rows that other processes may have added or dropped are looked up again. */
  forget(): void {
    this.#full.clear();
    this.#shortened.clear();
    this.#lengths = undefined;
    this.#hasOddIds = undefined;
  }

  /** The row of a full ID in the writer's cache. */
  cached(channel: number, txId: string): Transaction | undefined {
    return this.#full.get(channel)?.get(txId);
  }

  cachedShortened(channel: number, prefix: string): Transaction | undefined {
    return this.#shortened.get(`${channel} ${prefix}`);
  }

  remember(tx: Transaction): void {
    if (tx.kind === SHORTENED) {
      this.#shortened.set(`${tx.channelKey} ${tx.txId}`, tx);
      return;
    }
    let channel = this.#full.get(tx.channelKey);
    if (channel === undefined) {
      if (this.#full.size >= 64) this.#full.clear();
      channel = new BoundedMap(40_000);
      this.#full.set(tx.channelKey, channel);
    }
    channel.set(tx.txId, tx);
  }

  /** All rows of exactly this text, of any channel and kind. */
  rowsOf(id: string): Transaction[] {
    const stored = toStoredId(normalId(id));
    return this.#db
      .all(`SELECT ${COLUMNS} FROM tx WHERE ${ID_HEAD} = ? AND id = ?`, headOf(stored), stored)
      .map((row) => this.#fromRow(row));
  }

  /** The rows that are dirty, up to this key. */
  dirtyUpTo(last: number): Transaction[] {
    const sql = `SELECT ${COLUMNS} FROM dirty CROSS JOIN tx ON tx.key = dirty.tx WHERE dirty.tx <= ?`;
    return this.#db.all(sql, last).map((row) => this.#fromRow(row));
  }

  byKey(key: number): Transaction | null {
    const row = this.#db.get(`SELECT ${COLUMNS} FROM tx WHERE key = ?`, key);
    return row === undefined ? null : this.#fromRow(row);
  }

  insert(channel: number, kind: number, id: string, base: number): Transaction {
    const txId = normalId(id);
    const { lastInsertRowid } = this.#db
      .prepare('INSERT INTO tx (channel, kind, id, base) VALUES (?, ?, ?, ?)')
      .run(channel, kind, toStoredId(txId), base);
    if (kind === SHORTENED && !this.shortenedLengths().includes(txId.length)) this.#lengths = undefined;
    if (kind !== SHORTENED && typeof toStoredId(txId) === 'string') this.#hasOddIds = true;
    return {
      key: Number(lastInsertRowid),
      channelKey: channel,
      channel: this.#channels.nameOf(channel),
      kind,
      txId,
      block: null,
      base,
    };
  }

  /** A placed row becomes a full one: a record names the channel itself. */
  makeFull(tx: Transaction): Transaction {
    this.#db.run('UPDATE tx SET kind = ? WHERE key = ?', FULL, tx.key);
    return { ...tx, kind: FULL };
  }

  /** Lengths (in characters) that shortened IDs have, ascending; empty where there are none. */
  shortenedLengths(): readonly number[] {
    this.#lengths ??= this.#db
      .all(`SELECT DISTINCT length(id) FROM tx WHERE kind = ${SHORTENED} ORDER BY 1`)
      .map(([length]) => length as number);
    return this.#lengths;
  }

  /** Rows of shortened IDs that are a beginning of `txId`, of one channel or all. */
  shortenedOf(txId: string, channel?: number): Transaction[] {
    const rows: Transaction[] = [];
    for (const length of this.shortenedLengths()) {
      if (length > txId.length) break;
      for (const tx of this.rowsOf(txId.slice(0, length))) {
        if (tx.kind === SHORTENED && (channel === undefined || tx.channelKey === channel)) rows.push(tx);
      }
    }
    return rows;
  }

  /** Full IDs that begin with `prefix` and that no record places in a channel, at most `limit`. */
  withoutAnyChannel(prefix: string, limit: number): Transaction[] {
    const elsewhere = `EXISTS (SELECT 1 FROM tx AS other WHERE ${ID_HEAD.replaceAll('id', 'other.id')} = ${ID_HEAD.replaceAll('id', 'tx.id')}
      AND other.id = tx.id AND other.kind = ${FULL} AND other.channel <> 0)`;
    return this.#beginning(prefix, `+kind = ${FULL} AND +channel = 0 AND NOT ${elsewhere}`, [], limit);
  }

  /** Rows of kind `kinds` whose ID begins with `prefix`, at most `limit`. */
  beginningWith(prefix: string, kinds: readonly number[], channel: number | null, limit: number): Transaction[] {
    const withShortened = kinds.includes(SHORTENED);
    if (channel === null) return this.#beginning(prefix, `+kind IN (${kinds.join()})`, [], limit, withShortened);
    return this.#beginning(prefix, `+kind IN (${kinds.join()}) AND +channel = ?`, [channel], limit, withShortened);
  }

  /** A query for the keys of all rows whose ID begins with `prefix`, to be used inside another. */
  keysBeginningWith(prefix: string): { readonly sql: string; readonly values: StoredTxId[] } {
    const text = normalId(prefix);
    const range = hexRange(prefix);
    const asText = `SELECT key FROM tx WHERE ${ID_HEAD} BETWEEN ? AND ? AND typeof(id) = 'text'`;
    if (range === null) return { sql: asText, values: [text, afterText(text)] };
    return {
      sql: `${asText} UNION ALL SELECT key FROM tx WHERE ${ID_HEAD} BETWEEN ? AND ? AND id BETWEEN ? AND ?`,
      values: [text, afterText(text), headOf(range.low), headOf(range.high), range.low, range.high],
    };
  }

  /** `where` hides its columns from the planner (`+kind`): the beginning of an ID selects far better than any of them. */
  #beginning(
    prefix: string,
    where: string,
    more: readonly number[],
    limit: number,
    withShortened = false,
  ): Transaction[] {
    const rows: Row[] = [];
    const range = hexRange(prefix);
    if (range !== null) {
      rows.push(
        ...this.#db.all(
          `SELECT ${COLUMNS} FROM tx WHERE ${ID_HEAD} BETWEEN ? AND ? AND id BETWEEN ? AND ? AND ${where} ORDER BY ${ID_HEAD} LIMIT ?`,
          headOf(range.low),
          headOf(range.high),
          range.low,
          range.high,
          ...more,
          limit,
        ),
      );
    }
    if (!withShortened && !this.#oddIds()) return rows.map((row) => this.#fromRow(row));
    const text = normalId(prefix);
    rows.push(
      ...this.#db.all(
        `SELECT ${COLUMNS} FROM tx WHERE ${ID_HEAD} BETWEEN ? AND ? AND typeof(id) = 'text' AND ${where} ORDER BY ${ID_HEAD} LIMIT ?`,
        text,
        afterText(text),
        ...more,
        limit,
      ),
    );
    return rows.map((row) => this.#fromRow(row));
  }

  /** Whether any full ID is not what Fabric makes (64 hex digits) and so is held as text, as all shortened IDs are. */
  #oddIds(): boolean {
    this.#hasOddIds ??=
      this.#db.get(`SELECT 1 FROM tx WHERE typeof(id) = 'text' AND kind <> ${SHORTENED} LIMIT 1`) !== undefined;
    return this.#hasOddIds;
  }

  #fromRow(row: Row): Transaction {
    const [key, channel, kind, id, base] = row as [number, number, number, StoredTxId, number];
    return {
      key,
      channelKey: channel,
      channel: this.#channels.nameOf(channel),
      kind,
      txId: fromStoredId(id),
      block: null,
      base,
    };
  }
}

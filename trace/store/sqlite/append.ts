import { POINTS } from '../../points.ts';
import type { StoredRecord, TraceRecord } from '../../record.ts';
import { StoreError } from '../errors.ts';
import { normalId } from '../normalId.ts';
import type { AppendResult } from '../traceStore.ts';
import type { BlockRow } from './blocks.ts';
import { readCounter, writeCounter } from './counters.ts';
import type { Parts } from './parts.ts';
import { RecordRows } from './recordRows.ts';
import { markStale, STALE_BLOCKS } from './stale.ts';
import { approximateTime } from '../time.ts';
import { FULL, PLACED, SHORTENED, type Transaction } from './transactions.ts';
import { Watermarks } from './watermarks.ts';

const RECORD_ID = /^[0-9a-f]{16}$/;
const LONGEST_TX_ID = 256;

/** Adds records: each to the rows of its transaction, its block or the network, and marks what refresh has to redo. */
export class Appender {
  readonly #parts: Parts;
  readonly #watermarks: Watermarks;
  readonly #rows: RecordRows;
  /** Per batch. */
  readonly #touched = new Map<number, Transaction>();
  readonly #touchedBlocks = new Map<BlockRow, number>();
  #channelName = '';
  #channelKey = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#watermarks = new Watermarks(parts.db);
    this.#rows = new RecordRows(parts.db, (tx) => {
      this.#touch(tx);
    });
  }

  append(records: readonly StoredRecord[], checkpoints?: ReadonlyMap<string, string>): AppendResult {
    const { db } = this.#parts;
    try {
      return db.write(() => {
        this.#parts.sync();
        this.#touched.clear();
        this.#touchedBlocks.clear();
        this.#channelName = '';
        this.#channelKey = 0;
        this.#watermarks.reset();
        this.#rows.reset();
        const added = this.#addAll(records);
        this.#finish(added);
        if (checkpoints !== undefined) {
          const put = db.prepare('INSERT OR REPLACE INTO checkpoint (name, value) VALUES (?, ?)');
          for (const [name, value] of checkpoints) put.run(name, value);
        }
        return { added, known: records.length - added };
      });
    } catch (error) {
      this.#parts.forget();
      throw error;
    }
  }

  #addAll(records: readonly StoredRecord[]): number {
    const ids = Buffer.allocUnsafe(records.length * 8);
    let added = 0;
    for (let n = 0; n < records.length; n++) {
      const stored = records[n] as StoredRecord;
      if (!RECORD_ID.test(stored.id)) throw new StoreError('invalid_record', `"${stored.id}" is no record ID.`);
      ids.write(stored.id, n * 8, 'hex');
      if (this.#add(ids.subarray(n * 8, n * 8 + 8), stored.record)) added++;
    }
    this.#rows.flush();
    return added + this.#rows.added;
  }

  /** Whether it was new; of a transaction's record `#rows` tells. */
  #add(id: Uint8Array, record: TraceRecord): boolean {
    const { ftl } = record;
    this.#watermarks.stream(record);
    const scope = (POINTS as Readonly<Record<string, { readonly scope: string } | undefined>>)[ftl.point]?.scope;
    if (scope === 'network') return this.#parts.facts.add(id, record);
    if (scope === 'tx') {
      if (ftl.tx_id !== undefined && isTxId(ftl.tx_id)) return this.#addToTransaction(id, record, ftl.tx_id, FULL);
      if (ftl.tx_id_prefix !== undefined && isTxId(ftl.tx_id_prefix)) {
        return this.#addToTransaction(id, record, ftl.tx_id_prefix, SHORTENED);
      }
    } else if (scope === 'block' && ftl.block !== undefined) {
      return this.#addToBlock(id, record);
    }
    return this.#addLoose(id, record);
  }

  #addToTransaction(id: Uint8Array, record: TraceRecord, txId: string, kind: number): false {
    const { encoder, blocks } = this.#parts;
    const { block, channel } = record.ftl;
    const channelKey = this.#channel(channel);
    const tx = this.#transaction(channelKey, txId, kind, record);
    if (block !== undefined && channelKey !== 0 && kind === FULL) {
      const row = blocks.ensure(channelKey, block.number, tx.base);
      if (record.ftl.txs !== undefined) this.#internList(row, record.ftl.txs);
      if (blocks.addMember(row, tx)) {
        this.#touch(tx);
        this.#touchBlock(row, 0);
      }
    }
    const data = encoder.encode(record, tx);
    this.#rows.add(tx, id, data);
    return false;
  }

  #addToBlock(id: Uint8Array, record: TraceRecord): boolean {
    const { db, encoder, blocks } = this.#parts;
    const { block, channel, txs, point } = record.ftl;
    if (block === undefined) return false;
    const channelKey = this.#channel(channel);
    if (block.last !== undefined && block.last > block.number) return this.#addRange(id, record, channelKey);
    const row = blocks.ensure(channelKey, block.number, approximateTime(record['@timestamp']));
    if (txs !== undefined && channelKey !== 0) this.#internList(row, txs);
    const data = encoder.encode(record, row);
    const { changes } = db
      .prepare('INSERT OR IGNORE INTO block_record (block, id, data) VALUES (?, ?, ?)')
      .run(row.key, id, data);
    if (changes === 0) return false;
    this.#touchBlock(row, encoder.time);
    if (point === 'gossip.commit' && channelKey !== 0) this.#watermarks.commit(record, channelKey, block.number);
    return true;
  }

  #addRange(id: Uint8Array, record: TraceRecord, channel: number): boolean {
    const { number: first, last = first } = record.ftl.block ?? { number: 0 };
    const level = Math.floor(Math.log2(last - first + 1));
    const added = this.#parts.db.run(
      'INSERT OR IGNORE INTO range_record (channel, level, first, id, last, time, json) VALUES (?, ?, ?, ?, ?, ?, ?)',
      channel,
      level,
      first,
      id,
      last,
      approximateTime(record['@timestamp']),
      JSON.stringify(record),
    );
    if (added === 0) return false;
    markStale(this.#parts.db, STALE_BLOCKS, channel, first, last);
    return true;
  }

  #addLoose(id: Uint8Array, record: TraceRecord): boolean {
    const time = approximateTime(record['@timestamp']);
    const sql = 'INSERT OR IGNORE INTO loose (id, time, json) VALUES (?, ?, ?)';
    return this.#parts.db.run(sql, id, time, JSON.stringify(record)) === 1;
  }

  #internList(row: BlockRow, txs: NonNullable<TraceRecord['ftl']['txs']>): void {
    const { blocks, txLists } = this.#parts;
    txLists.intern(row, txs, (block, txId) => {
      if (!isTxId(txId)) return null;
      const tx =
        this.#parts.transactions.cached(block.channelKey, txId) ??
        this.#ensureTransaction(block.channelKey, txId, FULL, block.base);
      if (blocks.addMember(block, tx)) {
        this.#touch(tx);
        this.#touchBlock(block, 0);
      }
      return tx;
    });
  }

  #transaction(channel: number, txId: string, kind: number, record: TraceRecord): Transaction {
    const { transactions } = this.#parts;
    const cached = kind === FULL ? transactions.cached(channel, txId) : transactions.cachedShortened(channel, txId);
    return cached ?? this.#ensureTransaction(channel, txId, kind, approximateTime(record['@timestamp']));
  }

  #ensureTransaction(channel: number, id: string, kind: number, base: number): Transaction {
    const { transactions, resolution } = this.#parts;
    const txId = normalId(id);
    const same = transactions.rowsOf(txId);
    const isShortened = kind === SHORTENED;
    let tx = same.find((row) => row.channelKey === channel && (row.kind === SHORTENED) === isShortened);
    if (tx === undefined || (tx.kind === PLACED && kind === FULL)) {
      tx = tx === undefined ? transactions.insert(channel, kind, txId, base) : transactions.makeFull(tx);
      resolution.created(tx, same);
      this.#touch(tx);
    }
    transactions.remember(tx);
    return tx;
  }

  #channel(name: string | undefined): number {
    if (name === undefined || name === '') return 0;
    if (name === this.#channelName) return this.#channelKey;
    this.#channelKey = this.#parts.channels.intern(normalId(name));
    this.#channelName = name;
    return this.#channelKey;
  }

  #touch(tx: Transaction): void {
    this.#touched.set(tx.key, tx);
  }

  #touchBlock(row: BlockRow, time: number): void {
    const last = this.#touchedBlocks.get(row);
    if (last === undefined || time > last) this.#touchedBlocks.set(row, time);
  }

  /** Once per batch: what has become dirty, the blocks' newest times, streams and heights, counters. */
  #finish(added: number): void {
    const { db, resolution } = this.#parts;
    const markDirty = db.prepare('INSERT OR IGNORE INTO dirty (tx) VALUES (?)');
    for (const tx of this.#touched.values()) {
      markDirty.run(tx.key);
      if (tx.kind === SHORTENED || tx.channelKey === 0) resolution.touched(tx);
    }
    if (this.#touchedBlocks.size > 0) {
      let revision = readCounter(db, 'revision');
      const update = db.prepare('UPDATE block SET last = max(last, ?), revision = ? WHERE key = ?');
      for (const [row, last] of this.#touchedBlocks) {
        update.run(last, ++revision, row.key);
        markStale(db, STALE_BLOCKS, row.channelKey, row.block, row.block);
      }
      writeCounter(db, 'revision', revision);
    }
    this.#watermarks.write();
    if (added > 0) writeCounter(db, 'records', readCounter(db, 'records') + added);
  }
}

function isTxId(id: string): boolean {
  return id.length > 0 && id.length <= LONGEST_TX_ID;
}

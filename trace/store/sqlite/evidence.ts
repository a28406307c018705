import type { AssembleContext } from '../../assemble/context.ts';
import type { StoredRecord, TraceRecord } from '../../record.ts';
import { distinct } from '../recordLists.ts';
import { BoundedMap } from './boundedMap.ts';
import type { BlockRow } from './blocks.ts';
import type { RowContext } from './recordDecoder.ts';
import type { Parts } from './parts.ts';
import { SHORTENED, type Transaction } from './transactions.ts';

/** What a trace stands on: the arguments of `assemble`. */
export interface Evidence {
  readonly records: readonly StoredRecord[];
  readonly context: AssembleContext;
}

/**
 * Joins the records of a trace: its own, those of the same ID without a channel, those of the shortened ID, and those of its
 * blocks. Valid for one snapshot or one write transaction: what several traces share (blocks, heights) is read once.
 */
export class EvidenceReader {
  readonly #parts: Parts;
  readonly #blocks = new BoundedMap<number, readonly StoredRecord[]>(64);
  readonly #heights = new Map<number, ReadonlyMap<string, number>>();
  #hasRanges: boolean | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The evidence of a visible row; `own` are its own records if they have been read already. */
  of(tx: Transaction, own: readonly StoredRecord[] = this.recordsOf(tx)): Evidence {
    const { resolution, facts, transactions } = this.#parts;
    const records = [...own];
    let ambiguous = false;
    let blocks: readonly number[] = [];
    if (tx.kind !== SHORTENED) {
      if (tx.channelKey !== 0 && this.#hasWithoutChannel()) {
        for (const row of transactions.rowsOf(tx.txId)) {
          if (row.channelKey === 0 && row.kind !== SHORTENED) records.push(...this.recordsOf(row));
        }
      }
      for (const shortened of resolution.shortenedFor(tx)) {
        ambiguous ||= shortened.ambiguous;
        records.push(...this.recordsOf(shortened.row));
      }
      blocks = this.#parts.blocks.blocksOf(tx.key);
      for (const block of blocks) records.push(...this.blockRecords(block));
    }
    const context: AssembleContext = {
      channel: tx.channel,
      txId: tx.txId,
      network: facts.network(),
      heights: this.heights(tx.channelKey),
      ...(ambiguous && { ambiguousPrefix: true as const }),
    };
    return { records: blocks.length > 1 ? distinct(records) : records, context };
  }

  /** The records of a row itself. */
  recordsOf(row: Transaction): StoredRecord[] {
    return this.#decodeAll('SELECT lower(hex(id)), data FROM record WHERE tx = ?', row.key, row);
  }

  /** All records about a block, those about ranges that hold it included. */
  blockRecords(key: number): readonly StoredRecord[] {
    const known = this.#blocks.get(key);
    if (known !== undefined) return known;
    const row = this.#parts.blocks.byKey(key);
    const records =
      row === null
        ? []
        : [
            ...this.#decodeAll('SELECT lower(hex(id)), data FROM block_record WHERE block = ?', key, row),
            ...this.#rangeRecords(row),
          ];
    this.#blocks.set(key, records);
    return records;
  }

  /** Highest block that each writer committed in the channel. */
  heights(channel: number): ReadonlyMap<string, number> {
    let heights = this.#heights.get(channel);
    if (heights === undefined) {
      heights = new Map(
        this.#parts.db
          .all('SELECT node, block FROM height WHERE channel = ? ORDER BY node', channel)
          .map(([node, block]) => [node as string, block as number]),
      );
      this.#heights.set(channel, heights);
    }
    return heights;
  }

  #decodeAll(sql: string, key: number, row: RowContext): StoredRecord[] {
    const { db, decoder } = this.#parts;
    return db.all(sql, key).map(([id, data]) => decoder.decode(id as string, data as Uint8Array, row));
  }

  #rangeRecords(block: BlockRow): StoredRecord[] {
    const { db } = this.#parts;
    this.#hasRanges ??= db.get('SELECT 1 FROM range_record LIMIT 1') !== undefined;
    if (!this.#hasRanges) return [];
    const levels = db.all('SELECT DISTINCT level FROM range_record WHERE channel = ?', block.channelKey);
    return levels.flatMap(([level]) =>
      db
        .all(
          `SELECT lower(hex(id)), json FROM range_record WHERE channel = ? AND level = ? AND first BETWEEN ? AND ? AND last >= ?`,
          block.channelKey,
          level as number,
          block.block - 2 ** ((level as number) + 1),
          block.block,
          block.block,
        )
        .map(([id, json]) => ({ id: id as string, record: JSON.parse(json as string) as TraceRecord })),
    );
  }

  #withoutChannel: boolean | undefined;
  /** Most stores hold no record of a transaction that lacks the channel: nothing to look for then. */
  #hasWithoutChannel(): boolean {
    this.#withoutChannel ??=
      this.#parts.db.get('SELECT 1 FROM tx WHERE channel = 0 AND kind = 0 LIMIT 1') !== undefined;
    return this.#withoutChannel;
  }
}

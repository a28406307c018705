import { BoundedMap } from './boundedMap.ts';
import type { Channels } from './channels.ts';
import type { Database } from './database.ts';
import type { RowContext } from './recordDecoder.ts';
import type { Transaction } from './transactions.ts';

/** One row of `block`; the context that its records are encoded in. */
export interface BlockRow extends RowContext {
  readonly key: number;
  readonly channelKey: number;
  readonly txId: null;
  readonly block: number;
}

/** The `block` table and which transactions its blocks hold. */
export class Blocks {
  readonly #db: Database;
  readonly #channels: Channels;
  readonly #cache = new BoundedMap<string, BlockRow>(10_000);

  constructor(db: Database, channels: Channels) {
    this.#db = db;
    this.#channels = channels;
  }

  forget(): void {
    this.#cache.clear();
  }

  find(channel: number, number: number): BlockRow | null {
    const name = `${channel} ${number}`;
    const known = this.#cache.get(name);
    if (known !== undefined) return known;
    const row = this.#db.get('SELECT key, base FROM block WHERE number = ? AND channel = ?', number, channel);
    if (row === undefined) return null;
    const [key, base] = row as [number, number];
    return this.#remember(name, key, channel, number, base);
  }

  byKey(key: number): BlockRow | null {
    const row = this.#db.get('SELECT channel, number, base FROM block WHERE key = ?', key);
    if (row === undefined) return null;
    const [channel, number, base] = row as [number, number, number];
    return { key, channelKey: channel, channel: this.#channels.nameOf(channel), txId: null, block: number, base };
  }

  /** The block's row, made now if need be; `time` is what a new row's record times count from. */
  ensure(channel: number, number: number, time: number): BlockRow {
    const known = this.find(channel, number);
    if (known !== null) return known;
    const { lastInsertRowid } = this.#db
      .prepare('INSERT INTO block (channel, number, base, last, revision) VALUES (?, ?, ?, ?, 0)')
      .run(channel, number, time, time);
    return this.#remember(`${channel} ${number}`, Number(lastInsertRowid), channel, number, time);
  }

  /** Notes that the block holds the transaction; whether that was new. */
  addMember(block: BlockRow, tx: Transaction): boolean {
    if (tx.blocks?.has(block.key) === true) return false;
    tx.blocks ??= new Set();
    tx.blocks.add(block.key);
    const result = this.#db.prepare('INSERT OR IGNORE INTO member (block, tx) VALUES (?, ?)').run(block.key, tx.key);
    return result.changes === 1;
  }

  /** Keys of the blocks that hold the transaction. */
  blocksOf(tx: number): number[] {
    return this.#db.all('SELECT block FROM member WHERE tx = ?', tx).map(([block]) => block as number);
  }

  #remember(name: string, key: number, channelKey: number, block: number, base: number): BlockRow {
    const row: BlockRow = { key, channelKey, channel: this.#channels.nameOf(channelKey), txId: null, block, base };
    this.#cache.set(name, row);
    return row;
  }
}

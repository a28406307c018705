import type { TxRef } from '../../record.ts';
import { BoundedMap } from './boundedMap.ts';
import type { BlockRow } from './blocks.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import type { Database } from './database.ts';
import { textHash, type Dictionary } from './dictionary.ts';
import type { TxListStore } from './recordDecoder.ts';
import type { Transaction } from './transactions.ts';
import { fromStoredId, type StoredTxId } from './txId.ts';

/** The row of a listed transaction, made if need be; null for an ID that names none. */
export type EnsureListed = (block: BlockRow, id: string) => Transaction | null;

/**
 * Lists of a block's transactions (`txs` of block.header, gossip.commit, order.block). Every peer writes the same list for a
 * block, so each distinct one is stored once: per transaction the distance of its key from the one before and the interned
 * rest of the entry (type and code), three bytes or so. What does not fit stays as JSON: key of the rest 0.
 */
export class TxLists implements TxListStore {
  readonly #db: Database;
  readonly #dictionary: Dictionary;
  readonly #writer = new ByteWriter();
  readonly #lists = new BoundedMap<number, readonly TxRef[]>(64);
  readonly #rests = new BoundedMap<string, number>(1000);
  #current: { readonly txs: readonly unknown[]; readonly key: number } | null = null;

  constructor(db: Database, dictionary: Dictionary) {
    this.#db = db;
    this.#dictionary = dictionary;
  }

  forget(): void {
    this.#lists.clear();
    this.#rests.clear();
    this.#current = null;
  }

  /** Stores the list unless it is there, and every transaction in it; `keyOf` then knows it. */
  intern(block: BlockRow, txs: readonly TxRef[], ensure: EnsureListed): void {
    const writer = this.#writer;
    writer.reset();
    writer.uint(txs.length);
    let previous = 0;
    for (const entry of txs) {
      const tx = ensure(block, entry.id);
      const rest = tx === null || tx.txId !== entry.id ? 0 : this.#rest(entry);
      writer.uint(rest);
      if (rest === 0 || tx === null) writer.text(JSON.stringify(entry));
      else {
        writer.int(tx.key - previous);
        previous = tx.key;
      }
    }
    this.#current = { txs, key: this.#keyOfBytes(block.key, writer.take()) };
  }

  keyOf(txs: readonly unknown[]): number {
    return this.#current?.txs === txs ? this.#current.key : 0;
  }

  list(key: number): readonly TxRef[] {
    const known = this.#lists.get(key);
    if (known !== undefined) return known;
    const row = this.#db.get('SELECT block, data FROM tx_list WHERE key = ?', key);
    if (row === undefined) throw new RangeError(`no list of transactions ${key}`);
    const [block, data] = row as [number, Uint8Array];
    const ids = new Map<number, StoredTxId>();
    for (const [tx, id] of this.#db.all(
      'SELECT tx.key, id FROM member JOIN tx ON tx.key = member.tx WHERE block = ?',
      block,
    )) {
      ids.set(tx as number, id as StoredTxId);
    }
    const reader = new ByteReader(data);
    let previous = 0;
    const list = Array.from({ length: reader.uint() }, () => {
      const rest = reader.uint();
      if (rest === 0) return JSON.parse(reader.text()) as TxRef;
      previous += reader.int();
      return { id: fromStoredId(ids.get(previous) ?? ''), ...this.#dictionary.objectOf(rest) };
    });
    this.#lists.set(key, list);
    return list;
  }

  /** Key of an entry's fields beside the ID; 0 if there are unknown or odd ones, which may never repeat. */
  #rest(entry: TxRef): number {
    const { type, code } = entry;
    const name = `${type ?? ''} ${code ?? ''}`;
    let count = 1;
    if (type !== undefined) count++;
    if (code !== undefined) count++;
    if (name.length > 100 || Object.keys(entry).length !== count) return 0;
    const known = this.#rests.get(name);
    if (known !== undefined && type !== '' && code !== '') return known;
    const { id: _, ...rest } = entry;
    const key = this.#dictionary.admit(JSON.stringify(rest));
    if (key !== 0 && type !== '' && code !== '' && !`${type}${code}`.includes(' ')) this.#rests.set(name, key);
    return key;
  }

  #keyOfBytes(block: number, data: Uint8Array): number {
    const hashed = textHash(Buffer.from(data).toString('latin1'));
    for (const [key, stored] of this.#db.all(
      'SELECT key, data FROM tx_list WHERE block = ? AND hash = ?',
      block,
      hashed,
    )) {
      if (Buffer.compare(stored as Uint8Array, data) === 0) return key as number;
    }
    const { lastInsertRowid } = this.#db
      .prepare('INSERT INTO tx_list (block, hash, data) VALUES (?, ?, ?)')
      .run(block, hashed, data);
    return Number(lastInsertRowid);
  }
}

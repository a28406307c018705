import { traceIdOf, type StoredRecord, type TraceRecord } from '../../record.ts';
import { BoundedMap } from './boundedMap.ts';
import { ByteReader } from './bytes.ts';
import type { Dictionary } from './dictionary.ts';
import { parseTemplate, type TemplateItem } from './recordTemplate.ts';
import { formatTime } from '../time.ts';

/** What a row already says, so that its records need not. */
export interface RowContext {
  readonly channel: string;
  /** Full or shortened transaction ID; null for a block's row. */
  readonly txId: string | null;
  /** Block number of a block's row; null for a transaction's. */
  readonly block: number | null;
  /** Microseconds that the times of the row's records count from. */
  readonly base: number;
  /** Trace ID of the row, made when first asked for. */
  traceId?: string;
}

/** Lists of transactions, kept apart (txLists.ts). */
export interface TxListStore {
  /** Key of the list; 0 if it has to stay in the record. */
  keyOf(txs: readonly unknown[], row: RowContext): number;
  list(key: number): readonly unknown[];
}

/** Turns the bytes that `RecordEncoder` made back into records. */
export class RecordDecoder {
  readonly #dictionary: Dictionary;
  readonly #lists: TxListStore;
  readonly #templates = new BoundedMap<number, readonly TemplateItem[]>(4096);

  constructor(dictionary: Dictionary, lists: TxListStore) {
    this.#dictionary = dictionary;
    this.#lists = lists;
  }

  /** After a rollback: template keys may be given to others. */
  forget(): void {
    this.#templates.clear();
  }

  /** The items of a template. */
  items(template: number): readonly TemplateItem[] {
    let items = this.#templates.get(template);
    if (items === undefined) {
      items = parseTemplate(this.#dictionary.textOf(template));
      this.#templates.set(template, items);
    }
    return items;
  }

  decode(id: string, data: Uint8Array, row: RowContext): StoredRecord {
    const reader = new ByteReader(data);
    const template = reader.uint();
    const time = row.base + reader.int();
    if (template === 0) return { id, record: JSON.parse(reader.text()) as TraceRecord };
    const items = this.items(template);
    const record: Record<string, unknown> = {};
    let target = record;
    for (const item of items) {
      if (item.kind === '{') {
        target = {};
        record['ftl'] = target;
      } else if (item.kind === '}') {
        target = record;
      } else {
        const value = this.#value(item, reader, row, time);
        if (item.key === '__proto__')
          Object.defineProperty(target, item.key, { value, enumerable: true, configurable: true, writable: true });
        else target[item.key] = value;
      }
    }
    return { id, record: record as unknown as TraceRecord };
  }

  #value(item: TemplateItem, reader: ByteReader, row: RowContext, time: number): unknown {
    switch (item.kind) {
      case 'k':
      case 'c':
        return item.value;
      case 'i':
        return this.#dictionary.objectOf(reader.uint());
      case 'u':
        return reader.uint();
      case 'X':
        return row.txId;
      case 'C':
        return row.channel;
      case 't':
        return formatTime(time, item.value as number);
      case 'd':
        return formatTime(time + reader.int(), item.value as number);
      case 'T':
        row.traceId ??= traceIdOf(row.channel, row.txId ?? '');
        return row.traceId;
      case 'h':
        return reader.hex(item.value as number);
      case 's':
        return reader.text();
      case 'j':
        return JSON.parse(reader.text()) as unknown;
      case 'b':
        return readBlock(item.value as string, reader, row);
      case 'I':
        return Array.from({ length: reader.uint() }, () => this.#dictionary.objectOf(reader.uint()));
      case 'L':
        return this.#lists.list(reader.uint());
      default:
        throw new RangeError(`unknown kind ${item.kind} in a record's template`);
    }
  }
}

function readBlock(letters: string, reader: ByteReader, row: RowContext): object {
  const block: Record<string, unknown> = {};
  for (const letter of letters) {
    if (letter === 'n') block['number'] = row.block;
    else if (letter === 'N') block['number'] = reader.uint();
    else if (letter === 'l') block['last'] = reader.uint();
    else if (letter === 'h') block['hash'] = reader.hex(32);
    else if (letter === 'p') block['previous_hash'] = reader.hex(32);
    else if (letter === 'q') block['previous_hash'] = '';
    else if (letter === 'd') block['data_hash'] = reader.hex(32);
  }
  return block;
}

/** Time of a record's bytes without decoding the rest. */
export function timeOf(data: Uint8Array, base: number): number {
  const reader = new ByteReader(data);
  reader.uint();
  return base + reader.int();
}

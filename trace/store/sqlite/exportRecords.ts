import type { SQLInputValue } from 'node:sqlite';
import type { StoredRecord, TraceRecord } from '../../record.ts';
import { foreignCursor, writeCursor } from '../cursor.ts';
import { exportLimit, readExportCursor } from '../exportCursor.ts';
import type { ExportPage } from '../traceStore.ts';
import type { Row } from './database.ts';
import type { Parts } from './parts.ts';

/** One table of records: its rows beyond a key, in the key's order. */
interface Section {
  readonly name: string;
  /** Columns of the key, then what the record is made of. */
  readonly columns: string;
  readonly table: string;
  /** As many columns; those that are byte strings stand as hex in cursors. */
  readonly key: readonly string[];
  record(parts: Parts, row: Row): StoredRecord | null;
}

const SECTIONS: readonly Section[] = [
  // Who is who comes first: a store that is filled in this order summarises each trace once.
  { name: 'fact', table: 'fact', key: ['id'], columns: 'id, json', record: (_, [id, json]) => fromJson(id, json) },
  {
    name: 'record',
    table: 'record',
    key: ['tx', 'id'],
    columns: 'tx, id, data',
    record({ transactions, decoder }, [tx, id, data]) {
      const row = transactions.byKey(tx as number);
      return row === null ? null : decoder.decode(hexOf(id), data as Uint8Array, row);
    },
  },
  {
    name: 'block',
    table: 'block_record',
    key: ['block', 'id'],
    columns: 'block, id, data',
    record({ blocks, decoder }, [block, id, data]) {
      const row = blocks.byKey(block as number);
      return row === null ? null : decoder.decode(hexOf(id), data as Uint8Array, row);
    },
  },
  {
    name: 'range',
    table: 'range_record',
    key: ['channel', 'level', 'first', 'id'],
    columns: 'channel, level, first, id, json',
    record: (_, [, , , id, json]) => fromJson(id, json),
  },
  { name: 'loose', table: 'loose', key: ['id'], columns: 'id, json', record: (_, [id, json]) => fromJson(id, json) },
];

/** Table by table, each in the order of its key. */
export function exportRecords(parts: Parts, after: string | null, asked: number | undefined): ExportPage {
  const limit = exportLimit(asked);
  const [name, ...place] = after === null ? [SECTIONS[0]?.name] : readExportCursor(after);
  let at = SECTIONS.findIndex((section) => section.name === name);
  const columns = SECTIONS[at]?.key ?? [];
  let key = toValues(columns, place);
  if (at === -1 || key === null || ![0, columns.length].includes(key.length)) throw foreignCursor();
  const records: StoredRecord[] = [];
  for (let section = SECTIONS[at]; section !== undefined; section = SECTIONS[++at], key = []) {
    const rows = rowsAfter(parts, section, key ?? [], limit + 1 - records.length);
    const isMore = records.length + rows.length > limit;
    const taken = isMore ? rows.slice(0, limit - records.length) : rows;
    for (const row of taken) {
      const record = section.record(parts, row);
      if (record !== null) records.push(record);
    }
    if (!isMore) continue;
    const last = taken.at(-1);
    const until = last === undefined ? (key ?? []) : last.slice(0, section.key.length);
    return { records, next: writeCursor([section.name, ...until.map(toText)]) };
  }
  return { records, next: null };
}

function rowsAfter({ db }: Parts, section: Section, key: readonly SQLInputValue[], limit: number): Row[] {
  const columns = section.key.join(', ');
  const where = key.length === 0 ? '' : `WHERE (${columns}) > (${key.map(() => '?').join(', ')})`;
  return db.all(`SELECT ${section.columns} FROM ${section.table} ${where} ORDER BY ${columns} LIMIT ?`, ...key, limit);
}

/** Null where the texts are no such key. */
function toValues(columns: readonly string[], texts: readonly unknown[]): SQLInputValue[] | null {
  const values = texts.map((text, n) => {
    if (columns[n] === 'id')
      return typeof text === 'string' && /^[0-9a-f]{16}$/.test(text) ? Buffer.from(text, 'hex') : null;
    return Number.isSafeInteger(text) ? (text as number) : null;
  });
  return values.includes(null) ? null : values;
}

function toText(value: SQLInputValue): string | number {
  return typeof value === 'number' ? value : hexOf(value as Uint8Array);
}

function hexOf(id: Row[number] | undefined): string {
  return Buffer.from(id as Uint8Array).toString('hex');
}

function fromJson(id: Row[number] | undefined, json: Row[number] | undefined): StoredRecord {
  return { id: hexOf(id), record: JSON.parse(json as string) as TraceRecord };
}

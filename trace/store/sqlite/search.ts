import type { SQLInputValue } from 'node:sqlite';
import type { TraceSummary } from '../../trace.ts';
import { foreignCursor, writeCursor } from '../cursor.ts';
import { invalidQuery, readSearchCursor, searchPage, timeBounds, type TraceSort, wordsOf } from '../searchQuery.ts';
import type { Page, TraceQuery } from '../traceStore.ts';
import type { Row } from './database.ts';
import type { Parts } from './parts.ts';
import { fromStoredId, type StoredTxId } from './txId.ts';

const COLUMNS: Readonly<Record<TraceSort, string>> = {
  startedAt: 'started',
  durationUs: 'duration',
  block: 'block',
};
export const SUMMARY_COLUMNS = 'started, tie, duration, block, shape, edges, data, id';
/** Up to so many traces of the shapes asked for are sorted; for more, the sort's own index is walked. */
const FEW = 3000;

interface Conditions {
  readonly where: string[];
  readonly values: SQLInputValue[];
  /** Condition and values on `shape` alone; null if any shape will do. */
  readonly shape: { readonly where: string; readonly values: readonly SQLInputValue[] } | null;
}

/** Summaries as asked for, sorted by one column, then by trace ID; the cursor is the last one's place in that order. */
export function searchTraces(parts: Parts, query: TraceQuery): Page<TraceSummary> {
  const { limit, sort, order } = searchPage(query);
  const conditions = conditionsOf(parts, query);
  if (conditions === null) return { items: [], next: null };
  const { where, values, shape } = conditions;
  const index = indexFor(parts, query, conditions, sort);
  if (shape !== null) {
    where.push(
      `${index === 'INDEXED BY summary_shape' ? '' : '+'}shape IN (SELECT key FROM shape WHERE ${shape.where})`,
    );
    values.push(...shape.values);
  }
  const column = COLUMNS[sort];
  if (query.cursor !== undefined) {
    const [value, tie] = readSearchCursor(query.cursor, { sort, order });
    if (!Number.isSafeInteger(tie)) throw foreignCursor();
    where.push(`(${column}, tie) ${order === 'asc' ? '>' : '<'} (?, ?)`);
    values.push(value, tie as number);
  }
  const rows = parts.db.all(
    `SELECT ${SUMMARY_COLUMNS} FROM summary ${index} CROSS JOIN tx ON tx.key = summary.tx
     ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''}
     ORDER BY summary.${column} ${order}, tie ${order} LIMIT ?`,
    ...values,
    limit + 1,
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const next =
    rows.length > limit && last !== undefined
      ? writeCursor([sort, order, last[{ startedAt: 0, durationUs: 2, block: 3 }[sort]] as number, last[1] as number])
      : null;
  return { items: page.map((row) => toSummary(parts, row)), next };
}

/** Of a row of `SUMMARY_COLUMNS`. */
export function toSummary(parts: Parts, row: Row): TraceSummary {
  const [started, tie, duration, block, shape, edges, data, id] = row as [
    number,
    number,
    number,
    number,
    number,
    number,
    Uint8Array,
    StoredTxId,
  ];
  return parts.summaries.decode({ started, tie, duration, block, shape, edges, data }, fromStoredId(id));
}

/** Bounds of a time range on `started`; traces without a start are in none. */
export function timeConditions(query: { readonly from?: string; readonly to?: string }): {
  where: string[];
  values: number[];
} {
  const where: string[] = [];
  const values: number[] = [];
  const { from, to } = timeBounds(query);
  if (from !== undefined) {
    where.push('summary.started >= ?');
    values.push(from);
  }
  if (to !== undefined) {
    where.push('summary.started < ?');
    values.push(to);
  }
  if (where.length > 0) where.push('summary.started >= 0');
  return { where, values };
}

/** Null if nothing can match. */
function conditionsOf(parts: Parts, query: TraceQuery): Conditions | null {
  const time = timeConditions(query);
  const where = time.where;
  const values: SQLInputValue[] = time.values;
  const shapeWhere: string[] = [];
  const shapeValues: SQLInputValue[] = [];
  const onShape = (condition: string, ...more: SQLInputValue[]) => {
    shapeWhere.push(condition);
    shapeValues.push(...more);
  };
  if (query.channel !== undefined) {
    const channel = parts.channels.keyOf(query.channel);
    if (channel === null) return null;
    onShape('channel = ?', channel);
  }
  if (query.chaincode !== undefined) onShape('chaincode = ?', query.chaincode);
  if (query.function !== undefined) onShape('function = ?', query.function);
  if (query.code === 'NONE') onShape('code IS NULL');
  else if (query.code !== undefined) onShape('code = ?', query.code);
  if (query.participant !== undefined) {
    onShape(
      `EXISTS (SELECT 1 FROM json_each(shape.json, '$.participants') WHERE substr(value, -length(?)) = ?)`,
      query.participant,
      query.participant,
    );
  }
  if (query.finding !== undefined) {
    onShape(`EXISTS (SELECT 1 FROM json_each(shape.json, '$.findings') WHERE value ->> 'code' = ?)`, query.finding);
  }
  if (query.minDurationUs !== undefined) {
    where.push('summary.duration >= ?');
    values.push(query.minDurationUs);
  }
  if (query.maxDurationUs !== undefined) {
    where.push('summary.duration BETWEEN 0 AND ?');
    values.push(query.maxDurationUs);
  }
  if (query.block !== undefined) {
    where.push('summary.block = ?');
    values.push(query.block);
  }
  if (query.txId !== undefined) {
    if (query.txId.length < 4) throw invalidQuery('txId needs 4 or more characters');
    const { sql, values: more } = parts.transactions.keysBeginningWith(query.txId);
    where.push(`summary.tx IN (${sql})`);
    values.push(...more);
  }
  for (const word of wordsOf(query.text)) {
    const alternatives = [
      'summary.shape IN (SELECT key FROM shape WHERE instr(search, ?) > 0)',
      "summary.tx IN (SELECT key FROM tx WHERE typeof(id) = 'text' AND instr(lower(id), ?) > 0)",
    ];
    values.push(word, word);
    if (/^[0-9a-f]+$/.test(word)) {
      alternatives.push("(typeof(tx.id) = 'blob' AND instr(lower(hex(tx.id)), ?) > 0)");
      values.push(word);
    }
    where.push(`(${alternatives.join(' OR ')})`);
  }
  const shape = shapeWhere.length > 0 ? { where: shapeWhere.join(' AND '), values: shapeValues } : null;
  return { where, values, shape };
}

/** Which index to walk: the narrowest by what is known for certain, else the one that is in the order asked for. */
function indexFor(parts: Parts, query: TraceQuery, { shape }: Conditions, sort: TraceSort): string {
  if (query.txId !== undefined) return 'NOT INDEXED';
  if (query.block !== undefined) return 'INDEXED BY summary_block';
  if (shape !== null) {
    const sql = `SELECT count(*) FROM (SELECT 1 FROM summary INDEXED BY summary_shape WHERE shape IN (SELECT key FROM shape WHERE ${shape.where}) LIMIT ?)`;
    if (parts.db.number(sql, ...shape.values, FEW + 1) <= FEW) return 'INDEXED BY summary_shape';
  }
  return `INDEXED BY summary_${COLUMNS[sort]}`;
}

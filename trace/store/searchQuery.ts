import { foreignCursor, readCursor } from './cursor.ts';
import { StoreError } from './errors.ts';
import { normalId } from './normalId.ts';
import { pageLimit } from './pages.ts';
import { approximateTime } from './time.ts';
import { TRACE_SORTS, type TraceQuery } from './traceStore.ts';

export type TraceSort = (typeof TRACE_SORTS)[number];

export interface SearchOrder {
  readonly sort: TraceSort;
  readonly order: 'asc' | 'desc';
}

/** Each word is a pass over the summaries. */
const MOST_WORDS = 16;

/** How a search is sorted, and how many traces it gives at most. @throws StoreError `invalid_query` */
export function searchPage(query: TraceQuery): SearchOrder & { readonly limit: number } {
  const limit = pageLimit(query.limit);
  const { sort = 'startedAt', order = 'desc' } = query;
  if (!TRACE_SORTS.includes(sort) || !['asc', 'desc'].includes(order)) throw invalidQuery('unknown sort or order');
  return { limit, sort, order };
}

/** Where in its order a search goes on: two parts, the first of which is a whole number. @throws StoreError `invalid_query` */
export function readSearchCursor(cursor: string, { sort, order }: SearchOrder): readonly [number, unknown] {
  const [ofSort, ofOrder, value, tie] = readCursor(cursor);
  if (ofSort !== sort || ofOrder !== order) throw invalidQuery('the cursor belongs to another sort order');
  if (!Number.isSafeInteger(value)) throw foreignCursor();
  return [value as number, tie];
}

/** Microseconds; what is not asked for is absent. @throws StoreError `invalid_query` for what is no time */
export function timeBounds({ from, to }: Pick<TraceQuery, 'from' | 'to'>): {
  readonly from?: number;
  readonly to?: number;
} {
  return { ...(from !== undefined && { from: bound('from', from) }), ...(to !== undefined && { to: bound('to', to) }) };
}

function bound(name: string, time: string): number {
  if (Number.isNaN(Date.parse(time))) throw invalidQuery(`${name} is no ISO 8601 time`);
  return approximateTime(time);
}

/** A query's `text` as words to look for, in lower case; those beyond the sixteenth are not looked for. */
export function wordsOf(text = ''): string[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return [...new Set(words)].slice(0, MOST_WORDS).map(normalId);
}

/** @param message without its full stop */
export function invalidQuery(message: string): StoreError {
  return new StoreError('invalid_query', `${message}.`);
}

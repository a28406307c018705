import type { TraceSummary } from '../../trace.ts';
import { foreignCursor, writeCursor } from '../cursor.ts';
import { normalId } from '../normalId.ts';
import {
  invalidQuery,
  readSearchCursor,
  type SearchOrder,
  searchPage,
  timeBounds,
  type TraceSort,
  wordsOf,
} from '../searchQuery.ts';
import type { Page, TraceQuery } from '../traceStore.ts';
import type { SummaryDocument } from './documents.ts';
import type { Parts } from './parts.ts';

/** A clause of a `bool` query. */
export type Clause = Readonly<Record<string, unknown>>;

const FIELDS: Readonly<Record<TraceSort, keyof SummaryDocument>> = {
  startedAt: 'started',
  durationUs: 'duration',
  block: 'block',
};

/**
 * Summaries as asked for, sorted by one column, then by trace ID. The cursor is the last one's place in that order, given to the
 * next search as `search_after`: it holds for ever, and what is added or changed meanwhile is met where it belongs by then. (A
 * point in time would be forgotten by the cluster before somebody turns the page.)
 */
export async function searchTraces({ cluster }: Parts, query: TraceQuery): Promise<Page<TraceSummary>> {
  const { limit, sort, order } = searchPage(query);
  const filter = clausesOf(query);
  const after = query.cursor === undefined ? null : placeOf(query.cursor, { sort, order });
  const { traces } = cluster.names;
  await cluster.show(traces);
  const { hits } = await cluster.search<Pick<SummaryDocument, 'summary'>>(traces, {
    size: limit + 1,
    track_total_hits: false,
    _source: ['summary'],
    query: { bool: { filter } },
    sort: [{ [FIELDS[sort]]: order }, { traceId: order }],
    ...(after !== null && { search_after: after }),
  });
  const page = hits.slice(0, limit);
  const last = page.at(-1)?.sort;
  const next = hits.length > limit && last !== undefined ? writeCursor([sort, order, ...last]) : null;
  return { items: page.map(({ source }) => source.summary), next };
}

/** Bounds of a time range on `started`; traces without a start are in none. */
export function timeClauses(query: { readonly from?: string; readonly to?: string }): Clause[] {
  const { from, to } = timeBounds(query);
  if (from === undefined && to === undefined) return [];
  return [{ range: { started: { gte: from ?? 0, ...(to !== undefined && { lt: to }) } } }];
}

function clausesOf(query: TraceQuery): Clause[] {
  const clauses = timeClauses(query);
  for (const field of ['channel', 'chaincode', 'function', 'code', 'block'] as const) {
    const value = query[field];
    if (value !== undefined) clauses.push({ term: { [field]: value } });
  }
  if (query.finding !== undefined) clauses.push({ term: { findings: query.finding } });
  if (query.participant === '') clauses.push({ match_none: {} });
  else if (query.participant !== undefined) {
    clauses.push({ wildcard: { participants: `*${literal(normalId(query.participant))}` } });
  }
  if (query.minDurationUs !== undefined) clauses.push({ range: { duration: { gte: query.minDurationUs } } });
  if (query.maxDurationUs !== undefined) clauses.push({ range: { duration: { gte: 0, lte: query.maxDurationUs } } });
  if (query.txId !== undefined) {
    if (query.txId.length < 4) throw invalidQuery('txId needs 4 or more characters');
    clauses.push({ prefix: { txId: normalId(query.txId) } });
  }
  for (const word of wordsOf(query.text)) {
    const middle = `*${literal(word)}*`;
    clauses.push({
      bool: {
        // A whole ID needs no pass over all of them.
        should: [
          /^[0-9a-f]{64}$/.test(word) ? { term: { txIdLower: word } } : { wildcard: { txIdLower: middle } },
          { wildcard: { words: middle } },
        ],
      },
    });
  }
  return clauses;
}

/** As it is: nothing in it is a wildcard. */
function literal(text: string): string {
  return text.replaceAll(/[*?\\]/g, String.raw`\$&`);
}

function placeOf(cursor: string, by: SearchOrder): readonly [number, string] {
  const [value, traceId] = readSearchCursor(cursor, by);
  if (typeof traceId === 'string' && /^[0-9a-f]{32}$/.test(traceId)) return [value, traceId];
  throw foreignCursor();
}

import type { TraceSummary } from '../../trace.ts';
import { StoreError } from '../errors.ts';
import { approximateTime } from '../time.ts';
import { type Page, TRACE_SORTS, type TraceQuery } from '../traceStore.ts';
import type { SummaryDocument } from './documents.ts';
import type { Parts } from './parts.ts';
import { normalId } from './recordDocument.ts';

/** A clause of a `bool` query. */
export type Clause = Readonly<Record<string, unknown>>;
type Sort = (typeof TRACE_SORTS)[number];

const FIELDS: Readonly<Record<Sort, keyof SummaryDocument>> = {
  startedAt: 'started',
  durationUs: 'duration',
  block: 'block',
};
/** Each word is a pass over the terms of two fields. */
const MOST_WORDS = 16;

/**
 * Summaries as asked for, sorted by one column, then by trace ID. The cursor is the last one's place in that order, given to the
 * next search as `search_after`: it holds for ever, and what is added or changed meanwhile is met where it belongs by then. (A
 * point in time would be forgotten by the cluster before somebody turns the page.)
 */
export async function searchTraces({ cluster }: Parts, query: TraceQuery): Promise<Page<TraceSummary>> {
  const limit = query.limit ?? 50;
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) throw invalid('limit is a number from 1 to 1,000');
  const sort = query.sort ?? 'startedAt';
  const order = query.order ?? 'desc';
  if (!TRACE_SORTS.includes(sort) || !['asc', 'desc'].includes(order)) throw invalid('unknown sort or order');
  const filter = clausesOf(query);
  const after = query.cursor === undefined ? null : readCursor(query.cursor, sort, order);
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
  const next =
    hits.length > limit && last !== undefined
      ? Buffer.from(JSON.stringify([sort, order, ...last])).toString('base64url')
      : null;
  return { items: page.map(({ source }) => source.summary), next };
}

/** Bounds of a time range on `started`; traces without a start are in none. */
export function timeClauses(query: { readonly from?: string; readonly to?: string }): Clause[] {
  const bounds: Record<string, number> = {};
  for (const [bound, operator] of [
    ['from', 'gte'],
    ['to', 'lt'],
  ] as const) {
    const time = query[bound];
    if (time === undefined) continue;
    if (Number.isNaN(Date.parse(time))) throw invalid(`${bound} is no ISO 8601 time`);
    bounds[operator] = approximateTime(time);
  }
  return Object.keys(bounds).length === 0 ? [] : [{ range: { started: { gte: 0, ...bounds } } }];
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
    if (query.txId.length < 4) throw invalid('txId needs 4 or more characters');
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

function wordsOf(text: string | undefined): string[] {
  const words = (text ?? '')
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return [...new Set(words)].slice(0, MOST_WORDS).map(normalId);
}

/** As it is: nothing in it is a wildcard. */
function literal(text: string): string {
  return text.replaceAll(/[*?\\]/g, String.raw`\$&`);
}

function readCursor(cursor: string, sort: Sort, order: string): readonly [number, string] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    throw invalid('the cursor is none of this store');
  }
  if (!Array.isArray(parsed) || parsed[0] !== sort || parsed[1] !== order) {
    throw invalid('the cursor belongs to another sort order');
  }
  const [value, traceId] = parsed.slice(2) as unknown[];
  if (!Number.isSafeInteger(value) || typeof traceId !== 'string' || !/^[0-9a-f]{32}$/.test(traceId)) {
    throw invalid('the cursor is none of this store');
  }
  return [value as number, traceId];
}

function invalid(message: string): StoreError {
  return new StoreError('invalid_query', `${message}.`);
}

import type { TraceListQuery, TraceSummary } from '../api/types.ts';
import { microsOf } from './time.ts';

export const rowKey = (row: Pick<TraceSummary, 'channel' | 'txId'>): string => `${row.channel}/${row.txId}`;

const contains = (haystack: string, needle: string) => haystack.toLowerCase().includes(needle.toLowerCase());

/** Whether a row that came by the live stream belongs to what is searched; the server decides the same way for its lists. */
export function matches(row: TraceSummary, query: TraceListQuery): boolean {
  const started = microsOf(row.startedAt);
  const everything = [row.txId, row.chaincode, row.function, row.creator, row.code, ...row.participants]
    .concat(row.findings.map((finding) => finding.code))
    .filter((text) => text !== null);
  return (
    (query.channel === undefined || row.channel === query.channel) &&
    (query.code === undefined || (row.code ?? 'NONE') === query.code) &&
    (query.chaincode === undefined || row.chaincode === query.chaincode) &&
    (query.function === undefined || row.function === query.function) &&
    (query.block === undefined || row.block?.number === query.block) &&
    (query.finding === undefined || row.findings.some((finding) => finding.code === query.finding)) &&
    (query.txId === undefined || row.txId.startsWith(query.txId)) &&
    (query.minDurationUs === undefined || (row.durationUs ?? -1) >= query.minDurationUs) &&
    (query.maxDurationUs === undefined || (row.durationUs ?? Infinity) <= query.maxDurationUs) &&
    (query.from === undefined || (started ?? -Infinity) >= (microsOf(query.from) ?? -Infinity)) &&
    (query.to === undefined || (started ?? Infinity) < (microsOf(query.to) ?? Infinity)) &&
    (query.participant === undefined ||
      row.participants.some((id) => id === query.participant || contains(id, query.participant ?? ''))) &&
    (query.text ?? '')
      .split(/\s+/)
      .filter((word) => word !== '')
      .every((word) => everything.some((text) => contains(text, word)))
  );
}

export interface LiveState {
  /** Rows that wait for the reader's word, newest first; they are not on screen. */
  readonly waiting: readonly TraceSummary[];
  /** Newer versions of rows that are on screen, by key: shown in their places. */
  readonly updates: ReadonlyMap<string, TraceSummary>;
  /** Rows that the reader let in, newest first. */
  readonly admitted: readonly TraceSummary[];
  /** Keys of those let in last. */
  readonly fresh: ReadonlySet<string>;
}
export const NO_LIVE: LiveState = { waiting: [], updates: new Map(), admitted: [], fresh: new Set() };

const MOST_WAITING = 1000;

/** A row came in: known ones change in place, new ones wait. Nothing on screen moves. */
export function receive(state: LiveState, row: TraceSummary, onScreen: ReadonlySet<string>): LiveState {
  const key = rowKey(row);
  if (onScreen.has(key)) return { ...state, updates: new Map(state.updates).set(key, row) };
  const rest = state.waiting.filter((other) => rowKey(other) !== key);
  return { ...state, waiting: [row, ...rest].slice(0, MOST_WAITING) };
}

const startOf = (row: TraceSummary) => microsOf(row.startedAt) ?? 0;

/** The reader asked for what is new. */
export function admit(state: LiveState): LiveState {
  const newest = state.waiting.toSorted((a, b) => startOf(b) - startOf(a));
  return { ...state, waiting: [], admitted: [...newest, ...state.admitted], fresh: new Set(newest.map(rowKey)) };
}

/** What the table shows: admitted rows on top, each row once, in its newest version. */
export function shownRows(state: LiveState, listed: readonly TraceSummary[]): TraceSummary[] {
  const seen = new Set<string>();
  return [...state.admitted, ...listed]
    .filter((row) => !seen.has(rowKey(row)) && seen.add(rowKey(row)))
    .map((row) => state.updates.get(rowKey(row)) ?? row);
}

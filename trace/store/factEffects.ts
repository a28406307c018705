import type { Point } from '../points.ts';
import type { TraceRecord } from '../record.ts';
import { approximateTime } from './time.ts';

/** The summaries that a new fact about the network may change. */
export type FactEffect =
  | { readonly what: 'all' }
  | { readonly what: 'channel'; readonly channel: string }
  /** Transactions of the channel (`null`: of any) that are in a block and have a record at or after the time `first`. */
  | { readonly what: 'since'; readonly channel: string | null; readonly first: number }
  /** Transactions of whatever channel with records between two times. */
  | { readonly what: 'times'; readonly first: number; readonly until: number };

/** What a store knows apart from the new fact. */
export interface KnownFacts {
  /** Times of the first and the last fact of the same content; null if there is none. */
  before(): { readonly first: number; readonly last: number } | null;
  /** Whether a fact of other content names the address too. */
  isShared(address: string): boolean;
  /** Whether somebody has missed something of the record stream. */
  isMissed(stream: string): boolean;
}

/** Points that say what holds from their time on; each repetition matters, but only to what came after it. */
const TIMED: ReadonlySet<Point> = new Set<Point>([
  'deliver.subscribe',
  'leader.gossip',
  'leader.consensus',
  'node.start',
]);
/** Points that say something about one channel and nothing about who is who. */
const OF_CHANNEL: ReadonlySet<Point> = new Set<Point>(['channel.config', 'chaincode.definition']);
/** Points that no trace depends on. */
const WITHOUT_EFFECT: ReadonlySet<Point> = new Set<Point>(['seal']);

/** A transaction that a break in a record stream touches began at most this long before or after it. */
const STREAM_BREAK_REACH_US = 600_000_000;

/** Null where no summary changes. */
export function effectOf(record: TraceRecord, known: KnownFacts): FactEffect | null {
  const { point, channel, sender, stage, check } = record.ftl;
  if (WITHOUT_EFFECT.has(point)) return null;
  if (point === 'stream.check') {
    // That all could be read matters only where somebody missed something.
    if (check === undefined || (stage === 'read' && !known.isMissed(check.stream))) return null;
    const first = approximateTime(check.since) - STREAM_BREAK_REACH_US;
    return { what: 'times', first, until: approximateTime(check.until) + STREAM_BREAK_REACH_US };
  }
  const before = known.before();
  if (OF_CHANNEL.has(point) && channel !== undefined) return before === null ? { what: 'channel', channel } : null;
  if (before === null) return { what: 'all' };
  const time = approximateTime(record['@timestamp']);
  // Whose an address is may depend on who said so last.
  const address = sender?.address;
  if (address !== undefined && (time < before.first || time > before.last) && known.isShared(address)) {
    return { what: 'all' };
  }
  // From whom a peer pulled, and whether it led, matters to its commits from then on by its own clock: hence to no block whose
  // records are all older.
  return TIMED.has(point) ? { what: 'since', channel: channel ?? null, first: time } : null;
}

/** What a fact says, apart from when it was written, and for what has a time of its own apart from what it says of that. */
export function contentOfFact(record: TraceRecord): string {
  const { '@timestamp': _time, message: _message, ftl, ...rest } = record;
  const { seq: _seq, chain: _chain, block, stage, consensus, ...who } = ftl;
  return JSON.stringify([rest, who, TIMED.has(ftl.point) ? null : [block, stage, consensus]]);
}

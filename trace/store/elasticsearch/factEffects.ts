import { createHash } from 'node:crypto';
import type { Point } from '../../points.ts';
import type { StoredRecord, TraceRecord } from '../../record.ts';
import { approximateTime } from '../sqlite/time.ts';
import type { Mark } from './documents.ts';

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

interface Content {
  first: number;
  last: number;
  readonly addresses: ReadonlySet<string>;
}

/**
 * The summaries that new facts may change.
 * @param all facts, the new ones among them
 */
export function marksOfFacts(fresh: readonly StoredRecord[], all: readonly StoredRecord[]): Mark[] {
  const isFresh = new Set(fresh.map(({ id }) => id));
  const known = new Map<string, Content>();
  const missing = new Set<string>();
  const add = ({ record }: StoredRecord) => {
    const content = contentOf(record);
    const time = approximateTime(record['@timestamp']);
    const before = known.get(content);
    if (before === undefined) known.set(content, { first: time, last: time, addresses: addressesOf(record) });
    else {
      before.first = Math.min(before.first, time);
      before.last = Math.max(before.last, time);
    }
    const { check, stage } = record.ftl;
    if (check !== undefined && stage === 'missing') missing.add(check.stream);
  };
  for (const fact of all) if (!isFresh.has(fact.id)) add(fact);
  const marks = new Map<string, Mark>();
  for (const fact of fresh) {
    // In the order in which they came: those before count.
    for (const mark of marksOf(fact.record, known, missing)) marks.set(JSON.stringify(mark), mark);
    add(fact);
  }
  return marks.has('{"what":"all"}') ? [{ what: 'all' }] : [...marks.values()];
}

function marksOf(record: TraceRecord, known: ReadonlyMap<string, Content>, missing: ReadonlySet<string>): Mark[] {
  const { point, channel, sender, stage, check } = record.ftl;
  if (WITHOUT_EFFECT.has(point)) return [];
  if (point === 'stream.check') {
    // That all could be read matters only where somebody missed something.
    if (check === undefined || (stage === 'read' && !missing.has(check.stream))) return [];
    const first = approximateTime(check.since) - STREAM_BREAK_REACH_US;
    return [{ what: 'times', first, until: approximateTime(check.until) + STREAM_BREAK_REACH_US }];
  }
  const content = contentOf(record);
  const before = known.get(content);
  if (OF_CHANNEL.has(point) && channel !== undefined) {
    return before === undefined ? [{ what: 'channel', channel }] : [];
  }
  if (before === undefined) return [{ what: 'all' }];
  const time = approximateTime(record['@timestamp']);
  // Whose an address is may depend on who said so last.
  const address = sender?.address;
  if (address !== undefined && (time < before.first || time > before.last) && isShared(address, content, known)) {
    return [{ what: 'all' }];
  }
  // From whom a peer pulled, and whether it led, matters to its commits from then on by its own clock: hence to no block whose
  // records are all older.
  return TIMED.has(point) ? [{ what: 'since', channel: channel ?? null, first: time }] : [];
}

function isShared(address: string, content: string, known: ReadonlyMap<string, Content>): boolean {
  return known.entries().some(([other, { addresses }]) => other !== content && addresses.has(address));
}

function addressesOf({ ftl: { sender, receiver } }: TraceRecord): ReadonlySet<string> {
  return new Set([sender?.address, receiver?.address].filter((address) => address !== undefined));
}

/** What a fact says, apart from when it was written, and for what has a time of its own apart from what it says of that. */
function contentOf(record: TraceRecord): string {
  const { '@timestamp': _time, message: _message, ftl, ...rest } = record;
  const { seq: _seq, chain: _chain, block, stage, consensus, ...who } = ftl;
  const text = JSON.stringify([rest, who, TIMED.has(ftl.point) ? null : [block, stage, consensus]]);
  return createHash('sha256').update(text).digest('base64');
}

import type { Network } from '../../network/network.ts';
import { buildNetwork } from '../../network/buildNetwork.ts';
import type { Point } from '../../points.ts';
import type { StoredRecord, TraceRecord } from '../../record.ts';
import type { Channels } from './channels.ts';
import { readCounter, writeCounter } from './counters.ts';
import type { Database } from './database.ts';
import { textHash } from './dictionary.ts';
import { markStale, STALE_ALL, STALE_CHANNEL, STALE_SINCE, STALE_TIMES } from './stale.ts';
import { approximateTime } from './time.ts';

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

/** Network-scope records and the network that they describe. */
export class Facts {
  readonly #db: Database;
  readonly #channels: Channels;
  #network: { readonly facts: number; readonly network: Network } | null = null;

  constructor(db: Database, channels: Channels) {
    this.#db = db;
    this.#channels = channels;
  }

  forget(): void {
    this.#network = null;
  }

  /** Stores a fact and marks the traces that it may change; whether it was new. Inside a write transaction. */
  add(id: Uint8Array, record: TraceRecord): boolean {
    const time = approximateTime(record['@timestamp']);
    const content = textHash(contentOf(record));
    const known = this.#db.get('SELECT min(time), max(time) FROM fact WHERE content = ?', content) as (number | null)[];
    const added = this.#db.run(
      'INSERT OR IGNORE INTO fact (id, time, content, json) VALUES (?, ?, ?, ?)',
      id,
      time,
      content,
      JSON.stringify(record),
    );
    if (added === 0) return false;
    writeCounter(this.#db, 'facts', readCounter(this.#db, 'facts') + 1);
    this.#markAffected(record, content, time, known[0] ?? null, known[1] ?? null);
    return true;
  }

  /** The network by all facts; built anew only when there are more of them. */
  network(): Network {
    const facts = readCounter(this.#db, 'facts');
    if (this.#network?.facts === facts) return this.#network.network;
    const records: StoredRecord[] = this.#db
      .all('SELECT lower(hex(id)), json FROM fact ORDER BY time, id')
      .map(([id, json]) => ({ id: id as string, record: JSON.parse(json as string) as TraceRecord }));
    const network = buildNetwork(records);
    this.#network = { facts, network };
    return network;
  }

  /** `first` and `last`: times of the facts of the same content that were there before; null if there were none. */
  #markAffected(record: TraceRecord, content: number, time: number, first: number | null, last: number | null): void {
    const { point, channel } = record.ftl;
    if (WITHOUT_EFFECT.has(point)) return;
    if (point === 'stream.check') {
      this.#markStreamCheck(record);
      return;
    }
    if (OF_CHANNEL.has(point) && channel !== undefined) {
      if (first === null) markStale(this.#db, STALE_CHANNEL, this.#channels.intern(channel));
      return;
    }
    if (first === null || last === null) {
      markStale(this.#db, STALE_ALL);
      return;
    }
    // Whose an address is may depend on who said so last.
    const address = record.ftl.sender?.address;
    if (address !== undefined && (time < first || time > last) && this.#isShared(address, content)) {
      markStale(this.#db, STALE_ALL);
    } else if (TIMED.has(point)) {
      // From whom a peer pulled, and whether it led, matters to its commits from then on by its own clock: hence to no block
      // whose records are all older.
      const channels =
        channel === undefined ? this.#channels.all().map(({ key }) => key) : [this.#channels.intern(channel)];
      for (const key of channels) markStale(this.#db, STALE_SINCE, key, time);
    }
  }

  /** Touches what was on its way then. That all could be read matters only where somebody missed something. */
  #markStreamCheck({ ftl: { stage, check } }: TraceRecord): void {
    if (check === undefined) return;
    if (stage === 'read') {
      const missed = `SELECT 1 FROM fact WHERE instr(json, ?) > 0 AND instr(json, '"stage":"missing"') > 0`;
      if (this.#db.get(missed, `"stream":"${check.stream}"`) === undefined) return;
    }
    const first = approximateTime(check.since) - STREAM_BREAK_REACH_US;
    markStale(this.#db, STALE_TIMES, 0, first, approximateTime(check.until) + STREAM_BREAK_REACH_US);
  }

  #isShared(address: string, content: number): boolean {
    return this.#db.get('SELECT 1 FROM fact WHERE content <> ? AND instr(json, ?) > 0', content, address) !== undefined;
  }
}

/** What a fact says, apart from when it was written, and for what has a time of its own apart from what it says of that. */
function contentOf(record: TraceRecord): string {
  const { '@timestamp': _time, message: _message, ftl, ...rest } = record;
  const { seq: _seq, chain: _chain, block, stage, consensus, ...who } = ftl;
  return JSON.stringify([rest, who, TIMED.has(ftl.point) ? null : [block, stage, consensus]]);
}

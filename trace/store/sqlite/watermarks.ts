import type { TraceRecord } from '../../record.ts';
import { normalId } from '../normalId.ts';
import { approximateTime } from '../time.ts';
import type { Database } from './database.ts';
import { markStale, STALE_BLOCKS, STALE_CHANNEL } from './stale.ts';

interface Stream {
  first: string;
  last: string;
  type: string | null;
}

/**
 * What is known of each record stream (by `service.node.name`): its first and last time, and the highest block its node has
 * committed per channel. Collected over a batch, written at its end.
 */
export class Watermarks {
  readonly #db: Database;
  readonly #streams = new Map<string, Stream>();
  readonly #heights = new Map<number, Map<string, number>>();

  constructor(db: Database) {
    this.#db = db;
  }

  reset(): void {
    this.#streams.clear();
    this.#heights.clear();
  }

  stream(record: TraceRecord): void {
    const name = record['service.node.name'];
    if (name === undefined) return;
    const time = record['@timestamp'];
    const known = this.#streams.get(name);
    if (known === undefined) {
      this.#streams.set(name, { first: time, last: time, type: record['service.type'] ?? null });
      return;
    }
    // Compared as text, which is their order but for the number of digits; whole seconds decide well enough here.
    if (time < known.first) known.first = time;
    if (time > known.last) known.last = time;
    known.type ??= record['service.type'] ?? null;
  }

  commit(record: TraceRecord, channel: number, block: number): void {
    const name = record['service.node.name'];
    if (name === undefined) return;
    let nodes = this.#heights.get(channel);
    if (nodes === undefined) {
      nodes = new Map();
      this.#heights.set(channel, nodes);
    }
    const known = nodes.get(name);
    if (known === undefined || block > known) nodes.set(name, block);
  }

  write(): void {
    const put = this.#db.prepare(
      `INSERT INTO stream (name, type, first, last) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (name) DO UPDATE SET
       first = min(first, ?3), last = max(last, ?4), type = coalesce(min(type, ?2), type, ?2)`,
    );
    for (const [name, stream] of this.#streams) {
      put.run(normalId(name), stream.type, approximateTime(stream.first), approximateTime(stream.last));
    }
    for (const [channel, nodes] of this.#heights) {
      for (const [name, block] of nodes) this.#raise(channel, normalId(name), block);
    }
  }

  /** A peer that appears in a channel concerns all its traces; one that catches up, those of the blocks it had not. */
  #raise(channel: number, name: string, block: number): void {
    const height = this.#db.get('SELECT block FROM height WHERE channel = ? AND node = ?', channel, name)?.[0];
    if (typeof height === 'number' && height >= block) return;
    this.#db.run('INSERT OR REPLACE INTO height (channel, node, block) VALUES (?, ?, ?)', channel, name, block);
    if (typeof height === 'number') markStale(this.#db, STALE_BLOCKS, channel, height + 1, block);
    else markStale(this.#db, STALE_CHANNEL, channel);
  }
}

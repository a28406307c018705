import type { Network } from '../../network/network.ts';
import { buildNetwork } from '../../network/buildNetwork.ts';
import type { StoredRecord, TraceRecord } from '../../record.ts';
import { contentOfFact, effectOf, type FactEffect } from '../factEffects.ts';
import type { Channels } from './channels.ts';
import { readCounter, writeCounter } from './counters.ts';
import type { Database } from './database.ts';
import { textHash } from './dictionary.ts';
import { markStale, STALE_ALL, STALE_CHANNEL, STALE_SINCE, STALE_TIMES } from './stale.ts';
import { approximateTime } from '../time.ts';

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
    const content = textHash(contentOfFact(record));
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
    const [first, last] = known;
    const effect = effectOf(record, {
      before: () => (typeof first === 'number' && typeof last === 'number' ? { first, last } : null),
      isShared: (address) => this.#isShared(address, content),
      isMissed: (stream) => this.#isMissed(stream),
    });
    if (effect !== null) this.#mark(effect);
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

  #mark(effect: FactEffect): void {
    switch (effect.what) {
      case 'all':
        markStale(this.#db, STALE_ALL);
        return;
      case 'channel':
        markStale(this.#db, STALE_CHANNEL, this.#channels.intern(effect.channel));
        return;
      case 'times':
        markStale(this.#db, STALE_TIMES, 0, effect.first, effect.until);
        return;
      case 'since': {
        const channels =
          effect.channel === null
            ? this.#channels.all().map(({ key }) => key)
            : [this.#channels.intern(effect.channel)];
        for (const key of channels) markStale(this.#db, STALE_SINCE, key, effect.first);
      }
    }
  }

  #isMissed(stream: string): boolean {
    const missed = `SELECT 1 FROM fact WHERE instr(json, ?) > 0 AND instr(json, '"stage":"missing"') > 0`;
    return this.#db.get(missed, `"stream":"${stream}"`) !== undefined;
  }

  #isShared(address: string, content: number): boolean {
    return this.#db.get('SELECT 1 FROM fact WHERE content <> ? AND instr(json, ?) > 0', content, address) !== undefined;
  }
}

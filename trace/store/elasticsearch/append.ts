import { setTimeout as delay } from 'node:timers/promises';
import type { StoredRecord, TraceRecord } from '../../record.ts';
import { StoreError } from '../errors.ts';
import type { AppendResult } from '../traceStore.ts';
import { writeCheckpoints } from './checkpoints.ts';
import { itemError } from './clientErrors.ts';
import type { Parts } from './parts.ts';
import { needsWrapping, wrap } from './recordDocument.ts';
import { kindOf } from './recordKind.ts';
import { Watermarks } from './watermarks.ts';

const RECORD_ID = /^[0-9a-f]{16}$/;
/** Requests under way at once: a shard works on each with one thread. */
const AT_ONCE = 4;
/** Characters of one, at most; and at least, before a batch is divided among several. */
const LONGEST_REQUEST = 2 << 20;
const SHORTEST_REQUEST = 128 << 10;
/** Items that were refused because there is too much to do are sent again so often. */
const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 100;
const MOST_HALF_DONE = 100_000;

/** A document on its way. */
interface Item {
  readonly id: string;
  readonly record: TraceRecord;
  readonly line: string;
  readonly isWrapped: boolean;
}

/**
 * Adds records: each is created under its ID, so that one that is there already stays as it is. What a request failed to add is
 * looked at item by item: too much to do means again, in a little while; a document that cannot be taken as it is goes in
 * wrapped. The checkpoints come when all else is acknowledged: whatever is cut off in between, the sender sends again from the old
 * checkpoint and nothing is lost or double.
 */
export class Appender {
  readonly #parts: Parts;
  /** Written by an `append` that failed later on: new to whoever tries again. Of the batches before, and of this one. */
  readonly #before = new Set<string>();
  readonly #now = new Set<string>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async append(records: readonly StoredRecord[], checkpoints?: ReadonlyMap<string, string>): Promise<AppendResult> {
    const { cluster } = this.#parts;
    const { names } = cluster;
    const ofTraces: Item[] = [];
    const facts: Item[] = [];
    const watermarks = new Watermarks();
    this.#keepHalfDone();
    for (const { id, record } of records) {
      if (!RECORD_ID.test(id)) throw new StoreError('invalid_record', `"${id}" is no record ID.`);
      const isWrapped = needsWrapping(record);
      const item = { id, record, line: lineOf(id, isWrapped ? wrap(record) : record), isWrapped };
      (kindOf(record) === 'network' ? facts : ofTraces).push(item);
      watermarks.add(record);
    }
    const written = await settled([
      this.#create(names.records, ofTraces),
      this.#create(names.network, facts),
      cluster.write(watermarks.lines(names), [names.state, names.blocks]).then(() => 0),
    ]);
    const added = written.reduce((sum, count) => sum + count, 0);
    if (checkpoints !== undefined) await writeCheckpoints(this.#parts, checkpoints);
    this.#before.clear();
    this.#now.clear();
    return { added, known: records.length - added };
  }

  #keepHalfDone(): void {
    // Who gave up a failed batch does not come back for it.
    if (this.#before.size > MOST_HALF_DONE) this.#before.clear();
    for (const id of this.#now) this.#before.add(id);
    this.#now.clear();
  }

  /** How many were new. */
  async #create(index: string, items: readonly Item[]): Promise<number> {
    const chunks = chunksOf(items);
    let added = 0;
    const work = async () => {
      for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) {
        // Not `added += await …`: that would add to what it was before the others had written.
        const count = await this.#send(index, chunk);
        added += count;
      }
    };
    await settled(Array.from({ length: Math.min(AT_ONCE, chunks.length) }, async () => work()));
    return added;
  }

  async #send(index: string, chunk: readonly Item[]): Promise<number> {
    const { cluster } = this.#parts;
    let added = 0;
    let rest = chunk;
    for (let attempt = 0; ; attempt++) {
      const { items, repeated } = await cluster.bulk(rest.map(({ line }) => line).join(''), index, {
        isAlias: index === cluster.names.records,
      });
      const again: Item[] = [];
      let refusal: StoreError | null = null;
      for (const [n, item] of rest.entries()) {
        const { status, error } = items[n] ?? { status: 500 };
        if (status < 300) {
          added++;
          this.#now.add(item.id);
        } else if (status === 409) {
          // After a request of which no answer came: it was most likely this very record.
          if (!this.#before.delete(item.id) && !repeated) continue;
          added++;
          this.#now.add(item.id);
        } else if (status === 404) {
          throw new StoreError(
            'io',
            `${cluster.connection.location} has lost ${index}: start FTL anew, it makes that again.`,
          );
        } else if (status === 400 && !item.isWrapped) {
          const line = lineOf(item.id, wrap(item.record));
          again.push({ id: item.id, record: item.record, line, isWrapped: true });
        } else if (status === 400 || status === 413) {
          throw new StoreError(
            'invalid_record',
            `Record ${item.id} cannot be stored: ${error?.reason ?? 'no reason given'}.`,
          );
        } else {
          refusal ??= itemError(status, error, cluster.connection.location);
          if (refusal.code !== 'busy') throw refusal;
          again.push(item);
        }
      }
      if (again.length === 0) return added;
      if (refusal !== null) {
        if (attempt >= ATTEMPTS) throw refusal;
        await delay(FIRST_PAUSE_MS * 2 ** attempt * (0.5 + Math.random() / 2));
      }
      rest = again;
    }
  }
}

function lineOf(id: string, document: object): string {
  return `{"create":{"_id":"${id}"}}\n${JSON.stringify(document)}\n`;
}

/** Parts of about the same length, so that all are done at about the same time. */
function chunksOf(items: readonly Item[]): Item[][] {
  const total = items.reduce((sum, { line }) => sum + line.length, 0);
  const length = Math.min(LONGEST_REQUEST, Math.max(SHORTEST_REQUEST, Math.ceil(total / AT_ONCE)));
  const chunks: Item[][] = [];
  let used = Infinity;
  for (const item of items) {
    if (used >= length || used + item.line.length > LONGEST_REQUEST) {
      chunks.push([]);
      used = 0;
    }
    chunks.at(-1)?.push(item);
    used += item.line.length;
  }
  return chunks;
}

/** All of them, or the first failure after all have come to an end. */
async function settled<T>(work: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(work);
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

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
/** Characters of one bulk request, and how many are under way at once: a shard works on each request with one thread. */
const REQUEST_LENGTH = 2 << 20;
const AT_ONCE = 3;
/** Items that were refused because there is too much to do are sent again so often. */
const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 100;

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
 * wrapped. Then what the records tell beyond themselves, then the checkpoints: whatever is cut off in between, the sender sends
 * again from the old checkpoint and nothing is lost or double.
 */
export class Appender {
  readonly #parts: Parts;
  /** Written by an `append` that failed later on: new to whoever tries again. */
  readonly #halfDone = new Set<string>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async append(records: readonly StoredRecord[], checkpoints?: ReadonlyMap<string, string>): Promise<AppendResult> {
    const { cluster } = this.#parts;
    const { names } = cluster;
    const ofTraces: Item[] = [];
    const facts: Item[] = [];
    const watermarks = new Watermarks();
    for (const { id, record } of records) {
      if (!RECORD_ID.test(id)) throw new StoreError('invalid_record', `"${id}" is no record ID.`);
      const isWrapped = needsWrapping(record);
      const item = { id, record, line: lineOf(id, isWrapped ? wrap(record) : record), isWrapped };
      (kindOf(record) === 'network' ? facts : ofTraces).push(item);
      watermarks.add(record);
    }
    const added =
      (await this.#create(names.records, ofTraces)) + (facts.length > 0 ? await this.#create(names.network, facts) : 0);
    await cluster.write(watermarks.lines(names), [names.state, names.blocks]);
    if (checkpoints !== undefined) await writeCheckpoints(this.#parts, checkpoints);
    this.#halfDone.clear();
    return { added, known: records.length - added };
  }

  /** How many were new. */
  async #create(index: string, items: readonly Item[]): Promise<number> {
    const chunks = chunksOf(items);
    let added = 0;
    const work = async () => {
      for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) {
        added += await this.#send(index, chunk);
      }
    };
    const results = await Promise.allSettled(Array.from({ length: Math.min(AT_ONCE, chunks.length) }, work));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
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
          this.#halfDone.add(item.id);
        } else if (status === 409) {
          // After a request of which no answer came: it was most likely this very record.
          if (repeated || this.#halfDone.has(item.id)) added++;
        } else if (status === 400 && !item.isWrapped) {
          const line = lineOf(item.id, wrap(item.record));
          again.push({ id: item.id, record: item.record, line, isWrapped: true });
        } else if (status === 400) {
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

function chunksOf(items: readonly Item[]): Item[][] {
  const chunks: Item[][] = [];
  let length = Infinity;
  for (const item of items) {
    if (length + item.line.length > REQUEST_LENGTH) {
      chunks.push([]);
      length = 0;
    }
    chunks.at(-1)?.push(item);
    length += item.line.length;
  }
  return chunks;
}

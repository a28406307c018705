import type { RangeQueryView } from '#node/protos/readWriteSetView.ts';
import type { VersionedEntry } from '../state/stateDatabase.ts';
import { RangeQueryResults } from './rangeQueryResults.ts';

export interface FoundKey {
  readonly namespace: string;
  readonly key: string;
  readonly value: Uint8Array;
}

/** What a range query finds, handed out one by one. */
export interface StateIterator {
  /** Null at the end (of the range or of the page). */
  next(): Promise<FoundKey | null>;
  /** Closes, and gives the key that comes next; empty at the end of the range. */
  bookmark(): Promise<string>;
  close(): Promise<void>;
}

export interface RangeOptions {
  readonly namespace: string;
  readonly start: string;
  readonly end: string;
  /** Entries to hand out at most; 0 for all. */
  readonly pageSize: number;
  /** Whether to note what is found, for the read set. */
  readonly collect: boolean;
}

/**
 * One range query. For the read set it notes how far the caller went: up to the last key handed out, or, once the caller saw the
 * end, the whole range asked for (core/ledger/kvledger/txmgmt/txmgr/query_executor.go).
 */
export class RangeIterator implements StateIterator {
  readonly namespace: string;
  readonly #entries: AsyncIterator<VersionedEntry>;
  readonly #start: string;
  readonly #end: string;
  readonly #pageSize: number;
  readonly #results: RangeQueryResults | null;
  #lastKey = '';
  #exhausted = false;
  #handedOut = 0;
  #closed = false;

  constructor(options: RangeOptions, entries: AsyncIterable<VersionedEntry>) {
    this.namespace = options.namespace;
    this.#start = options.start;
    this.#end = options.end;
    this.#pageSize = options.pageSize;
    this.#results = options.collect ? new RangeQueryResults() : null;
    this.#entries = entries[Symbol.asyncIterator]();
  }

  async next(): Promise<FoundKey | null> {
    if (this.#closed || (this.#pageSize > 0 && this.#handedOut >= this.#pageSize)) {
      this.#exhausted ||= !this.#closed;
      return null;
    }
    const step = await this.#entries.next();
    if (step.done === true) {
      this.#exhausted = true;
      return null;
    }
    const { key, value, version } = step.value;
    this.#handedOut++;
    this.#lastKey = key;
    this.#results?.add(key, version);
    return { namespace: this.namespace, key, value };
  }

  async bookmark(): Promise<string> {
    if (this.#closed) {
      return '';
    }
    const step = await this.#entries.next();
    await this.close();
    return step.done === true ? '' : step.value.key;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#entries.return?.();
  }

  /** To be called once, when the simulation is over. */
  query(): RangeQueryView {
    const found = this.#results?.finish() ?? { reads: [], merkle: null };
    return {
      startKey: this.#start,
      endKey: this.#exhausted ? this.#end : this.#lastKey,
      exhausted: this.#exhausted,
      ...found,
    };
  }
}

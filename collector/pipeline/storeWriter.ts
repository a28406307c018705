import type { Logger } from 'pino';
import type { StoredRecord } from '#trace/record.ts';
import { StoreError } from '#trace/store/errors.ts';
import type { AppendResult, TraceStore } from '#trace/store/traceStore.ts';
import { CollectorError, messageOf } from '../errors.ts';
import type { CollectorMetrics } from '../metrics.ts';
import type { Batch, Batcher } from './batcher.ts';
import type { DeadLetters } from './deadLetters.ts';

/** What the pipeline needs of a store. */
export type RecordStore = Pick<TraceStore, 'append' | 'refresh' | 'checkpoints'>;

export interface WriterOptions {
  /** Milliseconds before the first retry (100), doubled up to `maxBackoffMs` (10,000). */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** Summaries brought up to date in one go (500). */
  readonly refreshLimit: number;
  /** While batches keep coming, summaries are refreshed at most this often, milliseconds (500). */
  readonly refreshMs: number;
  /** As soon as no batch has come for so long, milliseconds (30), or as long as the last refresh took, they are refreshed to the last; `Infinity`: left alone. */
  readonly restMs: number;
}

export const WRITER_DEFAULTS: WriterOptions = {
  backoffMs: 100,
  maxBackoffMs: 10_000,
  refreshLimit: 500,
  refreshMs: 500,
  restMs: 30,
};

export interface WriterModules {
  readonly store: RecordStore;
  readonly batcher: Batcher;
  readonly deadLetters: DeadLetters;
  readonly metrics: CollectorMetrics;
  readonly logger: Logger;
  /** Gives up at once, leaving what was not written to the next run. */
  readonly signal: AbortSignal;
}

export interface WriterTotals {
  added: number;
  known: number;
}

/**
 * The last step: takes batches in order and appends each until the store has it. A failing store stops the writer, the full
 * queue stops the streams, and so nothing is lost however long it fails.
 */
export class StoreWriter {
  readonly totals: WriterTotals = { added: 0, known: 0 };
  readonly #options: WriterOptions;
  readonly #modules: WriterModules;
  #unrefreshed = false;
  #refreshedAt = 0;
  #refreshTook = 0;
  #working = false;

  constructor(options: WriterOptions, modules: WriterModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** Whether everything is written and its summaries are up to date. */
  get idle(): boolean {
    return !this.#working && !this.#unrefreshed;
  }

  /** Runs until the batcher is closed and empty. Rejects with `aborted` only. */
  async run(): Promise<void> {
    const { batcher, signal } = this.#modules;
    for (let wait = Infinity; ; ) {
      const batch = await batcher.take(wait);
      if (signal.aborted) throw new CollectorError('aborted', 'the collector was told to stop at once');
      if (batch === null) return;
      if (batch !== undefined) {
        this.#working = true;
        await this.#write(batch);
        batcher.stored();
        this.#working = false;
      }
      const rested = batch === undefined;
      if (rested || performance.now() - this.#refreshedAt >= this.#options.refreshMs) await this.#refresh();
      // More to refresh and nothing to write: on after a turn for the streams. While windows of a sender come with pauses between
      // them, a refresh that takes long must not begin in each: the next window, and its acknowledgement, would wait for it.
      const pause = rested ? 1 : Math.max(this.#options.restMs, this.#refreshTook);
      wait = this.#unrefreshed ? pause : Infinity;
    }
  }

  async #write(batch: Batch): Promise<void> {
    await this.#modules.deadLetters.flush();
    const result = await this.#append(batch.records, batch.checkpoints);
    this.totals.added += result.added;
    this.totals.known += result.known;
    this.#modules.metrics.records.inc(result.added);
    this.#modules.metrics.known.inc(result.known);
    this.#modules.metrics.batches.inc();
    if (result.added > 0) this.#unrefreshed = true;
  }

  async #append(records: readonly StoredRecord[], checkpoints: ReadonlyMap<string, string>): Promise<AppendResult> {
    const { store, metrics, logger, signal } = this.#modules;
    for (let attempt = 0; ; attempt++) {
      if (signal.aborted) throw new CollectorError('aborted', 'stopped at once with batches not written');
      const end = metrics.writeSeconds.startTimer();
      try {
        const result = await store.append(records, checkpoints);
        end();
        if (attempt > 0) logger.info({ attempt }, 'the store takes records again');
        return result;
      } catch (error) {
        if (error instanceof StoreError && error.code === 'invalid_record') {
          return this.#appendWithout(records, checkpoints, error);
        }
        metrics.retries.inc();
        const delay = Math.min(this.#options.maxBackoffMs, this.#options.backoffMs * 2 ** Math.min(attempt, 16));
        logger.warn({ err: error, attempt, delay }, `the store refuses a batch, trying again: ${messageOf(error)}`);
        await sleep(delay, signal);
      }
    }
  }

  /**
   * Some record can't be stored, now or ever; it must not hold up the others. They are offered in halves until it stands
   * alone, the checkpoints last: a crash in between means reading again, not losing.
   */
  async #appendWithout(
    records: readonly StoredRecord[],
    checkpoints: ReadonlyMap<string, string>,
    error: StoreError,
  ): Promise<AppendResult> {
    if (records.length === 0) throw error;
    if (records.length === 1) {
      const { id, record } = records[0]!;
      this.#modules.deadLetters.add({
        origin: { file: record['service.node.name'] ?? '' },
        code: error.code,
        reason: `record ${id}: ${error.message}`,
        line: JSON.stringify(record),
      });
      await this.#modules.deadLetters.flush();
      return this.#append([], checkpoints);
    }
    const middle = records.length >> 1;
    const first = await this.#append(records.slice(0, middle), new Map());
    const second = await this.#append(records.slice(middle), checkpoints);
    return { added: first.added + second.added, known: first.known + second.known };
  }

  async #refresh(): Promise<void> {
    const began = performance.now();
    try {
      const { remaining } = await this.#modules.store.refresh({ limit: this.#options.refreshLimit });
      this.#unrefreshed = remaining > 0;
    } catch (error) {
      this.#modules.metrics.refreshErrors.inc();
      this.#modules.logger.warn({ err: error }, `summaries could not be refreshed: ${messageOf(error)}`);
      // The next batch tries again; the store may need the rest.
      this.#unrefreshed = false;
    }
    this.#refreshedAt = performance.now();
    this.#refreshTook = this.#refreshedAt - began;
  }
}

/** Resolves after `ms`, or at once when aborted. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}

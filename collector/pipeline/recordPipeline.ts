import type { Logger } from 'pino';
import type { PartialIdentity } from '#trace/identity.ts';
import type { StoredRecord } from '#trace/record.ts';
import type { StreamDecoder, StreamOptions } from '../decoders/decoder.ts';
import type { CollectorMetrics } from '../metrics.ts';
import { BATCHER_DEFAULTS, Batcher, type BatcherOptions, type CheckpointSource } from './batcher.ts';
import type { DeadLetters } from './deadLetters.ts';
import {
  type RecordStore,
  StoreWriter,
  WRITER_DEFAULTS,
  type WriterOptions,
  type WriterTotals,
} from './storeWriter.ts';
import { type IntakeOptions, StreamIntake } from './streamIntake.ts';

export interface PipelineOptions extends BatcherOptions, WriterOptions {}

export const PIPELINE_DEFAULTS: PipelineOptions = { ...BATCHER_DEFAULTS, ...WRITER_DEFAULTS };

export interface PipelineModules {
  readonly store: RecordStore;
  readonly createDecoder: (options: StreamOptions, snapshot?: unknown) => StreamDecoder;
  readonly deadLetters: DeadLetters;
  readonly metrics: CollectorMetrics;
  readonly logger: Logger;
  readonly clock: () => number;
}

export interface StreamRequest extends IntakeOptions {
  readonly self?: PartialIdentity;
  /** The decoder's part of the stream's checkpoint. */
  readonly snapshot?: unknown;
}

/**
 * The way of a record, on one page (docs/lifecycle-of-a-record.md):
 *
 *   source     cuts bytes into lines                      sources/
 *   intake     line → decoder → records with IDs          streamIntake.ts, recordId.ts
 *   batcher    records + checkpoints, bounded queue       batcher.ts
 *   writer     dead letters to disk, then store.append    storeWriter.ts, deadLetters.ts
 *   refresh    the store's summaries                      storeWriter.ts
 *
 * Everything up to the batcher is synchronous, so that a batch always ends between two lines of every stream.
 */
export class RecordPipeline {
  readonly #modules: PipelineModules;
  readonly #batcher: Batcher;
  readonly #writer: StoreWriter;
  readonly #abort = new AbortController();
  readonly #running: Promise<void>;

  constructor(options: PipelineOptions, modules: PipelineModules) {
    this.#modules = modules;
    this.#batcher = new Batcher(options);
    this.#writer = new StoreWriter(options, { ...modules, batcher: this.#batcher, signal: this.#abort.signal });
    this.#running = this.#writer.run();
    // Whoever drains sees the rejection; until then it is no unhandled one.
    this.#running.catch(() => undefined);
  }

  get queued(): number {
    return this.#batcher.waiting;
  }

  get totals(): WriterTotals {
    return this.#writer.totals;
  }

  /** Whether all that came in is in the store and summarised. */
  get idle(): boolean {
    return this.#batcher.empty && this.#writer.idle;
  }

  /** Lets one stream of lines in. */
  openStream(request: StreamRequest): StreamIntake {
    const decoder = this.#modules.createDecoder(
      { fallbackName: request.name, ...(request.self === undefined ? {} : { self: request.self }) },
      request.snapshot,
    );
    return new StreamIntake(request, { ...this.#modules, decoder, batcher: this.#batcher });
  }

  /** Lets in records that are complete already (blocks, nodes.yaml), with the checkpoint that covers them. */
  addRecords(records: readonly StoredRecord[], checkpoint?: readonly [key: string, value: string]): void {
    for (const record of records) this.#batcher.add(record);
    const source: CheckpointSource = { checkpoint: () => checkpoint ?? null };
    this.#batcher.lineDone(source);
  }

  /** A promise only while the store is behind. */
  room(): Promise<void> | undefined {
    return this.#batcher.room() ?? this.#modules.deadLetters.room();
  }

  /**
   * Resolves when all that was let in before is in the store, or among the dead letters: true. False if it was given up.
   * For sources that must tell their peer so.
   */
  async written(): Promise<boolean> {
    const stored = await this.#batcher.written();
    await this.#modules.deadLetters.flush();
    return stored;
  }

  /**
   * Writes all that is there, checkpoints included. The sources must have stopped. Rejects with `aborted` if `abort` is called
   * meanwhile (a store that is down would otherwise hold it for ever).
   */
  async drain(): Promise<void> {
    this.#batcher.close();
    await this.#running;
    await this.#modules.deadLetters.flush();
  }

  /** Stops at once. Nothing is lost: what was not written has no checkpoint and is read again. */
  abort(): void {
    this.#abort.abort();
    this.#batcher.discard();
  }
}

import { resolve } from 'node:path';
import type { Logger } from 'pino';
import type { PartialIdentity } from '#trace/identity.ts';
import { messageOf } from '../errors.ts';
import type { CollectorMetrics, FileLag } from '../metrics.ts';
import type { RecordPipeline } from '../pipeline/recordPipeline.ts';
import { sleep } from '../pipeline/storeWriter.ts';
import { listFiles } from './listFiles.ts';
import { ReadBuffers } from './readBuffers.ts';
import { streamNameOf, streamPathOf } from './rotation.ts';
import { parseTailCheckpoint } from './tailCheckpoint.ts';
import { TailStream } from './tailStream.ts';

/** Files to follow; `self` says whose they are, if that is known beforehand. */
export interface FollowRequest {
  /** Paths, folders (the files in it) and globs. */
  readonly patterns: readonly string[];
  readonly self?: PartialIdentity;
}

export interface FileTailOptions {
  readonly follow: readonly FollowRequest[];
  /** Where files begin that are there at the first start; files that appear later are read from their beginning. */
  readonly start: 'beginning' | 'end';
  /** Between two looks at a file, milliseconds (250). */
  readonly pollMs: number;
  /** Between two looks for new files, milliseconds (1,000). */
  readonly discoverMs: number;
  /** Longest line in bytes (16 MiB). */
  readonly maxLineBytes: number;
  /** Bytes read at a time (256 KiB). */
  readonly readBytes: number;
  /** Files never to follow: the collector's own. */
  readonly ignore: (path: string) => boolean;
}

export const FILE_TAIL_DEFAULTS = {
  start: 'beginning',
  pollMs: 250,
  discoverMs: 1000,
  maxLineBytes: 16 * 1024 * 1024,
  readBytes: 256 * 1024,
} as const;
/** Reads under way at one time. */
const CONCURRENT_READS = 4;
export const TAIL_KEY_PREFIX = 'tail:';

export interface FileTailModules {
  readonly pipeline: RecordPipeline;
  /** Texts by key, as the store has them. */
  readonly checkpoints: ReadonlyMap<string, string>;
  readonly metrics: CollectorMetrics;
  readonly logger: Logger;
  readonly clock: () => number;
}

/**
 * Follows files as `tail -F` does, by looking at them again and again: that works on network file systems too, where nobody
 * tells of changes. Each stream runs by itself; the pipeline holds all of them back when the store is slow.
 */
export class FileTail {
  readonly #options: FileTailOptions;
  readonly #modules: FileTailModules;
  readonly #buffers: ReadBuffers;
  readonly #streams = new Map<string, TailStream>();
  readonly #stop = new AbortController();
  readonly #busy = new Set<TailStream>();
  #running: Promise<void>[] = [];
  #discovered = false;

  constructor(options: FileTailOptions, modules: FileTailModules) {
    this.#options = options;
    this.#modules = modules;
    this.#buffers = new ReadBuffers(CONCURRENT_READS, options.readBytes);
  }

  /** Finds the files that are there and begins to follow them. */
  async start(): Promise<void> {
    await this.#discover();
    this.#running.push(this.#discoverLoop());
  }

  /** Whether every stream has been read to its present end. */
  get caughtUp(): boolean {
    return this.#discovered && this.#busy.size === 0;
  }

  get paths(): string[] {
    return [...this.#streams.keys()];
  }

  *lags(): Iterable<FileLag> {
    for (const stream of this.#streams.values()) yield stream.lag();
  }

  /** Stops reading; resolves when no line will come any more. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
    for (const stream of this.#streams.values()) await stream.close();
  }

  async #discoverLoop(): Promise<void> {
    const { signal } = this.#stop;
    for (;;) {
      await sleep(this.#options.discoverMs, signal);
      if (signal.aborted) return;
      await this.#discover();
    }
  }

  async #discover(): Promise<void> {
    for (const request of this.#options.follow) {
      let files: readonly string[] = [];
      try {
        files = await listFiles(request.patterns);
      } catch (error) {
        this.#modules.metrics.sourceErrors.inc();
        this.#modules.logger.warn({ err: error }, `files could not be listed: ${messageOf(error)}`);
      }
      const fresh: TailStream[] = [];
      for (const file of files) this.#add(resolve(file), request.self, fresh);
      for (const stream of fresh) this.#running.push(this.#run(stream));
    }
    this.#discovered = true;
  }

  #add(file: string, self: PartialIdentity | undefined, fresh: TailStream[]): void {
    if (this.#options.ignore(file)) return;
    const path = streamPathOf(file);
    let stream = this.#streams.get(path);
    if (stream === undefined) {
      stream = this.#open(path, self);
      this.#streams.set(path, stream);
      fresh.push(stream);
    }
    if (file === path) stream.follow = true;
    else stream.members.add(file);
  }

  #open(path: string, self: PartialIdentity | undefined): TailStream {
    const { pipeline, checkpoints, metrics, logger, clock } = this.#modules;
    const key = TAIL_KEY_PREFIX + path;
    const text = checkpoints.get(key);
    const checkpoint = text === undefined ? null : parseTailCheckpoint(text);
    if (text !== undefined && checkpoint === null) {
      logger.warn({ path }, `${path}: its checkpoint can't be read; the file is read again from its beginning`);
    }
    const start = this.#discovered || text !== undefined ? 'beginning' : this.#options.start;
    const stream = new TailStream(
      { path, maxLineBytes: this.#options.maxLineBytes, start, checkpoint },
      { buffers: this.#buffers, metrics, logger, clock },
    );
    const intake = pipeline.openStream({
      key,
      name: streamNameOf(path),
      ...(self === undefined ? {} : { self }),
      ...(checkpoint === null ? {} : { snapshot: checkpoint.decoder }),
      file: () => stream.file,
      position: () => stream.position(),
      lineNumber: () => stream.lines,
    });
    stream.connect(intake);
    this.#busy.add(stream);
    logger.info({ path, resumed: checkpoint !== null }, `following ${path}`);
    return stream;
  }

  async #run(stream: TailStream): Promise<void> {
    const { signal } = this.#stop;
    let failed = false;
    while (!signal.aborted) {
      let moved = false;
      try {
        moved = await stream.step();
        failed = false;
      } catch (error) {
        this.#modules.metrics.sourceErrors.inc();
        if (!failed)
          this.#modules.logger.warn({ err: error, path: stream.path }, `${stream.path}: ${messageOf(error)}`);
        failed = true;
      }
      if (moved) {
        this.#busy.add(stream);
      } else {
        if (!failed) this.#busy.delete(stream);
        await sleep(this.#options.pollMs, signal);
      }
    }
  }
}

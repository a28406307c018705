import { stat } from 'node:fs/promises';
import type { Logger } from 'pino';
import { isBlockFile, readBlockFile } from '../blocks/blockFile.ts';
import type { BlockSource } from '../blocks/blockSource.ts';
import { codeOf, messageOf } from '../errors.ts';
import type { CollectorMetrics } from '../metrics.ts';
import type { DeadLetters } from '../pipeline/deadLetters.ts';
import type { RecordPipeline } from '../pipeline/recordPipeline.ts';
import { sleep } from '../pipeline/storeWriter.ts';
import { listFiles } from './listFiles.ts';

export const BLOCK_KEY_PREFIX = 'block:';

export interface BlockFilesOptions {
  /** Folders (the files in them) and globs. */
  readonly patterns: readonly string[];
  /** Between two looks, milliseconds (1,000). */
  readonly pollMs: number;
}

export interface BlockFilesModules {
  readonly pipeline: RecordPipeline;
  readonly blocks: BlockSource;
  readonly checkpoints: ReadonlyMap<string, string>;
  readonly deadLetters: DeadLetters;
  readonly metrics: CollectorMetrics;
  readonly logger: Logger;
}

/**
 * Watches for block files. Each is read once, when two looks in a row find the same size and time, so that a file in the
 * making is left alone. What was read is remembered by path, size and time, in the same step as its records.
 */
export class BlockFiles {
  readonly #options: BlockFilesOptions;
  readonly #modules: BlockFilesModules;
  readonly #read = new Map<string, string>();
  #seen = new Map<string, string>();
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #settled = false;

  constructor(options: BlockFilesOptions, modules: BlockFilesModules) {
    this.#options = options;
    this.#modules = modules;
    for (const [key, state] of modules.checkpoints) {
      if (key.startsWith(BLOCK_KEY_PREFIX)) this.#read.set(key.slice(BLOCK_KEY_PREFIX.length), state);
    }
  }

  start(): void {
    this.#running = this.#loop();
  }

  /** Whether every file that is there has been read. */
  get caughtUp(): boolean {
    return this.#settled;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #loop(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        this.#settled = await this.#look();
      } catch (error) {
        this.#modules.metrics.sourceErrors.inc();
        this.#modules.logger.warn({ err: error }, `block files could not be listed: ${messageOf(error)}`);
      }
      await sleep(this.#options.pollMs, signal);
    }
  }

  async #look(): Promise<boolean> {
    const files = await listFiles(this.#options.patterns);
    const seen = new Map<string, string>();
    let settled = true;
    for (const path of files) {
      if (this.#stop.signal.aborted) return false;
      const state = await stateOf(path);
      if (state === null || this.#read.get(path) === state) continue;
      seen.set(path, state);
      if (this.#seen.get(path) === state) await this.#take(path, state);
      else settled = false;
    }
    this.#seen = seen;
    return settled;
  }

  async #take(path: string, state: string): Promise<void> {
    const { pipeline, blocks, deadLetters, metrics } = this.#modules;
    await pipeline.room();
    const checkpoint = [BLOCK_KEY_PREFIX + path, state] as const;
    try {
      const records = (await isBlockFile(path)) ? blocks.decode(await readBlockFile(path)) : [];
      if (records.length > 0) metrics.blockFiles.inc();
      pipeline.addRecords(records, checkpoint);
    } catch (error) {
      const code = codeOf(error) ?? 'bad_block';
      if (code === 'unreadable') {
        // Perhaps it can be read next time; a file that is bad in itself can't.
        metrics.sourceErrors.inc();
        return;
      }
      deadLetters.add({ origin: { file: path }, code, reason: messageOf(error), line: '' });
      pipeline.addRecords([], checkpoint);
    }
    this.#read.set(path, state);
  }
}

async function stateOf(path: string): Promise<string | null> {
  const stats = await stat(path, { bigint: true }).catch(() => null);
  return stats === null ? null : `${stats.size} ${stats.mtimeNs}`;
}

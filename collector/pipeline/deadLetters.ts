import { appendFile, mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from 'pino';
import type { CollectorMetrics } from '../metrics.ts';
import { messageOf } from '../errors.ts';

/** Where a bad line came from. */
export interface Origin {
  readonly file: string;
  /** Byte offset in the (decompressed) file. */
  readonly offset?: number;
  /** From 1, counted from where reading began. */
  readonly lineNumber?: number;
}

export interface DeadLetterEntry {
  readonly origin: Origin;
  readonly code: string;
  readonly reason: string;
  /** Cut at 64 kB. */
  readonly line: string;
  /** Length of the whole line in bytes, where `line` is only its beginning. */
  readonly length?: number;
}

export interface DeadLetterOptions {
  readonly path: string;
  /** Size at which a new file begins (64 MiB). */
  readonly maxBytes: number;
  /** Files kept, the current one included (5): `path`, `path.1` … */
  readonly keep: number;
}

export const DEAD_LETTER_DEFAULTS = { maxBytes: 64 * 1024 * 1024, keep: 5 } as const;
export const MAX_LETTER_LINE = 64 * 1024;
/** Text that waits to be written; beyond, streams wait for `flush`. */
const MAX_WAITING = 1024 * 1024;

/**
 * The file of what nobody understood: NDJSON, one entry a line: `time, file, offset, line_number, code, reason, line`.
 * The pipeline flushes it before the batch that moves the checkpoint past those lines, so a crash may write a letter twice
 * but loses none. A disk that refuses is counted and logged, never fatal.
 */
export class DeadLetters {
  readonly #options: DeadLetterOptions | null;
  readonly #metrics: CollectorMetrics;
  readonly #logger: Logger;
  readonly #clock: () => number;
  #waiting: string[] = [];
  #waitingLength = 0;
  #size = -1;
  #writing: Promise<void> | undefined;
  #complained = false;
  #count = 0;

  constructor(
    options: DeadLetterOptions | null,
    modules: { readonly metrics: CollectorMetrics; readonly logger: Logger; readonly clock: () => number },
  ) {
    this.#options = options;
    this.#metrics = modules.metrics;
    this.#logger = modules.logger;
    this.#clock = modules.clock;
  }

  get count(): number {
    return this.#count;
  }

  add(entry: DeadLetterEntry): void {
    this.#count++;
    this.#metrics.deadLetters.inc({ code: entry.code });
    if (this.#options === null) return;
    const text = `${JSON.stringify({
      time: new Date(this.#clock()).toISOString(),
      file: entry.origin.file,
      offset: entry.origin.offset,
      line_number: entry.origin.lineNumber,
      code: entry.code,
      reason: entry.reason,
      length: entry.length,
      line: entry.line.length > MAX_LETTER_LINE ? entry.line.slice(0, MAX_LETTER_LINE) : entry.line,
    })}\n`;
    this.#waiting.push(text);
    this.#waitingLength += text.length;
  }

  /** As `Batcher.room`: a promise only when too much waits. */
  room(): Promise<void> | undefined {
    return this.#waitingLength > MAX_WAITING ? this.flush() : undefined;
  }

  /** Everything added before this call is in the file, or counted as lost, when it resolves. Never rejects. */
  async flush(): Promise<void> {
    while (this.#waiting.length > 0 || this.#writing !== undefined) {
      this.#writing ??= this.#write().finally(() => {
        this.#writing = undefined;
      });
      await this.#writing;
    }
  }

  async #write(): Promise<void> {
    const options = this.#options;
    const letters = this.#waiting;
    this.#waiting = [];
    this.#waitingLength = 0;
    if (options === null || letters.length === 0) return;
    const text = letters.join('');
    try {
      if (this.#size < 0) {
        await mkdir(dirname(options.path), { recursive: true });
        this.#size = await stat(options.path).then(
          (stats) => stats.size,
          () => 0,
        );
      }
      if (this.#size > 0 && this.#size + text.length > options.maxBytes) await this.#rotate(options);
      await appendFile(options.path, text);
      this.#size += Buffer.byteLength(text);
      this.#complained = false;
    } catch (error) {
      this.#size = -1;
      this.#metrics.deadLetterWriteErrors.inc(letters.length);
      if (!this.#complained) this.#logger.error({ err: error }, `dead letters can't be written: ${messageOf(error)}`);
      this.#complained = true;
    }
  }

  async #rotate(options: DeadLetterOptions): Promise<void> {
    const nameOf = (index: number) => (index === 0 ? options.path : `${options.path}.${index}`);
    await rm(nameOf(options.keep - 1), { force: true });
    for (let index = options.keep - 2; index >= 0; index--) {
      await rename(nameOf(index), nameOf(index + 1)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
    }
    this.#size = 0;
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import type { LineSink } from './lineSink.ts';

/** Octets handed to the sink at a time. */
const BATCH_CHARACTERS = 256 * 1024;
const NOTHING = new Uint8Array(0);

export interface LineBufferOptions {
  /** Characters that may wait; beyond them there is no room. */
  readonly maxCharacters: number;
  /** Between two tries of a write that failed. Default 500 ms. */
  readonly retryMs?: number;
  /** How long lines wait for others, so that they are made and written together: each write is a turn of another thread. Default 100 ms. */
  readonly gatherMs?: number;
}

/**
 * Lines on their way to a sink, written behind the back of whoever gives them. A sink that fails (a full disk) is tried again for as
 * long as it takes; meanwhile lines wait here, up to a limit. What still waits when the process ends is written at once.
 */
export class LineBuffer {
  readonly #options: LineBufferOptions;
  readonly #sink: LineSink;
  readonly #makeExpected: () => void;
  /** Lines are announced that are not made yet. */
  #expecting = false;
  #lines: string[] = [];
  #characters = 0;
  /** What is being written, from its first octet that is not written yet. */
  #inFlight: Uint8Array = NOTHING;
  #writing = false;
  #failing = false;
  #pumping = false;
  /** Ends the wait for more lines. */
  #gathered: (() => void) | null = null;
  #closed = false;
  /** Lines given, and lines given to the sink for good, since the beginning. */
  #given = 0;
  #done = 0;
  #batch = 0;
  #bytes = 0;
  #waiting: { readonly upTo: number; readonly resolve: (done: boolean) => void }[] = [];
  readonly #onExit = (): void => {
    this.#make();
    const lost = this.#writeRest();
    if (lost > 0) {
      process.stderr.write(`${lost} lines could not be written before the process ended\n`);
    }
  };

  /** @param modules.makeExpected gives the lines that were announced by `expect`; called before lines are taken */
  constructor(options: LineBufferOptions, modules: { readonly sink: LineSink; readonly makeExpected?: () => void }) {
    this.#options = options;
    this.#sink = modules.sink;
    this.#makeExpected = modules.makeExpected ?? (() => {});
    process.on('exit', this.#onExit);
  }

  get hasRoom(): boolean {
    return !this.#closed && this.#characters < this.#options.maxCharacters;
  }

  /** Characters that wait to be written. */
  get characters(): number {
    return this.#characters;
  }

  /** Octets that the sink took. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the last write failed. */
  get failing(): boolean {
    return this.#failing;
  }

  /** @param line with its line feed */
  push(line: string): void {
    this.#lines.push(line);
    this.#characters += line.length;
    this.#given++;
    if (!this.#pumping) {
      this.#start();
    } else if (this.#characters >= BATCH_CHARACTERS) {
      this.#gathered?.();
    }
  }

  /** There will be lines when they are to be taken: whoever makes them is asked then. */
  expect(): void {
    this.#expecting = true;
    if (!this.#pumping) {
      this.#start();
    }
  }

  /** @returns whether everything given before is written; false when that took longer */
  async flush(timeoutMs: number): Promise<boolean> {
    this.#make();
    const upTo = this.#given;
    if (this.#done >= upTo) {
      return true;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#waiting.push({ upTo, resolve });
    this.#gathered?.();
    const timer = setTimeout(() => resolve(false), timeoutMs);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** @returns how many lines could not be written */
  async close(timeoutMs: number): Promise<number> {
    if (this.#closed) {
      return 0;
    }
    await this.flush(timeoutMs);
    this.#make();
    this.#closed = true;
    process.off('exit', this.#onExit);
    if (this.#writing) {
      // A write that hangs keeps its file; another one would hang as well.
      return this.#given - this.#done;
    }
    const lost = this.#writeRest();
    await this.#sink.close().catch(() => {});
    return lost;
  }

  #start(): void {
    this.#pumping = true;
    void this.#pump();
  }

  #make(): void {
    if (this.#expecting) {
      this.#expecting = false;
      this.#makeExpected();
    }
  }

  async #pump(): Promise<void> {
    while (!this.#closed && (this.#expecting || this.#lines.length > 0 || this.#inFlight.length > 0)) {
      if (this.#inFlight.length === 0) {
        await this.#gather();
        this.#make();
        // Unless they were written at the end of the process.
        if (this.#closed || this.#lines.length === 0) {
          break;
        }
        this.#sink.beginBatch();
        this.#inFlight = this.#takeBatch();
      }
      await this.#writeSome();
      if (this.#failing) {
        // Not what keeps a process alive: at its end there is one more try.
        await delay(this.#options.retryMs ?? 500, undefined, { ref: false });
      } else if (this.#inFlight.length === 0) {
        this.#done += this.#batch;
        this.#batch = 0;
        this.#tellWaiting();
      }
    }
    this.#pumping = false;
  }

  /** Not what keeps a process alive: at its end everything is written at once. */
  async #gather(): Promise<void> {
    if (this.#characters < BATCH_CHARACTERS && this.#waiting.length === 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, this.#options.gatherMs ?? 100).unref();
      this.#gathered = resolve;
      await promise;
      this.#gathered = null;
      clearTimeout(timer);
    }
  }

  async #writeSome(): Promise<void> {
    this.#writing = true;
    try {
      const written = await this.#sink.write(this.#inFlight);
      this.#inFlight = this.#inFlight.subarray(written);
      this.#bytes += written;
      this.#failing = false;
    } catch {
      this.#failing = true;
    } finally {
      this.#writing = false;
    }
  }

  #tellWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ upTo }) => upTo > this.#done);
    for (const { upTo, resolve } of waiting) {
      if (upTo <= this.#done) {
        resolve(true);
      }
    }
  }

  #takeBatch(): Uint8Array {
    let count = 0;
    let characters = 0;
    while (count < this.#lines.length && characters < BATCH_CHARACTERS) {
      characters += (this.#lines[count] as string).length;
      count++;
    }
    const batch = count === this.#lines.length ? this.#lines : this.#lines.slice(0, count);
    this.#lines = count === this.#lines.length ? [] : this.#lines.slice(count);
    this.#characters -= characters;
    this.#batch = count;
    return Buffer.from(batch.join(''));
  }

  /** @returns how many lines could not be written */
  #writeRest(): number {
    const rest = Buffer.from(this.#lines.join(''));
    const left = Buffer.concat([this.#inFlight, rest]);
    this.#lines = [];
    const inFlight = this.#inFlight;
    this.#inFlight = NOTHING;
    if (left.length === 0) {
      return 0;
    }
    // A write that failed is in flight no more.
    const written = this.#writing ? this.#sink.writeSync(inFlight, rest) : this.#sink.writeSync(NOTHING, left);
    let lost = 0;
    for (let at = left.indexOf(10, written); at >= 0; at = left.indexOf(10, at + 1)) {
      lost++;
    }
    return lost;
  }
}

/** What a stream's readable side does, as far as it is needed here. It ends in any case, whatever went wrong. */
export interface MessageSource {
  on(event: 'data', listener: (message: Uint8Array) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
  pause(): unknown;
  resume(): unknown;
}

/** Messages that may wait for whoever takes them, before the other end is held up. */
const AHEAD = 8;

/** The messages of one direction of a call, for one reader. */
export class Incoming implements AsyncIterable<Uint8Array> {
  readonly #source: MessageSource;
  readonly #waiting: Uint8Array[] = [];
  #wake: (() => void) | null = null;
  #end: { readonly error: unknown } | null = null;
  #paused = false;

  /** @param ended why the messages end, when they do: null for a proper end */
  constructor(source: MessageSource, ended: () => unknown = () => null) {
    this.#source = source;
    source.on('data', (message) => {
      this.#waiting.push(message);
      if (this.#waiting.length >= AHEAD && !this.#paused) {
        this.#paused = true;
        source.pause();
      }
      this.#wake?.();
    });
    // A call that is given up ends as well, a moment before it says so: not in good order, then.
    source.on('end', () => setImmediate(() => this.finish(ended())));
  }

  /** Ends the messages: those that came already are still given. May be called again, the first counts. */
  finish(error: unknown): void {
    this.#end ??= { error };
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next !== undefined) {
        if (this.#paused && this.#waiting.length === 0) {
          this.#paused = false;
          this.#source.resume();
        }
        yield next;
      } else if (this.#end !== null) {
        if (this.#end.error !== null) {
          throw this.#end.error;
        }
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = null;
      }
    }
  }
}

/** Where messages come from, as far as it can be held up. */
export interface MessageSource {
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

  constructor(source: MessageSource) {
    this.#source = source;
  }

  /** One more has come. */
  push(message: Uint8Array): void {
    this.#waiting.push(message);
    if (this.#waiting.length >= AHEAD && !this.#paused) {
      this.#paused = true;
      this.#source.pause();
    }
    this.#wake?.();
  }

  /**
   * No more will come.
   * @param error why the messages end, asked for in a moment: a call that is given up ends as well, before it says so, and not in good
   *   order then
   */
  end(error: () => unknown = () => null): void {
    setImmediate(() => this.finish(error()));
  }

  /** Ends the messages: those that came already are still given. May be called again, the first counts. */
  finish(error: unknown): void {
    this.#end ??= { error };
    this.#wake?.();
  }

  /** By hand: a generator takes three turns for each message. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, void> {
    return {
      next: () => this.#next(),
      return: () => Promise.resolve({ done: true, value: undefined }),
    };
  }

  #next(): Promise<IteratorResult<Uint8Array, void>> {
    const value = this.#waiting.shift();
    if (value !== undefined) {
      if (this.#paused && this.#waiting.length === 0) {
        this.#paused = false;
        this.#source.resume();
      }
      return Promise.resolve({ done: false, value });
    }
    if (this.#end === null) {
      return new Promise((resolve) => {
        this.#wake = () => {
          this.#wake = null;
          resolve(this.#next());
        };
      });
    }
    const { error } = this.#end;
    this.#end = { error: null };
    return error === null ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(error);
  }
}

import { Wakeup } from './wakeup.ts';

/**
 * Works on several items of a source at a time and gives the results in the order of the items. The source is asked for the next item
 * only when there is room; what is under way when the reader leaves is waited for by nobody.
 * @param inFlight at least 1; with 1 an item is taken when the result before was taken
 * @throws what the source or the work throws, after the results before it
 */
export async function* inOrder<T, R>(
  source: AsyncIterable<T>,
  work: (item: T) => Promise<R>,
  inFlight: number,
): AsyncGenerator<R, void> {
  if (inFlight <= 1) {
    for await (const item of source) {
      yield await work(item);
    }
    return;
  }
  const window = new Window(work, inFlight);
  const filled = window.fill(source);
  try {
    for (let next = await window.first(); next !== null; next = await window.first()) {
      yield await next.result;
      window.taken();
    }
    await filled;
  } finally {
    window.leave();
  }
}

/** Results under way. */
class Window<T, R> {
  readonly #work: (item: T) => Promise<R>;
  readonly #size: number;
  readonly #results: { readonly result: Promise<R> }[] = [];
  readonly #toReader = new Wakeup();
  readonly #toSource = new Wakeup();
  #ended = false;
  #left = false;

  constructor(work: (item: T) => Promise<R>, size: number) {
    this.#work = work;
    this.#size = size;
  }

  /** Its errors are the reader's, who may be gone. */
  fill(source: AsyncIterable<T>): Promise<void> {
    const filled = this.#fill(source);
    filled.catch(() => {});
    return filled;
  }

  /** Null when the source has ended and all was taken. */
  async first(): Promise<{ readonly result: Promise<R> } | null> {
    while (this.#results.length === 0 && !this.#ended) {
      await this.#toReader.wait();
    }
    return this.#results[0] ?? null;
  }

  taken(): void {
    this.#results.shift();
    this.#toSource.wake();
  }

  leave(): void {
    this.#left = true;
    this.#toSource.wake();
  }

  async #fill(source: AsyncIterable<T>): Promise<void> {
    try {
      for await (const item of source) {
        const result = this.#work(item);
        // Looked at when its turn comes.
        result.catch(() => {});
        this.#results.push({ result });
        this.#toReader.wake();
        while (this.#results.length >= this.#size && !this.#left) {
          await this.#toSource.wait();
        }
        if (this.#left) {
          return;
        }
      }
    } finally {
      this.#ended = true;
      this.#toReader.wake();
    }
  }
}

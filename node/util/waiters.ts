/** Those who wait for something that another brings about, such as the next block, and may give up meanwhile. */
export class Waiters {
  readonly #waiting = new Set<() => void>();

  /** Resolves at the next `wake`, or when the signal is aborted: which of them it was, the caller looks at. */
  wait(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const done = (): void => {
      signal.removeEventListener('abort', done);
      this.#waiting.delete(done);
      resolve();
    };
    signal.addEventListener('abort', done, { once: true });
    this.#waiting.add(done);
    return promise;
  }

  wake(): void {
    for (const done of this.#waiting) {
      done();
    }
  }
}

/** The gRPC stream between the peer and one chaincode, whichever of the two is the server. Messages are `protos.ChaincodeMessage`. */
export interface ShimTransport {
  /** What the chaincode sends; a broken connection ends it or throws. */
  readonly messages: AsyncIterable<Uint8Array>;
  /** Resolves when the connection takes more. */
  send(message: Uint8Array): Promise<void>;
  /** Breaks the connection off. */
  cancel(): void;
}

interface Outgoing {
  readonly message: Uint8Array;
  readonly taken: () => void;
}

/**
 * Messages on their way out of a service, whose responses are asked for one by one. A transaction has one message on its way to its
 * chaincode at most, and whoever answers anything else waits until the answer is taken: there are never many.
 */
export class OutgoingMessages implements AsyncIterable<Uint8Array> {
  readonly #waiting: Outgoing[] = [];
  #wake: (() => void) | null = null;
  #ended = false;

  /** Resolves when the message is taken, or never will be. */
  send(message: Uint8Array): Promise<void> {
    if (this.#ended) {
      return Promise.resolve();
    }
    return new Promise((taken) => {
      this.#waiting.push({ message, taken });
      this.#wake?.();
    });
  }

  /** What waits is dropped. */
  end(): void {
    this.#ended = true;
    for (const { taken } of this.#waiting.splice(0)) {
      taken();
    }
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    while (!this.#ended) {
      const next = this.#waiting.shift();
      if (next === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = null;
      } else {
        next.taken();
        yield next.message;
      }
    }
  }
}

/** Ends with the signal, even while the next one is waited for. */
export async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T, void> {
  const iterator = source[Symbol.asyncIterator]();
  let end: (() => void) | null = null;
  const onAbort = (): void => end?.();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    while (!signal.aborted) {
      // No race with one promise for all: that would keep something of every message for as long as the stream lasts. What comes after
      // the end, an error too, is nobody's any more.
      const step = await new Promise<IteratorResult<T, unknown> | null>((resolve, reject) => {
        end = () => resolve(null);
        iterator.next().then(resolve, reject);
      });
      if (step === null || step.done === true) {
        return;
      }
      yield step.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    void iterator.return?.().catch(() => {});
  }
}

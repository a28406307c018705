/** The gRPC stream between the peer and one chaincode, whichever of the two is the server. Messages are `protos.ChaincodeMessage`. */
export interface ShimTransport {
  /** What the chaincode sends; a broken connection ends it or throws. */
  readonly messages: AsyncIterable<Uint8Array>;
  /** Resolves when the connection takes more. */
  send(message: Uint8Array): Promise<void>;
  /** Breaks the connection off. */
  cancel(): void;
}

/**
 * Messages on their way out of a service whose responses are asked for one by one. Nobody has to wait to add one: a transaction has one
 * message on its way to its chaincode at most, so that there are never more than transactions.
 */
export class OutgoingMessages implements AsyncIterable<Uint8Array> {
  readonly #waiting: Uint8Array[] = [];
  #wake: (() => void) | null = null;
  #ended = false;

  push(message: Uint8Array): void {
    if (!this.#ended) {
      this.#waiting.push(message);
      this.#wake?.();
    }
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next !== undefined) {
        yield next;
      } else if (this.#ended) {
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

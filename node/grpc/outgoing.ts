/** What a stream's writable side does, as far as it is needed here. */
export interface MessageSink {
  write(bytes: Uint8Array, written: () => void): boolean;
  on(event: 'drain', listener: () => void): unknown;
  off(event: 'drain', listener: () => void): unknown;
}

/** Bytes for one call that wait for its client to read; one message always may. As much as a Go server queues for a stream. */
const MAX_QUEUED_BYTES = 64 * 1024;

/**
 * What a call sends. The stream below counts messages, sixteen before it asks to wait: with blocks of some megabytes, a few clients who
 * do not read would fill the memory. Here bytes count.
 */
export class Outgoing {
  readonly #call: MessageSink;
  readonly #signal: AbortSignal;
  #queuedBytes = 0;
  #onRoom: (() => void) | null = null;

  constructor(call: MessageSink, signal: AbortSignal) {
    this.#call = call;
    this.#signal = signal;
  }

  /** Null where there is room for more at once; else resolves when there is, or when the call is over. */
  write(message: Uint8Array): Promise<void> | null {
    this.#queuedBytes += message.length;
    const written = (): void => {
      this.#queuedBytes -= message.length;
      if (this.#queuedBytes <= MAX_QUEUED_BYTES) {
        this.#onRoom?.();
      }
    };
    if (!this.#call.write(message, written)) {
      return this.#until((go) => {
        this.#call.on('drain', go);
        return () => this.#call.off('drain', go);
      });
    }
    if (this.#queuedBytes <= MAX_QUEUED_BYTES) {
      return null;
    }
    return this.#until((go) => {
      this.#onRoom = go;
      return () => (this.#onRoom = null);
    });
  }

  #until(listen: (go: () => void) => () => void): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        stop();
        this.#signal.removeEventListener('abort', go);
        resolve();
      };
      const stop = listen(go);
      this.#signal.addEventListener('abort', go);
    });
  }
}

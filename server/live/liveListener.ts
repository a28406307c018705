import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { type GapReason, gapEvent, greeting, heartbeat } from './events.ts';

/**
 * One open stream. What is not yet sent stays below `maxBufferedBytes` and one batch: beyond that the reader counts as slow,
 * nothing more is written until all of it has gone out, and then it jumps to the latest revision with an event `gap`.
 */
export class LiveListener {
  /** Up to where it was served. */
  revision: number;
  /** Gets the shared batches; until then it is being brought up to date from where it resumed. */
  live = false;
  readonly #response: ServerResponse;
  readonly #maxBufferedBytes: number;
  readonly #onGap: (reason: GapReason) => void;
  #waiting = false;

  constructor(
    options: { readonly revision: number; readonly maxBufferedBytes: number },
    modules: { readonly response: ServerResponse; readonly onGap: (reason: GapReason) => void },
  ) {
    this.revision = options.revision;
    this.#maxBufferedBytes = options.maxBufferedBytes;
    this.#response = modules.response;
    this.#onGap = modules.onGap;
  }

  get open(): boolean {
    return !this.#response.destroyed && !this.#response.writableEnded;
  }

  greet(retryMs: number): void {
    this.#response.write(greeting(retryMs, this.revision));
  }

  /**
   * Hands over what changed up to `revision`; does nothing if that is behind the listener.
   *
   * @param latest where a slow reader is to continue, asked once it has caught its breath
   */
  push(batch: Buffer, revision: number, latest: () => number): void {
    if (!this.open || this.#waiting || revision <= this.revision) return;
    if (this.#response.writableLength > this.#maxBufferedBytes) {
      this.#waiting = true;
      this.#response.once('drain', () => {
        this.#waiting = false;
        this.skipTo(latest(), 'slow_reader');
      });
      return;
    }
    this.#response.write(batch);
    this.revision = revision;
  }

  /** Tells that something was left out, and goes on from `revision`. */
  skipTo(revision: number, reason: GapReason): void {
    if (!this.open) return;
    this.#onGap(reason);
    this.#response.write(gapEvent(this.revision, revision, reason));
    this.revision = revision;
  }

  beat(): void {
    if (this.open && !this.#waiting) this.#response.write(heartbeat());
  }

  /** Resolves when all has gone out, or the stream has ended. */
  async drained(): Promise<void> {
    if (!this.open || !this.#response.writableNeedDrain) return;
    const stop = new AbortController();
    const { signal } = stop;
    await Promise.race([once(this.#response, 'drain', { signal }), once(this.#response, 'close', { signal })]).finally(
      () => stop.abort(),
    );
  }

  end(): void {
    if (this.open) this.#response.end();
  }
}

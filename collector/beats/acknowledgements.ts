import { ackFrame } from './frames.ts';
import type { BeatsMetrics } from './metrics.ts';
import type { Window } from './window.ts';

export interface AcknowledgementModules {
  /** Sends bytes to the peer; does nothing once the connection is closed. */
  readonly send: (bytes: Buffer) => void;
  /** Resolves when all that was let in is stored: true; false if it was given up. */
  readonly written: () => Promise<boolean>;
  readonly metrics: BeatsMetrics;
}

/**
 * What one sender is told of its windows: each is acknowledged when all of it is stored, in the order in which they came. A sender
 * that waits gets a sign of life now and then, or learns how much is stored, so that it does not take the collector for dead.
 */
export class Acknowledgements {
  readonly #modules: AcknowledgementModules;
  /** Whole windows that wait. */
  readonly #windows: Window[] = [];
  #last: Promise<void> = Promise.resolve();
  /** How far the window first in line was stored at the last sign of life. */
  #partial: { readonly window: Window; readonly sequence: number; readonly received: number } | null = null;

  constructor(modules: AcknowledgementModules) {
    this.#modules = modules;
  }

  /** Whole windows that are not acknowledged. */
  get windows(): readonly Window[] {
    return this.#windows;
  }

  /** Resolves when every window so far is acknowledged, or given up. */
  get all(): Promise<void> {
    return this.#last;
  }

  /** A window has come to its last event. */
  owe(window: Window): void {
    this.#windows.push(window);
    this.#last = this.#acknowledge(window, this.#last);
  }

  /** Acknowledges what has come of a window that will not be whole any more, if it is stored. */
  async closeOff(window: Window): Promise<void> {
    // A sender of version 1 would take it for all.
    if (window.version === 1 || window.received === 0 || !window.isThrough) return;
    if (await this.#modules.written()) this.#tell(window, window.sequence, window.received);
  }

  /** @param window the first that its sender waits for, whole or not */
  signOfLife(window: Window): void {
    // A sender of version 1 takes whatever comes for the acknowledgement of everything.
    if (window.version === 1) return;
    const partial = this.#partial;
    this.#partial = null;
    this.#modules.metrics.keepAlives.inc();
    if (partial?.window === window && partial.received > window.told) {
      this.#tell(window, partial.sequence, partial.received);
    } else {
      this.#modules.send(ackFrame(window.version, 0));
    }
    void this.#askHowFar(window);
  }

  /** Never rejects. */
  async #acknowledge(window: Window, before: Promise<void>): Promise<void> {
    await window.through;
    const stored = await this.#modules.written();
    await before;
    if (stored) this.#tell(window, window.sequence, window.received);
    this.#windows.shift();
  }

  #tell(window: Window, sequence: number, received: number): void {
    this.#modules.send(ackFrame(window.version, sequence));
    this.#modules.metrics.acknowledged.inc(received - window.told);
    window.told = received;
  }

  /** What of the window is stored by the next sign of life is told then. */
  async #askHowFar(window: Window): Promise<void> {
    const { sequence, received } = window;
    if (received === 0 || !window.isThrough) return;
    if (await this.#modules.written()) this.#partial = { window, sequence, received };
  }
}

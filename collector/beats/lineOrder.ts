import type { ShippedLine } from './shippedLine.ts';
import type { Window } from './window.ts';

/** A line on its way, with the window in which it came. */
export interface Arrival {
  readonly line: ShippedLine;
  readonly window: Window;
}

export interface OrderOptions {
  /** How long a line waits for those before it, milliseconds. */
  readonly holdMs: number;
  /** Bytes of text that may wait. */
  readonly maxBytes: number;
}

/**
 * Puts the lines of one file in order where its sender uses several connections (Filebeat's `worker`, `loadbalance`): each
 * carries a part, and a later part may come first. A line that does not follow the last one waits until the gap is filled,
 * or for a moment: gaps are usual too, since senders leave lines out.
 */
export class LineOrder {
  readonly #options: OrderOptions;
  readonly #release: (arrival: Arrival) => void;
  /** Waiting lines in the order of their offsets. */
  #held: Arrival[] = [];
  #heldBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #next: number | null;

  /** @param next offset at which the next line of the file should stand; null if nothing of it is known */
  constructor(options: OrderOptions, release: (arrival: Arrival) => void, next: number | null) {
    this.#options = options;
    this.#release = release;
    this.#next = next;
  }

  get holds(): boolean {
    return this.#held.length > 0;
  }

  /** @param others whether lines before this one may still be on other connections */
  take(arrival: Arrival, others: boolean): void {
    const { offset } = arrival.line;
    if (offset === undefined) {
      this.#release(arrival);
      return;
    }
    const follows = this.#followsOrRepeats(offset);
    if (this.#held.length === 0) {
      if (follows || !others) {
        this.#pass(arrival);
        return;
      }
    } else if (follows) {
      this.#pass(arrival);
      this.#passFollowers();
      return;
    }
    this.#hold(arrival, offset);
  }

  /** Nothing more is waited for. */
  releaseAll(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    for (const arrival of held) this.#pass(arrival);
  }

  #pass(arrival: Arrival): void {
    const { offset, size } = arrival.line;
    this.#release(arrival);
    if (offset !== undefined) this.#next = offset + (size ?? 1);
  }

  /** A line feed may have had a carriage return before it, which the event does not show. */
  #follows(offset: number): boolean {
    if (this.#next === null) return offset === 0;
    return offset === this.#next || offset === this.#next + 1;
  }

  #hold(arrival: Arrival, offset: number): void {
    const held = this.#held;
    let at = held.length;
    while (at > 0 && held[at - 1]!.line.offset! > offset) at--;
    held.splice(at, 0, arrival);
    this.#heldBytes += arrival.line.text.length;
    if (this.#heldBytes > this.#options.maxBytes) this.releaseAll();
    else this.#timer ??= setTimeout(() => this.releaseAll(), this.#options.holdMs);
  }

  #passFollowers(): void {
    let count = 0;
    while (count < this.#held.length && this.#followsOrRepeats(this.#held[count]!.line.offset!)) {
      const arrival = this.#held[count++]!;
      this.#heldBytes -= arrival.line.text.length;
      this.#pass(arrival);
    }
    if (count === 0) return;
    this.#held.splice(0, count);
    clearTimeout(this.#timer);
    this.#timer = this.#held.length === 0 ? undefined : setTimeout(() => this.releaseAll(), this.#options.holdMs);
  }

  #followsOrRepeats(offset: number): boolean {
    return this.#follows(offset) || offset < (this.#next ?? 0);
  }
}

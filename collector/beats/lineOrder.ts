import type { Peer } from './peer.ts';
import type { ShippedLine } from './shippedLine.ts';
import type { Window } from './window.ts';

/** A line on its way, with the window in which it came and who sent it. */
export interface Arrival {
  readonly line: ShippedLine;
  readonly window: Window;
  readonly peer: Peer;
}

export interface OrderOptions {
  /** How long a line waits at least for those before it, milliseconds. */
  readonly holdMs: number;
  /** What waits in all streams together. */
  readonly budget: HoldBudget;
}

/** Characters of lines that wait for others, in all streams together. */
export interface HoldBudget {
  held: number;
  readonly max: number;
}

/** A look so often, while a window is still being received. */
const LOOKS = 5;
/** A window that takes longer than this many times `holdMs` is not waited for. */
const MAX_PATIENCE = 120;

/**
 * Puts the lines of one file in order where its sender uses several connections (Filebeat's `worker`, `loadbalance`): each
 * carries a part, and a later part may come first. A line that does not follow the last one waits until the gap is filled, or
 * for a moment, and until what its sender was sending by then is here. Gaps are usual too, since senders leave lines out.
 */
export class LineOrder {
  readonly #options: OrderOptions;
  readonly #release: (arrival: Arrival) => void;
  /** Waiting lines in the order of their offsets. */
  #held: Arrival[] = [];
  #heldLength = 0;
  #timer: NodeJS.Timeout | undefined;
  #looks = 0;
  #arrived: (() => boolean) | null = null;
  /** Offset at which the next line of the file should stand; null if nothing of it is known. */
  #next: number | null;

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
    } else if (this.#comesNow(offset)) {
      this.#pass(arrival);
      if (this.#held.length > 0) this.#passFollowers();
    } else if (this.#held.length === 0 && !others) {
      this.#pass(arrival);
    } else {
      this.#hold(arrival, offset);
    }
  }

  /** Nothing more is waited for. */
  releaseAll(): void {
    this.#disarm();
    const held = this.#held;
    this.#held = [];
    this.#options.budget.held -= this.#heldLength;
    this.#heldLength = 0;
    for (const arrival of held) this.#pass(arrival);
  }

  #pass(arrival: Arrival): void {
    const { offset, size } = arrival.line;
    this.#release(arrival);
    if (offset !== undefined) this.#next = offset + (size ?? 1);
  }

  /** Follows the last line, or stands before it: then it is an old one, or of a new file. */
  #comesNow(offset: number): boolean {
    if (this.#next === null) return offset === 0;
    // A line feed may have had a carriage return before it, which the event does not show.
    return offset <= this.#next + 1;
  }

  #hold(arrival: Arrival, offset: number): void {
    const held = this.#held;
    let at = held.length;
    while (at > 0 && held[at - 1]!.line.offset! > offset) at--;
    held.splice(at, 0, arrival);
    const { budget, holdMs } = this.#options;
    this.#heldLength += arrival.line.text.length;
    budget.held += arrival.line.text.length;
    if (budget.held > budget.max) this.releaseAll();
    else this.#timer ??= setTimeout(() => this.#look(), holdMs);
  }

  #passFollowers(): void {
    let count = 0;
    while (count < this.#held.length && this.#comesNow(this.#held[count]!.line.offset!)) {
      const arrival = this.#held[count++]!;
      this.#heldLength -= arrival.line.text.length;
      this.#options.budget.held -= arrival.line.text.length;
      this.#pass(arrival);
    }
    if (count === 0) return;
    this.#held.splice(0, count);
    this.#disarm();
    if (this.#held.length > 0) this.#timer = setTimeout(() => this.#look(), this.#options.holdMs);
  }

  #look(): void {
    if (this.#looks === 0) this.#arrived = this.#held[0]!.peer.underWay();
    if (this.#arrived === null || this.#arrived() || ++this.#looks > MAX_PATIENCE * LOOKS) {
      this.releaseAll();
      return;
    }
    this.#timer = setTimeout(() => this.#look(), this.#options.holdMs / LOOKS);
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#looks = 0;
    this.#arrived = null;
  }
}

import { hash } from 'node:crypto';

/** Lines remembered, and the windows in which they came: what a sender has not seen acknowledged it sends again. */
const MAX_LINES = 4096;
const MAX_WINDOWS = 32;
/** Bytes of a mark: for one of a few thousand lines to be taken for another is as likely as 1 to 10^11. */
const MARK_BYTES = 6;

/**
 * Remembers which lines of a file have come lately, so that those that are sent again do not go through the decoder again:
 * their records are stored, and its state has moved on. Goes through a checkpoint as text.
 */
export class SentLines {
  readonly #marks = new Set<number>();
  #order: number[] = [];
  #first = 0;
  /** Lines of each window, oldest first. */
  readonly #windows: number[] = [];
  #window: object | null = null;

  constructor(snapshot = '') {
    const bytes = Buffer.from(snapshot, 'base64');
    for (let at = 0; at + MARK_BYTES <= bytes.length && at < MAX_LINES * MARK_BYTES; at += MARK_BYTES) {
      this.#push(bytes.readUIntBE(at, MARK_BYTES));
    }
    if (this.#order.length > 0) this.#windows.push(this.#order.length);
  }

  /** @param window in which the line came: lines of one belong together */
  add(mark: number, window: object): void {
    if (window !== this.#window || this.#windows.length === 0) {
      this.#window = window;
      this.#windows.push(0);
      if (this.#windows.length > MAX_WINDOWS) this.#drop(this.#windows.shift()!);
    }
    this.#windows[this.#windows.length - 1]!++;
    this.#push(mark);
    while (this.#order.length - this.#first > MAX_LINES) {
      this.#drop(1);
      if (--this.#windows[0]! === 0) this.#windows.shift();
    }
  }

  has(mark: number): boolean {
    return this.#marks.has(mark);
  }

  snapshot(): string {
    const bytes = Buffer.allocUnsafe((this.#order.length - this.#first) * MARK_BYTES);
    for (let index = this.#first, at = 0; index < this.#order.length; index++, at += MARK_BYTES) {
      bytes.writeUIntBE(this.#order[index]!, at, MARK_BYTES);
    }
    return bytes.toString('base64');
  }

  #push(mark: number): void {
    this.#order.push(mark);
    this.#marks.add(mark);
  }

  #drop(count: number): void {
    for (let left = count; left > 0; left--) this.#marks.delete(this.#order[this.#first++]!);
    if (this.#first > MAX_LINES) {
      this.#order = this.#order.slice(this.#first);
      this.#first = 0;
    }
  }
}

/** What a line is known by: its file, where it stands there and what it says. */
export function markOf(file: string, offset: number, text: string): number {
  return Number.parseInt(hash('sha256', `${file}\0${offset}\0${text}`).slice(0, MARK_BYTES * 2), 16);
}

/** Takes the lines of one stream. Offsets are bytes from the start of the (decompressed) file. */
export interface LineHandler {
  /** One line: `bytes[start, end)` without its line end. The buffer is reused afterwards. */
  line(bytes: Buffer, start: number, end: number, offset: number): void;
  /** A line beyond the limit: its beginning, its whole length in bytes. */
  tooLong(head: Buffer, length: number, offset: number): void;
}

/** What is kept of a line that is too long. */
export const LONG_LINE_HEAD = 64 * 1024;
const NEWLINE = 10;
const CARRIAGE_RETURN = 13;

/**
 * Cuts chunks of bytes into lines. A last line without its end waits for it. Works on bytes, so that neither a character
 * cut in two nor an invalid one matters. Holds at most `limit` bytes.
 */
export class LineSplitter {
  readonly #limit: number;
  readonly #handler: LineHandler;
  #carry: Buffer[] = [];
  #carried = 0;
  #lineStart: number;
  #lines: number;

  constructor(limit: number, handler: LineHandler, offset = 0, lines = 0) {
    this.#limit = limit;
    this.#handler = handler;
    this.#lineStart = offset;
    this.#lines = lines;
  }

  /** Where the first byte lies that has not become a line yet; while a line is handled, where the next one begins. */
  get offset(): number {
    return this.#lineStart;
  }

  /** Lines seen so far, the one in work included. */
  get lines(): number {
    return this.#lines;
  }

  /** Offset of the next byte wanted. */
  get readOffset(): number {
    return this.#lineStart + this.#carried;
  }

  push(chunk: Buffer, length = chunk.length): void {
    let position = 0;
    while (position < length) {
      const end = chunk.indexOf(NEWLINE, position);
      if (end < 0 || end >= length) break;
      if (this.#carried === 0) this.#emit(chunk, position, end);
      else this.#emitCarried(chunk, position, end);
      position = end + 1;
    }
    if (position < length) this.#keep(chunk, position, length);
  }

  /** The stream is over: a line without its end is a line all the same. */
  finish(): void {
    if (this.#carried > 0) this.#emitCarried(Buffer.alloc(0), 0, 0, 0);
  }

  #emit(bytes: Buffer, start: number, end: number, lineEnd = 1): void {
    const offset = this.#lineStart;
    this.#lineStart = offset + (end - start) + lineEnd;
    this.#lines++;
    if (end - start > this.#limit) {
      this.#handler.tooLong(bytes.subarray(start, start + LONG_LINE_HEAD), end - start, offset);
    } else {
      this.#handler.line(bytes, start, end > start && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end, offset);
    }
  }

  #emitCarried(chunk: Buffer, start: number, end: number, lineEnd = 1): void {
    const offset = this.#lineStart;
    const length = this.#carried + (end - start);
    const parts = this.#carry;
    this.#carry = [];
    this.#carried = 0;
    if (length > this.#limit) {
      this.#lineStart = offset + length + lineEnd;
      this.#lines++;
      this.#handler.tooLong(Buffer.concat(parts).subarray(0, LONG_LINE_HEAD), length, offset);
      return;
    }
    parts.push(chunk.subarray(start, end));
    this.#emit(Buffer.concat(parts, length), 0, length, lineEnd);
  }

  #keep(chunk: Buffer, start: number, end: number): void {
    const before = this.#carried;
    this.#carried += end - start;
    if (this.#carried <= this.#limit) {
      this.#carry.push(Buffer.from(chunk.subarray(start, end)));
    } else if (before <= this.#limit) {
      // Too long from here on: only the beginning is of use.
      const parts = [...this.#carry, chunk.subarray(start, Math.min(end, start + LONG_LINE_HEAD))];
      this.#carry = [Buffer.from(Buffer.concat(parts).subarray(0, LONG_LINE_HEAD))];
    }
  }
}

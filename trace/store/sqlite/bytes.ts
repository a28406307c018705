/**
 * Byte strings for the store's blobs: unsigned and zigzag varints (LEB128, up to 2^53 - 1), raw bytes, and text with its
 * length before it. A writer keeps its buffer between records; `take` copies nothing and is valid until the next `reset`.
 */
export class ByteWriter {
  #bytes: Buffer;
  #at = 0;

  constructor(size = 4096) {
    this.#bytes = Buffer.allocUnsafe(size);
  }

  reset(): void {
    this.#at = 0;
  }

  take(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  /** `value` is a safe integer of 0 or more. */
  uint(value: number): void {
    if (this.#at + 8 > this.#bytes.length) this.#grow(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#at++] = (rest % 0x80) | 0x80;
      rest = rest < 0x80000000 ? rest >>> 7 : Math.floor(rest / 0x80);
    }
    this.#bytes[this.#at++] = rest;
  }

  /** `value` is an integer between -(2^52) and 2^52. */
  int(value: number): void {
    this.uint(value < 0 ? -value * 2 - 1 : value * 2);
  }

  text(value: string): void {
    const most = value.length * 3;
    if (this.#at + most + 8 > this.#bytes.length) this.#grow(most + 8);
    if (value.length < 42) {
      // At most 126 bytes: the length takes one byte, known only after writing.
      const length = this.#bytes.write(value, this.#at + 1, 'utf8');
      this.#bytes[this.#at] = length;
      this.#at += length + 1;
      return;
    }
    this.uint(Buffer.byteLength(value));
    this.#at += this.#bytes.write(value, this.#at, 'utf8');
  }

  /** `value` is lower-case hex of even length; only its bytes are written, the reader must know how many. */
  hex(value: string): void {
    const length = value.length / 2;
    if (this.#at + length > this.#bytes.length) this.#grow(length);
    this.#bytes.write(value, this.#at, 'hex');
    this.#at += length;
  }

  append(bytes: Uint8Array): void {
    if (this.#at + bytes.length > this.#bytes.length) this.#grow(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #grow(by: number): void {
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + by));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

/** Reads what `ByteWriter` wrote; throws a RangeError past the end. */
export class ByteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  uint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new RangeError('blob ends too early');
      if (byte < 0x80) return value + byte * scale;
      value += (byte & 0x7f) * scale;
      scale *= 0x80;
    }
  }

  int(): number {
    const value = this.uint();
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }

  text(): string {
    const length = this.uint();
    return this.#slice(length).toString('utf8');
  }

  hex(bytes: number): string {
    return this.#slice(bytes).toString('hex');
  }

  skip(bytes: number): void {
    this.#at += bytes;
  }

  #slice(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError('blob ends too early');
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }
}

const HEX = /^(?:[0-9a-f]{2})+$/;

/** Whether `text` is lower-case hex of whole bytes, so that its bytes give it back exactly. */
export function isHex(text: string): boolean {
  return HEX.test(text);
}

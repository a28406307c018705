const LENGTH = 2;

/**
 * Writes protobuf messages as Go's marshaller does: fields in the order of their numbers (the caller's duty), values that equal
 * the default left out. Endorsers sign these bytes and peers hash them, so that no other choice of encoding will do.
 */
export class WireWriter {
  #buffer: Buffer;
  #length = 0;

  constructor(capacity = 256) {
    this.#buffer = Buffer.allocUnsafe(capacity);
  }

  /** What was written, where it was written: the writer is done then. Who keeps it for long keeps a copy, for others lie beside it. */
  finish(): Uint8Array {
    return new Uint8Array(this.#buffer.buffer, this.#buffer.byteOffset, this.#length);
  }

  varint(value: number): this {
    this.#reserve(10);
    let rest = value;
    while (rest >= 0x80) {
      this.#buffer[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#length++] = rest;
    return this;
  }

  /** Bytes as they are, without tag and length. */
  raw(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  number(field: number, value: number): this {
    return value === 0 ? this : this.varint(field << 3).varint(value);
  }

  /** A negative one takes ten bytes, as every number of protobuf does. */
  int32(field: number, value: number): this {
    if (value >= 0) {
      return this.number(field, value);
    }
    this.varint(field << 3);
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest >= 0x80n; rest >>= 7n) {
      this.raw(Uint8Array.of(Number(rest & 0x7fn) | 0x80));
    }
    return this.varint(Number(rest));
  }

  bool(field: number, value: boolean): this {
    return this.number(field, value ? 1 : 0);
  }

  bytes(field: number, value: Uint8Array): this {
    return value.length === 0 ? this : this.element(field, value);
  }

  /** One of a repeated field: written even where it is empty. */
  element(field: number, value: Uint8Array): this {
    return this.varint((field << 3) | LENGTH)
      .varint(value.length)
      .raw(value);
  }

  string(field: number, value: string): this {
    if (value === '') {
      return this;
    }
    const length = Buffer.byteLength(value);
    this.varint((field << 3) | LENGTH).varint(length);
    this.#reserve(length);
    this.#length += this.#buffer.write(value, this.#length, 'utf8');
    return this;
  }

  /** A nested message that is there, even where it is empty. */
  message(field: number, write: (writer: this) => unknown): this {
    this.varint((field << 3) | LENGTH);
    const start = this.#length;
    write(this);
    const length = this.#length - start;
    let size = 1;
    for (let rest = length; rest >= 0x80; rest = Math.floor(rest / 0x80)) {
      size++;
    }
    this.#reserve(size);
    this.#buffer.copyWithin(start + size, start, this.#length);
    this.#length = start;
    this.varint(length);
    this.#length = start + size + length;
    return this;
  }

  #reserve(count: number): void {
    if (this.#length + count > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + count));
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
  }
}

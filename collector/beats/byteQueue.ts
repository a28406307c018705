const EMPTY = Buffer.alloc(0);
/** Chunks below this are joined, so that bytes that trickle in do not become as many chunks. */
const SMALL = 16 * 1024;

/** Bytes that came in chunks and are read in other pieces. Copies only what spans chunks. */
export class ByteQueue {
  #chunks: Buffer[] = [];
  /** How much of the first chunk has been read. */
  #start = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    const chunks = this.#chunks;
    chunks.push(chunk);
    this.#length += chunk.length;
    // The first is being read and stays; of the others each is longer than the one after it, so a byte is copied a few times at most.
    while (chunks.length > 2 && chunks.at(-1)!.length < SMALL && chunks.at(-1)!.length >= chunks.at(-2)!.length) {
      const last = chunks.pop()!;
      chunks.push(Buffer.concat([chunks.pop()!, last]));
    }
  }

  /** The byte at `offset` from here, which must be there. */
  byte(offset: number): number {
    let at = this.#start + offset;
    for (const chunk of this.#chunks) {
      if (at < chunk.length) return chunk[at]!;
      at -= chunk.length;
    }
    throw new RangeError(`${offset} is beyond the ${this.#length} bytes that are there`);
  }

  /** Big-endian, at `offset` from here; all four bytes must be there. */
  uint32(offset: number): number {
    const first = this.#chunks[0];
    const at = this.#start + offset;
    if (first !== undefined && at + 4 <= first.length) return first.readUInt32BE(at);
    return (
      this.byte(offset) * 0x1000000 +
      (this.byte(offset + 1) << 16) +
      (this.byte(offset + 2) << 8) +
      this.byte(offset + 3)
    );
  }

  /** Exactly `size` bytes, which must be there. */
  read(size: number): Buffer {
    const first = this.#chunks[0];
    if (first === undefined || size === 0) return EMPTY;
    if (first.length - this.#start >= size) return this.#takeFirst(first, size);
    const parts: Buffer[] = [];
    for (let left = size; left > 0; ) {
      const part = this.readSome(left);
      parts.push(part);
      left -= part.length;
    }
    return Buffer.concat(parts, size);
  }

  /** Up to `size` bytes without copying; at least one if any is there. */
  readSome(size: number): Buffer {
    const first = this.#chunks[0];
    if (first === undefined) return EMPTY;
    return this.#takeFirst(first, Math.min(size, first.length - this.#start));
  }

  skip(size: number): void {
    for (let left = size; left > 0; ) left -= this.readSome(left).length;
  }

  #takeFirst(first: Buffer, size: number): Buffer {
    const part = first.subarray(this.#start, this.#start + size);
    this.#start += size;
    this.#length -= size;
    if (this.#start === first.length) {
      this.#chunks.shift();
      this.#start = 0;
    }
    return part;
  }
}

import { hash } from 'node:crypto';

const SEPARATOR = 0;

/**
 * Record IDs of one stream: the first 16 hex digits of SHA-256(node name, 0x00, raw line, 0x00, index within the line), the
 * node name being `service.node.name` or the stream's own name. They depend on nothing else, so that the same line read
 * twice, from another path or out of an archive, gives the same ID.
 */
export class RecordIds {
  #name = '';
  #nameLength = 0;
  #scratch = Buffer.allocUnsafe(4096);

  of(name: string, bytes: Buffer, start: number, end: number, index: number): string {
    const length = end - start;
    if (name !== this.#name || this.#nameLength === 0) this.#setName(name);
    const tail = String(index);
    const total = this.#nameLength + length + 1 + tail.length;
    if (total > this.#scratch.length) this.#grow(total);
    const scratch = this.#scratch;
    bytes.copy(scratch, this.#nameLength, start, end);
    scratch[this.#nameLength + length] = SEPARATOR;
    scratch.write(tail, this.#nameLength + length + 1, 'latin1');
    const id = hash('sha256', scratch.subarray(0, total)).slice(0, 16);
    // A rare giant line must not keep its megabytes for the rest of the stream's life.
    if (scratch.length > 1024 * 1024) {
      this.#scratch = Buffer.allocUnsafe(4096);
      this.#nameLength = 0;
    }
    return id;
  }

  #setName(name: string): void {
    const needed = Buffer.byteLength(name) + 1;
    if (needed > this.#scratch.length) this.#scratch = Buffer.allocUnsafe(needed * 2);
    this.#name = name;
    this.#nameLength = this.#scratch.write(name) + 1;
    this.#scratch[this.#nameLength - 1] = SEPARATOR;
  }

  #grow(total: number): void {
    this.#scratch = Buffer.allocUnsafe(total * 2);
    this.#setName(this.#name);
  }
}

/** ID of a record that comes of several lines or of none: a hash of its name and content. */
export function contentId(name: string, content: string): string {
  return hash('sha256', `${name}\0${content}`).slice(0, 16);
}

import { ProtoError } from './protoError.ts';
import { textIn } from './text.ts';

/** Nested messages; protobuf for Go allows 10,000, none of the messages read here nests deeper than 6. */
const MAX_DEPTH = 100;
/** Fields in one message and all within: each may cost far more memory than its two bytes. */
const MAX_FIELDS = 4_000_000;
const MAX_FIELD_NUMBER = 0x1fff_ffff;
/** As in Go. */
const MAX_GROUPS = 10_000;
const MAX_GROUP_FIELD = 0x7fff_ffff;

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const START_GROUP = 3;
const END_GROUP = 4;
const FIXED32 = 5;

/** Number and wire type of a field as its tag writes them: what `next` returns for a field of bytes, text or a message. */
export function lengthTag(field: number): number {
  return (field << 3) | LENGTH;
}

export function varintTag(field: number): number {
  return (field << 3) | VARINT;
}

/**
 * Walks over the fields of one protobuf message, for messages that are read by the hundred for each block. It keeps to what Go's
 * decoder does (google.golang.org/protobuf, impl/decode.go), so that what a Go peer reads is what is read here:
 *
 * - a field whose wire type is not the one that the message has for it counts as unknown and is passed over, as is a group;
 * - of a field that comes again the last counts; a message that comes again adds to the one before (`enter` reads into it);
 * - field number 0, numbers beyond 2^29, a number of more than 64 bits, a length beyond the end of the message, and text that is not
 *   UTF-8 are errors.
 *
 * Bytes are views into the input, not copies.
 */
export class WireScanner {
  #bytes: Uint8Array = new Uint8Array(0);
  #what = '';
  #pos = 0;
  #end = 0;
  #wire = 0;
  #depth = 0;
  #fields = 0;
  #lo = 0;
  #hi = 0;

  /** @param what the message's name, for errors */
  start(bytes: Uint8Array, what: string): this {
    this.#bytes = bytes;
    this.#what = what;
    this.#pos = 0;
    this.#end = bytes.length;
    this.#depth = 0;
    this.#fields = 0;
    return this;
  }

  /** Tag of the next field, 0 at the end of the message. @throws ProtoError */
  next(): number {
    if (this.#pos === this.#end) {
      return 0;
    }
    if (++this.#fields > MAX_FIELDS) {
      throw new ProtoError('too_large', this.#what, `more than ${MAX_FIELDS} fields`);
    }
    const first = this.#bytes[this.#pos] as number;
    if (first < 0x80) {
      // Field numbers below 16: one byte, and nearly all there are.
      this.#pos++;
      this.#lo = first;
      this.#hi = 0;
    } else {
      this.#varint();
    }
    const field = this.#lo >>> 3;
    this.#wire = this.#lo & 7;
    if (field === 0 || this.#hi !== 0 || field > MAX_FIELD_NUMBER || this.#wire > FIXED32 || this.#wire === END_GROUP) {
      throw this.#malformed(`no field starts with tag ${this.#lo}`);
    }
    return this.#lo;
  }

  /** Passes over the field whose tag was read. */
  skip(): void {
    switch (this.#wire) {
      case VARINT:
        this.#varint();
        break;
      case FIXED64:
        this.#advance(8);
        break;
      case LENGTH:
        this.#pos = this.#endOfLength();
        break;
      case FIXED32:
        this.#advance(4);
        break;
      default:
        this.#skipGroup(this.#lo >>> 3);
    }
  }

  /** To the end that has the same number as its start, and so for each group within. */
  #skipGroup(outermost: number): void {
    const open = [outermost];
    while (open.length > 0) {
      this.#varint();
      // Here alone Go takes field numbers of up to 31 bits.
      const field = this.#hi * 0x2000_0000 + (this.#lo >>> 3);
      this.#wire = this.#lo & 7;
      if (field === 0 || field > MAX_GROUP_FIELD || this.#wire > FIXED32) {
        throw this.#malformed(`no field starts with tag ${this.#lo}`);
      }
      if (this.#wire === START_GROUP) {
        open.push(field);
        if (open.length > MAX_GROUPS) {
          throw this.#malformed(`more than ${MAX_GROUPS} groups in each other`);
        }
      } else if (this.#wire !== END_GROUP) {
        this.skip();
      } else if (open.pop() !== field) {
        throw this.#malformed('the end of another group than the one that is open');
      }
    }
  }

  bytes(): Uint8Array {
    const end = this.#endOfLength();
    const value = this.#bytes.subarray(this.#pos, end);
    this.#pos = end;
    return value;
  }

  text(): string {
    const end = this.#endOfLength();
    const start = this.#pos;
    this.#pos = end;
    return textIn(this.#bytes, start, end, this.#what);
  }

  /** Beyond 2^53 the nearest number. */
  uint64(): number {
    this.#varint();
    return this.#hi * 0x1_0000_0000 + this.#lo;
  }

  /** Beyond 2^53 the nearest number. */
  int64(): number {
    this.#varint();
    return (this.#hi | 0) * 0x1_0000_0000 + this.#lo;
  }

  /** Also of an enum. */
  int32(): number {
    this.#varint();
    return this.#lo | 0;
  }

  bool(): boolean {
    this.#varint();
    return this.#lo !== 0 || this.#hi !== 0;
  }

  /** Goes into the message that the field holds. @returns what `leave` wants back */
  enter(): number {
    const end = this.#endOfLength();
    if (++this.#depth > MAX_DEPTH) {
      throw new ProtoError('too_deep', this.#what, `more than ${MAX_DEPTH} levels`);
    }
    const outer = this.#end;
    this.#end = end;
    return outer;
  }

  /** Back to the message around, after `next` returned 0. */
  leave(outer: number): void {
    this.#depth--;
    this.#end = outer;
  }

  #endOfLength(): number {
    const first = this.#bytes[this.#pos] as number;
    if (this.#pos < this.#end && first < 0x80) {
      this.#pos++;
      this.#lo = first;
      this.#hi = 0;
    } else {
      this.#varint();
    }
    if (this.#hi !== 0 || this.#lo > this.#end - this.#pos) {
      throw this.#truncated();
    }
    return this.#pos + this.#lo;
  }

  /**
   * Reads a number of up to 64 bits into two halves. Word for word StrictReader's: as one function for both, blocks take 2 % longer to
   * decode.
   */
  #varint(): void {
    const bytes = this.#bytes;
    const end = this.#end;
    let pos = this.#pos;
    let lo = 0;
    let hi = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (pos === end) {
        throw this.#truncated();
      }
      const byte = bytes[pos++] as number;
      if (shift < 28) {
        lo |= (byte & 0x7f) << shift;
      } else if (shift === 28) {
        lo |= (byte & 0x0f) << 28;
        hi = (byte & 0x7f) >> 4;
      } else {
        hi |= (byte & 0x7f) << (shift - 32);
      }
      if (byte < 0x80) {
        if (shift === 63 && byte > 1) {
          break;
        }
        this.#pos = pos;
        this.#lo = lo >>> 0;
        this.#hi = hi >>> 0;
        return;
      }
    }
    throw this.#malformed('a number of more than 64 bits');
  }

  #advance(count: number): void {
    if (count > this.#end - this.#pos) {
      throw this.#truncated();
    }
    this.#pos += count;
  }

  #truncated(): ProtoError {
    return new ProtoError('truncated', this.#what, `ends too early (at byte ${this.#pos} of ${this.#end})`);
  }

  #malformed(detail: string): ProtoError {
    return new ProtoError('malformed', this.#what, `${detail} (at byte ${this.#pos})`);
  }
}

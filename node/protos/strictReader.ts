import type { BinaryReader } from 'google-protobuf';
import { ProtoError } from './protoError.ts';
import { singularMask } from './singularFields.ts';

/** Fields in one message and all within: each costs far more memory than its two bytes. */
const MAX_FIELDS = 1_000_000;
/** Nested messages; Fabric's deepest real one (a channel configuration) has 12. */
const MAX_DEPTH = 100;

export const VARINT = 0;
const FIXED64 = 1;
export const LENGTH = 2;
const START_GROUP = 3;
const END_GROUP = 4;
const FIXED32 = 5;

/** A generated message class. */
export interface MessageType<T> {
  new (): T;
  deserializeBinaryFromReader(message: T, reader: BinaryReader): T;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The reader that generated messages are decoded with, in place of google-protobuf's own: that one (3.21.4) follows a length
 * beyond the end of its buffer, up to 4 GiB byte by byte, reads nested messages past their parent's end, and takes any bytes
 * for text. This one checks every length against its message, allows 100 levels, wants the right wire type and valid UTF-8.
 *
 * Bytes are views into the input, not copies. Map fields are checked and left out (`wireFields` reads those that matter).
 */
export class StrictReader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  #pos = 0;
  #end: number;
  #depth = 0;
  #fields = 0;
  #field = 0;
  #wire = 0;
  #lo = 0;
  #hi = 0;
  /** Of the message being read: its singular message fields, and those that came already. */
  #singular: number;
  #seen = 0;

  constructor(bytes: Uint8Array, what: string, type?: unknown) {
    this.#bytes = bytes;
    this.#end = bytes.length;
    this.#what = what;
    this.#singular = singularMask(type);
  }

  nextField(): boolean {
    if (this.#pos === this.#end) {
      return false;
    }
    if (++this.#fields > MAX_FIELDS) {
      throw new ProtoError('too_large', this.#what, `more than ${MAX_FIELDS} fields`);
    }
    this.#varint();
    if (this.#hi !== 0) {
      throw this.#malformed('field number too large');
    }
    this.#field = this.#lo >>> 3;
    this.#wire = this.#lo & 7;
    if (this.#field === 0 || this.#wire > FIXED32 || this.#wire === END_GROUP) {
      throw this.#malformed(`no field starts with tag ${this.#lo}`);
    }
    return true;
  }

  /** Groups are skipped whole, so that their end is never met. */
  isEndGroup(): boolean {
    return false;
  }

  getFieldNumber(): number {
    return this.#field;
  }

  getWireType(): number {
    return this.#wire;
  }

  isDelimited(): boolean {
    return this.#wire === LENGTH;
  }

  skipField(): void {
    let depth = 0;
    do {
      if (depth > 0) {
        if (this.#pos === this.#end) {
          throw this.#truncated();
        }
        this.#varint();
        this.#wire = this.#lo & 7;
      }
      switch (this.#wire) {
        case VARINT:
          this.#varint();
          break;
        case FIXED64:
          this.#advance(8);
          break;
        case LENGTH:
          this.#advance(this.#length());
          break;
        case FIXED32:
          this.#advance(4);
          break;
        case START_GROUP:
          depth++;
          break;
        case END_GROUP:
          depth--;
          break;
        default:
          throw this.#malformed(`unknown wire type ${this.#wire}`);
      }
    } while (depth > 0);
  }

  readMessage<T extends object>(message: T, read: (message: T, reader: BinaryReader) => unknown): void {
    this.#expect(LENGTH);
    const length = this.#length();
    if (this.#singular !== 0) {
      const bit = 1 << this.#field;
      if (this.#singular & this.#seen & bit) {
        throw new ProtoError('repeated_field', this.#what, `field ${this.#field} comes twice`);
      }
      this.#seen |= bit;
    }
    const after = this.#pos + length;
    if ('getEntryList' in message) {
      this.#pos = after;
      return;
    }
    if (++this.#depth > MAX_DEPTH) {
      throw new ProtoError('too_deep', this.#what, `more than ${MAX_DEPTH} levels`);
    }
    const [end, singular, seen] = [this.#end, this.#singular, this.#seen];
    this.#end = after;
    this.#singular = singularMask(message.constructor);
    this.#seen = 0;
    read(message, this as unknown as BinaryReader);
    this.#end = end;
    this.#singular = singular;
    this.#seen = seen;
    this.#depth--;
  }

  readBytes(): Uint8Array {
    this.#expect(LENGTH);
    const length = this.#length();
    const start = this.#pos;
    this.#pos += length;
    return this.#bytes.subarray(start, this.#pos);
  }

  readString(): string {
    const bytes = this.readBytes();
    if (bytes.length <= 64) {
      let text = '';
      let i = 0;
      for (; i < bytes.length; i++) {
        const byte = bytes[i] as number;
        if (byte >= 0x80) {
          break;
        }
        text += String.fromCharCode(byte);
      }
      if (i === bytes.length) {
        return text;
      }
    }
    return textOf(bytes, this.#what);
  }

  /** Beyond 2^53 the nearest number, as generated getters give it. */
  readUint64(): number {
    this.#expect(VARINT);
    this.#varint();
    return this.#hi * 0x1_0000_0000 + this.#lo;
  }

  readInt64(): number {
    this.#expect(VARINT);
    this.#varint();
    return (this.#hi | 0) * 0x1_0000_0000 + this.#lo;
  }

  readUint32(): number {
    this.#expect(VARINT);
    this.#varint();
    return this.#lo;
  }

  readInt32(): number {
    return this.readUint32() | 0;
  }

  readEnum(): number {
    return this.readUint32() | 0;
  }

  readBool(): boolean {
    this.#expect(VARINT);
    this.#varint();
    return this.#lo !== 0 || this.#hi !== 0;
  }

  readPackedUint64(): number[] {
    this.#expect(LENGTH);
    const after = this.#length() + this.#pos;
    const end = this.#end;
    this.#end = after;
    const values: number[] = [];
    while (this.#pos < after) {
      this.#varint();
      values.push(this.#hi * 0x1_0000_0000 + this.#lo);
    }
    this.#end = end;
    return values;
  }

  /** Reads a varint of up to 10 bytes into two halves. */
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
        this.#pos = pos;
        this.#lo = lo >>> 0;
        this.#hi = hi >>> 0;
        return;
      }
    }
    throw this.#malformed('a number of more than 10 bytes');
  }

  #length(): number {
    this.#varint();
    if (this.#hi !== 0 || this.#lo > this.#end - this.#pos) {
      throw this.#truncated();
    }
    return this.#lo;
  }

  #advance(count: number): void {
    if (count > this.#end - this.#pos) {
      throw this.#truncated();
    }
    this.#pos += count;
  }

  #expect(wire: number): void {
    if (this.#wire !== wire) {
      throw this.#malformed(`field ${this.#field} has wire type ${this.#wire}, not ${wire}`);
    }
  }

  #truncated(): ProtoError {
    return new ProtoError('truncated', this.#what, `ends too early (at byte ${this.#pos} of ${this.#end})`);
  }

  #malformed(detail: string): ProtoError {
    return new ProtoError('malformed', this.#what, `${detail} (at byte ${this.#pos})`);
  }
}

/**
 * Decodes one generated message.
 * @throws ProtoError, and nothing else, for bytes that are not such a message.
 */
export function decodeMessage<T extends object>(type: MessageType<T>, bytes: Uint8Array, what: string): T {
  const reader = new StrictReader(bytes, what, type);
  try {
    return type.deserializeBinaryFromReader(new type(), reader as unknown as BinaryReader);
  } catch (cause) {
    if (cause instanceof ProtoError) {
      throw cause;
    }
    throw new ProtoError('malformed', what, cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/**
 * Bytes that must be text.
 * @throws ProtoError `invalid_utf8`
 */
export function textOf(bytes: Uint8Array, what: string): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new ProtoError('invalid_utf8', what, 'text is not UTF-8', { cause });
  }
}

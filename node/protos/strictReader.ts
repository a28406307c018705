import type { BinaryReader } from 'google-protobuf';
import { MergingReader } from './mergingReader.ts';
import { ProtoError } from './protoError.ts';
import { singularMask } from './singularFields.ts';
import { textIn } from './text.ts';

/** Fields in one message and all within: each costs far more memory than its two bytes. */
const MAX_FIELDS = 4_000_000;
/**
 * Nested messages: half of what the stack holds. Go stops at 10,000. Fabric's deepest real one (a channel configuration) has 12, and
 * only policies, which hold policies, can be deeper.
 */
const MAX_DEPTH = 2_000;
/** As in Go. Groups were never part of Fabric's messages, but what is not known may hold them. */
const MAX_GROUPS = 10_000;
const MAX_GROUP_FIELD = 0x7fff_ffff;

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

/** Thrown for what is a message to Go, but not in the form that marshallers write. */
const OTHER_FORM = new Error('not as a marshaller writes it');

/**
 * The reader that generated messages are decoded with, in place of google-protobuf's own: that one (3.21.4) follows a length
 * beyond the end of its buffer, up to 4 GiB byte by byte, reads nested messages past their parent's end, and takes any bytes
 * for text. This one refuses what Go refuses, and leaves what Go takes but no marshaller writes to MergingReader.
 *
 * Bytes are views into the input, not copies. Map fields are passed over (`wireFields` reads those that matter).
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
    this.#singular = type === undefined ? 0 : singularMask(type);
  }

  /** Goes on at a field's value, or at the first of some fields. */
  seek(start: number, end: number, wire: number): this {
    this.#pos = start;
    this.#end = end;
    this.#wire = wire;
    return this;
  }

  get position(): number {
    return this.#pos;
  }

  /** Passes over a length-delimited value. @returns where it starts */
  passValue(): number {
    const length = this.#length();
    const start = this.#pos;
    this.#pos += length;
    return start;
  }

  enter(): void {
    if (++this.#depth > MAX_DEPTH) {
      throw new ProtoError('too_deep', this.#what, `more than ${MAX_DEPTH} levels`);
    }
  }

  leave(): void {
    this.#depth--;
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
    if (this.#wire === START_GROUP) {
      this.#skipGroup();
    } else {
      this.#skipValue(this.#wire);
    }
  }

  #skipValue(wire: number): void {
    switch (wire) {
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
      default:
        throw this.#malformed(`unknown wire type ${wire}`);
    }
  }

  /** To the end that has the same number as its start, and so for each group within. */
  #skipGroup(): void {
    const open = [this.#field];
    while (open.length > 0) {
      this.#varint();
      // Here alone Go takes field numbers of up to 31 bits.
      const field = this.#hi * 0x2000_0000 + (this.#lo >>> 3);
      const wire = this.#lo & 7;
      if (field === 0 || field > MAX_GROUP_FIELD) {
        throw this.#malformed('no field has this number');
      }
      if (wire === START_GROUP) {
        open.push(field);
        if (open.length > MAX_GROUPS) {
          throw this.#malformed(`more than ${MAX_GROUPS} groups in each other`);
        }
      } else if (wire !== END_GROUP) {
        this.#skipValue(wire);
      } else if (open.pop() !== field) {
        throw this.#malformed('the end of another group than the one that is open');
      }
    }
  }

  readMessage<T extends object>(message: T, read: (message: T, reader: BinaryReader) => unknown): void {
    this.#expect(LENGTH);
    const length = this.#length();
    if (this.#singular !== 0) {
      const bit = 1 << this.#field;
      if (this.#singular & this.#seen & bit) {
        throw OTHER_FORM;
      }
      this.#seen |= bit;
    }
    const after = this.#pos + length;
    if ('getEntryList' in message) {
      this.#pos = after;
      return;
    }
    this.enter();
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
    this.#expect(LENGTH);
    const length = this.#length();
    const start = this.#pos;
    this.#pos += length;
    return textIn(this.#bytes, start, this.#pos, this.#what);
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
      throw OTHER_FORM;
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
 * Decodes one generated message, as Go does.
 * @throws ProtoError, and nothing else, for bytes that are not such a message.
 */
export function decodeMessage<T extends object>(type: MessageType<T>, bytes: Uint8Array, what: string): T {
  try {
    return readWith(new StrictReader(bytes, what, type), type);
  } catch (error) {
    if (error !== OTHER_FORM) {
      throw protoError(error, what);
    }
  }
  try {
    return readWith(new MergingReader(new StrictReader(bytes, what), bytes.length, type), type);
  } catch (error) {
    throw protoError(error, what);
  }
}

function readWith<T extends object>(reader: StrictReader | MergingReader, type: MessageType<T>): T {
  return type.deserializeBinaryFromReader(new type(), reader as unknown as BinaryReader);
}

function protoError(cause: unknown, what: string): ProtoError {
  if (cause instanceof ProtoError) {
    return cause;
  }
  if (cause instanceof RangeError) {
    return new ProtoError('too_deep', what, 'more levels than the stack holds', { cause });
  }
  return new ProtoError('malformed', what, cause instanceof Error ? cause.message : String(cause), { cause });
}

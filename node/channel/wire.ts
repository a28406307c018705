import { ProtoError } from '#node/protos/protoError.ts';
import { textOf } from '#node/protos/text.ts';

/** One field as it came. */
export interface RawField {
  readonly field: number;
  readonly wire: number;
  /** Of a length-delimited or fixed field; empty otherwise. */
  readonly bytes: Uint8Array;
  /** Of a varint field; 0 otherwise. */
  readonly value: bigint;
  /** Tag and all. */
  readonly raw: Uint8Array;
}

const EMPTY = new Uint8Array(0);
const MAX_FIELDS = 1_000_000;

const START_GROUP = 3;
const END_GROUP = 4;
const MAX_GROUPS = 10_000;

export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/**
 * The fields of a message in order, with the bytes they came in: what this folder does not know must survive, since Go keeps it
 * and compares it.
 * @throws ProtoError
 */
export function rawFields(bytes: Uint8Array, what: string): readonly RawField[] {
  const fields: RawField[] = [];
  let pos = 0;
  // Of the number read last: its lower and upper 32 bits.
  let lo = 0;
  let hi = 0;
  const varint = (): void => {
    lo = 0;
    hi = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[pos++];
      if (byte === undefined) {
        throw new ProtoError('truncated', what, 'ends within a number');
      }
      const bits = byte & 0x7f;
      if (shift < 28) {
        lo |= bits << shift;
      } else if (shift === 28) {
        lo |= bits << 28;
        hi = bits >> 4;
      } else {
        hi |= bits << (shift - 32);
      }
      if (byte < 0x80) {
        if (shift === 63 && byte > 1) {
          break;
        }
        lo >>>= 0;
        hi >>>= 0;
        return;
      }
    }
    throw new ProtoError('malformed', what, 'a number of more than 64 bits');
  };
  const take = (length: number): Uint8Array => {
    if (length > bytes.length - pos) {
      throw new ProtoError('truncated', what, `a length reaches beyond its message (at byte ${pos})`);
    }
    const start = pos;
    pos += length;
    return bytes.subarray(start, pos);
  };
  /** Groups were never part of Fabric's messages, but Go takes and keeps them as it does all that it does not know. */
  const skipGroup = (outermost: number): void => {
    const open = [outermost];
    while (open.length > 0) {
      varint();
      const [field, wire] = [lo >>> 3, lo & 7];
      if (hi !== 0 || field === 0 || open.length > MAX_GROUPS) {
        throw new ProtoError('malformed', what, `no field starts with tag ${lo}`);
      }
      if (wire === START_GROUP) {
        open.push(field);
      } else if (wire === END_GROUP && open.pop() === field) {
        continue;
      } else if (wire === WIRE.varint) {
        varint();
      } else if (wire === WIRE.bytes) {
        varint();
        take(hi === 0 ? lo : Number.POSITIVE_INFINITY);
      } else if (wire === WIRE.fixed64 || wire === WIRE.fixed32) {
        take(wire === WIRE.fixed64 ? 8 : 4);
      } else {
        throw new ProtoError('malformed', what, `field ${field} has wire type ${wire}`);
      }
    }
  };
  while (pos < bytes.length) {
    if (fields.length === MAX_FIELDS) {
      throw new ProtoError('too_large', what, `more than ${MAX_FIELDS} fields`);
    }
    const start = pos;
    varint();
    const field = lo >>> 3;
    const wire = lo & 7;
    if (hi !== 0 || field === 0) {
      throw new ProtoError('malformed', what, `no field starts with tag ${lo}`);
    }
    let content: Uint8Array = EMPTY;
    let value = 0n;
    if (wire === WIRE.varint) {
      varint();
      value = hi === 0 ? BigInt(lo) : (BigInt(hi) << 32n) | BigInt(lo);
    } else if (wire === WIRE.bytes) {
      varint();
      content = take(hi === 0 ? lo : Number.POSITIVE_INFINITY);
    } else if (wire === WIRE.fixed64) {
      content = take(8);
    } else if (wire === WIRE.fixed32) {
      content = take(4);
    } else if (wire === START_GROUP) {
      skipGroup(field);
    } else {
      throw new ProtoError('malformed', what, `field ${field} has wire type ${wire}`);
    }
    fields.push({ field, wire, bytes: content, value, raw: bytes.subarray(start, pos) });
  }
  return fields;
}

/**
 * The fields of one message by number, and the rest as it came.
 * @throws ProtoError
 */
export class FieldSet {
  readonly #what: string;
  readonly #fields = new Map<number, RawField[]>();
  /** Fields that are not of `known`, in a row. */
  readonly unknown: Uint8Array;

  /** @param known number of each field and its wire type */
  constructor(bytes: Uint8Array, what: string, known: Readonly<Record<number, number>>) {
    this.#what = what;
    const unknown: Uint8Array[] = [];
    for (const one of rawFields(bytes, what)) {
      const wire = known[one.field];
      if (wire === undefined || wire !== one.wire) {
        // A known field of another wire type is unknown to Go as well.
        unknown.push(one.raw);
        continue;
      }
      const list = this.#fields.get(one.field);
      if (list === undefined) {
        this.#fields.set(one.field, [one]);
      } else {
        list.push(one);
      }
    }
    this.unknown = unknown.length === 0 ? EMPTY : joined(unknown);
  }

  /** Last one wins, as the format has it. Exact up to 2^53. */
  uint(field: number): number {
    const value = this.#fields.get(field)?.at(-1)?.value ?? 0n;
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new ProtoError('out_of_range', this.#what, `field ${field} is beyond 2^53`);
    }
    return Number(value);
  }

  int32(field: number): number {
    return Number(BigInt.asIntN(32, this.#fields.get(field)?.at(-1)?.value ?? 0n));
  }

  bytes(field: number): Uint8Array {
    return this.#fields.get(field)?.at(-1)?.bytes ?? EMPTY;
  }

  /** None of them may be anything else than text, though the last one counts. */
  text(field: number): string {
    return (
      this.list(field)
        .map((bytes) => textOf(bytes, this.#what))
        .at(-1) ?? ''
    );
  }

  all(field: number): readonly RawField[] {
    return this.#fields.get(field) ?? [];
  }

  list(field: number): readonly Uint8Array[] {
    return this.all(field).map(({ bytes }) => bytes);
  }

  /**
   * A message field; null where it is not there. One that comes twice is merged, as the format has it: which is to read both in
   * a row. Each has to be whole by itself.
   */
  message(field: number): Uint8Array | null {
    const [first, ...more] = this.list(field);
    if (first === undefined) {
      return null;
    }
    if (more.length === 0) {
      return first;
    }
    for (const part of [first, ...more]) {
      rawFields(part, this.#what);
    }
    return joined([first, ...more]);
  }

  /** A map from text to messages; of an entry that comes twice the last holds. */
  map<T>(field: number, read: (value: Uint8Array, key: string) => T): Map<string, T> {
    const entries = new Map<string, T>();
    for (const bytes of this.list(field)) {
      const entry = new FieldSet(bytes, `${this.#what} (entry)`, { 1: WIRE.bytes, 2: WIRE.bytes });
      const key = entry.text(1);
      entries.set(key, read(entry.message(2) ?? EMPTY, key));
    }
    return entries;
  }
}

/** Writes a message as Go's deterministic marshaller does: fields by number, defaults left out, map entries by key. */
export class MessageWriter {
  readonly #parts: Uint8Array[] = [];

  uint(field: number, value: number | bigint): this {
    if (BigInt(value) !== 0n) {
      this.#parts.push(varintBytes((BigInt(field) << 3n) | 0n), varintBytes(BigInt.asUintN(64, BigInt(value))));
    }
    return this;
  }

  /** Left out where empty. */
  bytes(field: number, value: Uint8Array): this {
    return value.length === 0 ? this : this.message(field, value);
  }

  text(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value, 'utf8'));
  }

  /** Written even where empty; left out where null. */
  message(field: number, value: Uint8Array | null): this {
    if (value !== null) {
      this.#parts.push(varintBytes((BigInt(field) << 3n) | 2n), varintBytes(BigInt(value.length)), value);
    }
    return this;
  }

  map<T>(field: number, entries: ReadonlyMap<string, T>, write: (value: T) => Uint8Array): this {
    for (const key of [...entries.keys()].toSorted(compareBytes)) {
      // Go writes key and value of an entry even where they are empty.
      const entry = new MessageWriter().message(1, Buffer.from(key, 'utf8')).message(2, write(entries.get(key) as T));
      this.message(field, entry.finish());
    }
    return this;
  }

  raw(bytes: Uint8Array): this {
    if (bytes.length > 0) {
      this.#parts.push(bytes);
    }
    return this;
  }

  finish(): Uint8Array {
    return joined(this.#parts);
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = Buffer.concat(parts);
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Go orders strings by their bytes. */
export function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}

export function varintBytes(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

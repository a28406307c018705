import { LENGTH, StrictReader, VARINT } from './strictReader.ts';
import { textOf } from './text.ts';

const EMPTY = new Uint8Array(0);

export interface WireField {
  readonly field: number;
  readonly wire: number;
  /** Of a length-delimited field; empty otherwise. */
  readonly bytes: Uint8Array;
  /** Of a varint field; 0 otherwise. */
  readonly value: number;
}

/**
 * The fields of a message in order, for messages with maps, whose generated decoder would read them unchecked.
 * @throws ProtoError
 */
export function wireFields(bytes: Uint8Array, what: string): readonly WireField[] {
  const reader = new StrictReader(bytes, what);
  const fields: WireField[] = [];
  while (reader.nextField()) {
    const [field, wire] = [reader.getFieldNumber(), reader.getWireType()];
    if (wire === LENGTH) {
      fields.push({ field, wire, bytes: reader.readBytes(), value: 0 });
    } else if (wire === VARINT) {
      fields.push({ field, wire, bytes: EMPTY, value: reader.readUint64() });
    } else {
      reader.skipField();
    }
  }
  return fields;
}

/** As Go reads a field of bytes: the last one counts, one of another wire type does not. */
export function bytesField(fields: readonly WireField[], field: number): Uint8Array {
  return listField(fields, field).at(-1) ?? EMPTY;
}

/** Each of a list, or of what comes more than once. */
export function listField(fields: readonly WireField[], field: number): readonly Uint8Array[] {
  return fields.filter((one) => one.field === field && one.wire === LENGTH).map(({ bytes }) => bytes);
}

/** As Go reads a text: none of them may be anything else. @throws ProtoError `invalid_utf8` */
export function textField(fields: readonly WireField[], field: number, what: string): string {
  return (
    listField(fields, field)
      .map((bytes) => textOf(bytes, what))
      .at(-1) ?? ''
  );
}

export function numberField(fields: readonly WireField[], field: number): number {
  return fields.findLast((one) => one.field === field && one.wire === VARINT)?.value ?? 0;
}

/**
 * As Go reads a message: the parts of one that comes more than once are read in a row. Null where it is not there.
 * @throws ProtoError for a part that is not whole by itself
 */
export function messageField(fields: readonly WireField[], field: number, what: string): Uint8Array | null {
  const [first, ...more] = listField(fields, field);
  if (first === undefined || more.length === 0) {
    return first ?? null;
  }
  for (const part of [first, ...more]) {
    wireFields(part, what);
  }
  return new Uint8Array(Buffer.concat([first, ...more]));
}

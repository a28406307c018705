import { LENGTH, StrictReader, VARINT } from './strictReader.ts';

const EMPTY = new Uint8Array(0);

export interface WireField {
  readonly field: number;
  /** Of a length-delimited field; empty otherwise. */
  readonly bytes: Uint8Array;
  /** Of a varint field; 0 otherwise. */
  readonly value: number;
}

/** The fields of a message in order, for messages with maps, whose generated decoder would read them unchecked. */
export function wireFields(bytes: Uint8Array, what: string): readonly WireField[] {
  const reader = new StrictReader(bytes, what);
  const fields: WireField[] = [];
  while (reader.nextField()) {
    const field = reader.getFieldNumber();
    if (reader.getWireType() === LENGTH) {
      fields.push({ field, bytes: reader.readBytes(), value: 0 });
    } else if (reader.getWireType() === VARINT) {
      fields.push({ field, bytes: EMPTY, value: reader.readUint64() });
    } else {
      reader.skipField();
    }
  }
  return fields;
}

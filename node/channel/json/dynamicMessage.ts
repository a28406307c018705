import { ProtoError } from '#node/protos/protoError.ts';
import { textOf } from '#node/protos/text.ts';
import { FieldSet, MessageWriter, varintBytes, WIRE } from '../wire.ts';
import { type FieldSchema, type MessageSchema, messageSchema } from './messageSchema.ts';

const MAX_DEPTH = 100;

/** What one field holds: bytes, text, yes or no, a number (64 bits and less), or a message. */
export type Single = Uint8Array | string | boolean | bigint | DynamicMessage;
export type Content = Single | readonly Single[] | ReadonlyMap<string, Single>;

/** A message of any type by its schema. A field that is not on the wire is not in `fields`; lists and maps are, unless empty. */
export interface DynamicMessage {
  readonly schema: MessageSchema;
  readonly fields: ReadonlyMap<string, Content>;
}

/** @throws ProtoError; also `wrong_type` for a message that is not known here */
export function decodeDynamic(type: string, bytes: Uint8Array, depth = 0): DynamicMessage {
  const schema = schemaOf(type);
  if (depth > MAX_DEPTH) {
    throw new ProtoError('too_deep', type, `more than ${MAX_DEPTH} levels`);
  }
  const known = Object.fromEntries(schema.fields.map((field) => [field.number, wireTypeOf(field)]));
  const set = new FieldSet(bytes, type, known);
  const fields = new Map<string, Content>();
  for (const field of schema.fields) {
    const read = (value: Uint8Array): Single => readSingle(field, value, depth, type);
    const found = set.all(field.number);
    if (found.length === 0) {
      continue;
    }
    if (field.label === 'map') {
      fields.set(field.name, set.map(field.number, read));
    } else if (field.label === 'list') {
      fields.set(
        field.name,
        found.map((one) => read(one.bytes)),
      );
    } else if (field.message !== null) {
      fields.set(field.name, read(set.message(field.number) as Uint8Array));
    } else if (wireTypeOf(field) === WIRE.varint) {
      fields.set(field.name, readNumber(field, found.at(-1)?.value ?? 0n));
    } else {
      fields.set(field.name, read(found.at(-1)?.bytes ?? new Uint8Array(0)));
    }
  }
  return { schema, fields };
}

/** As Go's deterministic marshaller writes it. */
export function encodeDynamic({ schema, fields }: DynamicMessage): Uint8Array {
  const writer = new MessageWriter();
  for (const field of schema.fields) {
    const content = fields.get(field.name);
    if (content === undefined) {
      continue;
    }
    if (content instanceof Map) {
      writer.map(field.number, content as ReadonlyMap<string, Single>, (value) => singleBytes(value));
    } else if (Array.isArray(content)) {
      for (const value of content as readonly Single[]) {
        writer.message(field.number, singleBytes(value));
      }
    } else if (typeof content === 'bigint' || typeof content === 'boolean') {
      const number = BigInt(content);
      // A member of a union is written even where it is the default.
      if (field.oneof && number === 0n) {
        writer.raw(Buffer.concat([varintBytes(BigInt(field.number) << 3n), Uint8Array.of(0)]));
      } else {
        writer.uint(field.number, number);
      }
    } else if (field.message !== null || field.oneof) {
      writer.message(field.number, singleBytes(content as Single));
    } else {
      writer.bytes(field.number, singleBytes(content as Single));
    }
  }
  return writer.finish();
}

/** @throws ProtoError `wrong_type` */
export function schemaOf(type: string): MessageSchema {
  const schema = messageSchema(type);
  if (schema === null) {
    throw new ProtoError('wrong_type', type.slice(0, 256), 'no such message is known');
  }
  return schema;
}

function wireTypeOf(field: FieldSchema): number {
  const lengthDelimited =
    field.label !== 'single' || field.message !== null || field.scalar === 'bytes' || field.scalar === 'string';
  return lengthDelimited ? WIRE.bytes : WIRE.varint;
}

function readSingle(field: FieldSchema, bytes: Uint8Array, depth: number, what: string): Single {
  if (field.message !== null) {
    return decodeDynamic(field.message, bytes, depth + 1);
  }
  return field.scalar === 'string' ? textOf(bytes, what) : bytes;
}

function readNumber(field: FieldSchema, value: bigint): Single {
  switch (field.scalar) {
    case 'bool':
      return value !== 0n;
    case 'uint64':
      return value;
    case 'int64':
      return BigInt.asIntN(64, value);
    case 'uint32':
      return BigInt.asUintN(32, value);
    default:
      return BigInt.asIntN(32, value);
  }
}

function singleBytes(value: Single): Uint8Array {
  if (value instanceof Uint8Array) {
    return value;
  }
  if (typeof value === 'string') {
    return Buffer.from(value, 'utf8');
  }
  if (typeof value === 'object') {
    return encodeDynamic(value);
  }
  throw new TypeError('lists and maps of numbers are not among the messages known here');
}

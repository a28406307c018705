import { ProtoError } from '#node/protos/protoError.ts';
import { ChannelError } from '../channelError.ts';
import { reading } from '../configUpdate.ts';
import {
  type Content,
  decodeDynamic,
  type DynamicMessage,
  encodeDynamic,
  schemaOf,
  type Single,
} from './dynamicMessage.ts';
import { isObject, type Json, type JsonObject } from './jsonText.ts';
import type { FieldSchema } from './messageSchema.ts';
import { type Nested, nestedField, type Shape } from './nestedTypes.ts';
import {
  badJson,
  defaultJson,
  scalarFromJson,
  scalarToJson,
  TIMESTAMP,
  timestampFromJson,
  timestampToJson,
} from './scalarJson.ts';

/** Messages in messages, serialised or not. */
const MAX_DEPTH = 100;

/**
 * A message as `configtxlator proto_decode` shows it: all fields under the names of the .proto files, defaults included, and every
 * serialised message within that can be told (envelopes, configuration values, policies, MSPs …) as JSON of its own. What is bytes
 * and nothing else is base64. `printJson` gives the text.
 *
 * @param type full name, e.g. `common.Block`, `common.Config`, `common.ConfigUpdate`, `common.Envelope`
 * @throws ChannelError `malformed`, `missing`; also where configtxlator does not know what some bytes hold
 */
export function decodeToJson(type: string, bytes: Uint8Array): JsonObject {
  return reading(() => toTree(decodeDynamic(type, bytes), { type }, 0));
}

/**
 * The message that such JSON stands for, serialised as Go's deterministic marshaller does (`configtxlator proto_encode`).
 *
 * @param json text, or what `JSON.parse` made of it
 * @throws ChannelError `bad_json`, `malformed`
 */
export function encodeFromJson(type: string, json: string | JsonObject): Uint8Array {
  let tree: Json;
  try {
    tree = typeof json === 'string' ? (JSON.parse(json) as Json) : json;
  } catch (cause) {
    throw new ChannelError('bad_json', null, (cause as Error).message, { cause });
  }
  return reading(() => encodeDynamic(fromTree(tree, { type }, type, 0)));
}

function toTree(message: DynamicMessage, shape: Shape, depth: number): JsonObject {
  checkDepth(depth, shape.type);
  const members: [string, Json][] = [];
  for (const field of message.schema.fields) {
    const content = message.fields.get(field.name);
    const nested = nestedField(shape, field.name);
    const show = (value: Single, key: string): Json => {
      if (nested?.kind === 'opaque') {
        const type = nested.typeOf(message, key);
        return toTree(decodeDynamic(type, value as Uint8Array, depth), { type }, depth + 1);
      }
      if (field.message === TIMESTAMP) {
        return timestampToJson(value as DynamicMessage);
      }
      return field.message === null
        ? scalarToJson(field, value)
        : toTree(value as DynamicMessage, shapeOf(field, nested, key), depth + 1);
    };
    if (field.label === 'list') {
      members.push([
        field.name,
        ((content ?? []) as readonly Single[]).map((value, index) => show(value, String(index))),
      ]);
    } else if (field.label === 'map') {
      const entries = (content ?? new Map()) as ReadonlyMap<string, Single>;
      members.push([field.name, Object.fromEntries(Array.from(entries, ([key, value]) => [key, show(value, key)]))]);
    } else if (content !== undefined) {
      members.push([field.name, show(content as Single, '')]);
    } else if (!field.oneof) {
      members.push([field.name, nested === null ? defaultJson(field) : null]);
    }
  }
  return Object.fromEntries(members);
}

function fromTree(tree: Json, shape: Shape, path: string, depth: number): DynamicMessage {
  checkDepth(depth, shape.type);
  if (!isObject(tree)) {
    throw badJson(path, 'is no object');
  }
  const schema = schemaOf(shape.type);
  const fields = new Map<string, Content>();
  const message: DynamicMessage = { schema, fields };
  const known = new Set(schema.fields.map(({ name }) => name));
  const stranger = Object.keys(tree).find((key) => !known.has(key));
  if (stranger !== undefined) {
    throw badJson(`${path}.${stranger}`, `${shape.type} has no such field`);
  }
  // What bytes hold is told by other fields: those come first.
  const order = schema.fields
    .map((field) => ({ field, nested: nestedField(shape, field.name) }))
    .toSorted((a, b) => Number(a.nested?.kind === 'opaque') - Number(b.nested?.kind === 'opaque'));
  for (const { field, nested } of order) {
    const json = Object.hasOwn(tree, field.name) ? (tree[field.name] as Json) : null;
    if (json === null) {
      continue;
    }
    const read = (value: Json, where: string, key: string): Single => {
      if (nested?.kind === 'opaque') {
        if (!isObject(value)) {
          throw badJson(where, 'is no object');
        }
        return encodeDynamic(fromTree(value, { type: nested.typeOf(message, key) }, where, depth + 1));
      }
      if (field.message === TIMESTAMP) {
        return timestampFromJson(value, where);
      }
      return field.message === null
        ? scalarFromJson(field, value, where)
        : fromTree(value, shapeOf(field, nested, key), where, depth + 1);
    };
    const content = readContent(field, json, `${path}.${field.name}`, read);
    if (content !== null) {
      fields.set(field.name, content);
    }
  }
  const union = schema.fields.filter(({ name, oneof }) => oneof && fields.has(name));
  if (union.length > 1) {
    throw badJson(path, `only one of ${union.map(({ name }) => name).join(', ')} can be there`);
  }
  return message;
}

function readContent(
  field: FieldSchema,
  json: Json,
  path: string,
  read: (value: Json, where: string, key: string) => Single,
): Content | null {
  if (field.label === 'single') {
    return read(json, path, '');
  }
  if (field.label === 'list') {
    if (!Array.isArray(json)) {
      throw badJson(path, 'is no list');
    }
    return json.length === 0 ? null : json.map((value: Json, index) => read(value, `${path}[${index}]`, String(index)));
  }
  if (!isObject(json)) {
    throw badJson(path, 'is no object');
  }
  const entries = Object.keys(json).map((key) => [key, read(json[key] as Json, `${path}.${key}`, key)] as const);
  return entries.length === 0 ? null : new Map(entries);
}

function shapeOf(field: FieldSchema, nested: Nested | null, key: string): Shape {
  return nested?.kind === 'placed' ? nested.shapeOf(key) : { type: field.message as string };
}

function checkDepth(depth: number, what: string): void {
  if (depth > MAX_DEPTH) {
    throw new ProtoError('too_deep', what, `more than ${MAX_DEPTH} levels`);
  }
}

import { ChannelError } from '../channelError.ts';
import type { DynamicMessage, Single } from './dynamicMessage.ts';
import type { Json } from './jsonText.ts';
import { type FieldSchema, type MessageSchema, messageSchema, type ScalarType } from './messageSchema.ts';

export const TIMESTAMP = 'google.protobuf.Timestamp';

const RANGES: Readonly<Partial<Record<ScalarType, readonly [bigint, bigint]>>> = {
  int32: [-(1n << 31n), (1n << 31n) - 1n],
  uint32: [0n, (1n << 32n) - 1n],
  int64: [-(1n << 63n), (1n << 63n) - 1n],
  uint64: [0n, (1n << 64n) - 1n],
};
/** Years 1 to 9999. */
const TIME_RANGE = [-62_135_596_800n, 253_402_300_799n] as const;

/** A field that is not on the wire. */
export function defaultJson(field: FieldSchema): Json {
  switch (field.scalar) {
    case 'bytes':
    case 'string':
      return '';
    case 'bool':
      return false;
    case 'int64':
    case 'uint64':
      return '0';
    case null:
      return field.values === null ? null : (field.values.get(0) ?? 0);
    default:
      return 0;
  }
}

/** A scalar as Go's `protojson` writes it: bytes in base64, 64-bit numbers as text, enumerations by name. */
export function scalarToJson(field: FieldSchema, value: Single): Json {
  if (value instanceof Uint8Array) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
  }
  if (typeof value === 'bigint') {
    if (field.values !== null) {
      return field.values.get(Number(value)) ?? Number(value);
    }
    return field.scalar === 'int64' || field.scalar === 'uint64' ? String(value) : Number(value);
  }
  return value as string | boolean;
}

/**
 * A scalar as Go's `protojson` reads it.
 * @throws ChannelError `bad_json`
 */
export function scalarFromJson(field: FieldSchema, json: Json, path: string): Single {
  if (field.values !== null) {
    return enumFromJson(field.values, json, path);
  }
  switch (field.scalar) {
    case 'bytes':
      return bytesFromJson(json, path);
    case 'string':
      if (typeof json === 'string') {
        return json;
      }
      break;
    case 'bool':
      if (typeof json === 'boolean') {
        return json;
      }
      break;
    default:
      return numberFromJson(field.scalar as ScalarType, json, path);
  }
  throw badJson(path, `is no ${field.scalar}`);
}

/** @throws ChannelError `malformed` for a time that JSON has no form for */
export function timestampToJson(message: DynamicMessage): Json {
  const seconds = (message.fields.get('seconds') as bigint | undefined) ?? 0n;
  const nanos = Number((message.fields.get('nanos') as bigint | undefined) ?? 0n);
  if (seconds < TIME_RANGE[0] || seconds > TIME_RANGE[1] || nanos < 0 || nanos > 999_999_999) {
    throw new ChannelError('malformed', null, `a time of ${seconds} seconds and ${nanos} nanoseconds is out of range`);
  }
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  const digits = String(nanos).padStart(9, '0');
  const fraction = nanos === 0 ? '' : `.${digits.replace(/(?:000){1,2}$/u, '')}`;
  return `${whole}Z`.replace('Z', `${fraction}Z`);
}

/** @throws ChannelError `bad_json` */
export function timestampFromJson(json: Json, path: string): DynamicMessage {
  const match =
    typeof json === 'string' ? /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/u.exec(json) : null;
  const milliseconds = match === null ? Number.NaN : Date.parse(`${match[1]}${match[3]}`);
  if (match === null || Number.isNaN(milliseconds)) {
    throw badJson(path, 'is no time such as 2026-01-31T12:00:00Z');
  }
  return {
    schema: messageSchema(TIMESTAMP) as MessageSchema,
    fields: new Map([
      ['seconds', BigInt(milliseconds / 1000)],
      ['nanos', BigInt((match[2] ?? '').padEnd(9, '0'))],
    ]),
  };
}

export function badJson(path: string, detail: string): ChannelError {
  return new ChannelError('bad_json', path.slice(0, 512), detail);
}

function enumFromJson(values: ReadonlyMap<number, string>, json: Json, path: string): bigint {
  if (typeof json === 'number') {
    return numberFromJson('int32', json, path);
  }
  for (const [number, name] of values) {
    if (name === json) {
      return BigInt(number);
    }
  }
  throw badJson(path, `is none of ${[...values.values()].join(', ')}`);
}

function bytesFromJson(json: Json, path: string): Uint8Array {
  // With or without padding, and in both alphabets, but not in a mixture of them.
  if (typeof json === 'string') {
    const body = json.replace(/=+$/u, '');
    const padded = body.length !== json.length;
    if (/^(?:[\w-]*|[A-Za-z0-9+/]*)$/u.test(body) && body.length % 4 !== 1 && (!padded || json.length % 4 === 0)) {
      return new Uint8Array(Buffer.from(body, 'base64'));
    }
  }
  throw badJson(path, 'is not base64');
}

function numberFromJson(type: ScalarType, json: Json, path: string): bigint {
  const [min, max] = RANGES[type] as readonly [bigint, bigint];
  let number: bigint | null = null;
  if (typeof json === 'number' && Number.isSafeInteger(json)) {
    number = BigInt(json);
  } else if (typeof json === 'string' && /^-?(?:0|[1-9]\d{0,19})$/u.test(json)) {
    number = BigInt(json);
  }
  if (number === null || number < min || number > max) {
    throw badJson(path, `is no ${type}`);
  }
  return number;
}

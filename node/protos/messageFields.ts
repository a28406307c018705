import type { BinaryReader } from 'google-protobuf';
import type { MessageType } from './strictReader.ts';

/** How a generated class reads one of its fields. */
export interface MessageField {
  /** Wire type that it is written with: 0 for numbers, 2 for bytes, text and messages. */
  readonly wire: number;
  /** Its class; null for other fields, and for maps. */
  readonly message: MessageType<object> | null;
  readonly isMap: boolean;
  readonly isRepeated: boolean;
  /** Numbers of the other fields of its `oneof`. */
  readonly others: readonly number[];
}

/** No message of Fabric has a field with a higher number. */
const HIGHEST_FIELD = 64;
const NUMBER = 0;
const LENGTH = 2;

const known = new WeakMap<object, ReadonlyMap<number, MessageField>>();

/**
 * The fields of a generated class, by number. The class is asked itself, with a reader that gives it each field once and looks on:
 * so there is no second list of Fabric's messages to keep in step.
 */
export function messageFields(type: MessageType<object>): ReadonlyMap<number, MessageField> {
  let fields = known.get(type);
  if (fields === undefined) {
    // As google-protobuf's generator names it.
    const groups = (Reflect.get(type, 'oneofGroups_') ?? []) as readonly (readonly number[])[];
    const found = new Map<number, MessageField>();
    for (let number = 1; number <= HIGHEST_FIELD; number++) {
      const field = askFor(type, number);
      if (field !== null) {
        const others = groups.find((group) => group.includes(number))?.filter((one) => one !== number) ?? [];
        found.set(number, { ...field, others });
      }
    }
    fields = found;
    known.set(type, fields);
  }
  return fields;
}

const zero = (): number => 0;

/** Null where the class knows no such field. */
function askFor(type: MessageType<object>, number: number): Omit<MessageField, 'others'> | null {
  let wire = NUMBER;
  let isSkipped = false;
  let isRepeated = false;
  let isMap = false;
  let message: MessageType<object> | null = null;
  let left = 1;
  const lengthDelimited = (value: unknown) => () => {
    wire = LENGTH;
    return value;
  };
  const reader: Readonly<Record<string, unknown>> = {
    nextField: () => left-- > 0,
    isEndGroup: () => false,
    getFieldNumber: () => number,
    skipField: () => {
      isSkipped = true;
    },
    // A list of numbers, which may be written either way.
    isDelimited: () => false,
    readMessage: (value: object) => {
      wire = LENGTH;
      isMap = 'getEntryList' in value;
      message = isMap ? null : (value.constructor as MessageType<object>);
    },
    readBytes: lengthDelimited(new Uint8Array(0)),
    readString: lengthDelimited(''),
  };
  type.deserializeBinaryFromReader(
    new Proxy(
      {},
      {
        get: (_, name) => (value: unknown) => {
          isRepeated ||= String(name).startsWith('add');
          return String(name).startsWith('get') ? { getEntryList: zero } : value;
        },
      },
    ),
    new Proxy({}, { get: (_, name) => reader[String(name)] ?? zero }) as BinaryReader,
  );
  return isSkipped ? null : { wire, message, isMap, isRepeated };
}

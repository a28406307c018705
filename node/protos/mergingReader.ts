import type { BinaryReader } from 'google-protobuf';
import { type MessageField, messageFields } from './messageFields.ts';
import type { MessageType, StrictReader } from './strictReader.ts';

/** Wire type of bytes, text and messages. */
const LENGTH = 2;

/** From where to where. */
type Span = readonly [start: number, end: number];

/** A field as its class is to see it. */
interface FoundField {
  readonly number: number;
  readonly wire: number;
  /** Its value; of a message that came in parts each of them. */
  readonly spans: Span[];
}

/**
 * Reads what no marshaller writes and Go takes all the same (google.golang.org/protobuf, internal/impl/decode.go):
 *
 * - of a number, text or bytes that come twice the last counts; a message that comes twice is the sum of both, unless another
 *   member of its `oneof` came in between;
 * - a field of another wire type than its own is unknown, and unknown fields, groups among them, count for nothing.
 *
 * Two times as slow as StrictReader, and asked only where that one gives up. A message is gone through once for each level.
 */
export class MergingReader {
  readonly #wire: StrictReader;
  #fields: readonly FoundField[];
  #next = 0;

  /** @param wire at the start of the message, `length` bytes long */
  constructor(wire: StrictReader, length: number, type: MessageType<object>) {
    this.#wire = wire;
    this.#fields = this.#find([[0, length]], type);
  }

  nextField(): boolean {
    return this.#next++ < this.#fields.length;
  }

  isEndGroup(): boolean {
    return false;
  }

  getFieldNumber(): number {
    return this.#field.number;
  }

  isDelimited(): boolean {
    return this.#field.wire === LENGTH;
  }

  /** Those that the class does not know are not among the fields. */
  skipField(): void {}

  readMessage<T extends object>(message: T, read: (message: T, reader: BinaryReader) => unknown): void {
    const { spans } = this.#field;
    if ('getEntryList' in message) {
      return;
    }
    const [fields, next] = [this.#fields, this.#next];
    this.#wire.enter();
    this.#fields = this.#find(spans, message.constructor as MessageType<object>);
    this.#next = 0;
    read(message, this as unknown as BinaryReader);
    this.#wire.leave();
    this.#fields = fields;
    this.#next = next;
  }

  readBytes(): Uint8Array {
    return this.#value.readBytes();
  }

  readString(): string {
    return this.#value.readString();
  }

  readUint64(): number {
    return this.#value.readUint64();
  }

  readInt64(): number {
    return this.#value.readInt64();
  }

  readUint32(): number {
    return this.#value.readUint32();
  }

  readInt32(): number {
    return this.#value.readInt32();
  }

  readEnum(): number {
    return this.#value.readEnum();
  }

  readBool(): boolean {
    return this.#value.readBool();
  }

  readPackedUint64(): number[] {
    return this.#value.readPackedUint64();
  }

  get #field(): FoundField {
    return this.#fields[this.#next - 1] as FoundField;
  }

  /** Stands at the value of the field. */
  get #value(): StrictReader {
    const { wire, spans } = this.#field;
    const [start, end] = spans[0] as Span;
    return this.#wire.seek(start, end, wire);
  }

  /** Every part has to be whole by itself: what starts in one may not end in the next. */
  #find(parts: readonly Span[], type: MessageType<object>): readonly FoundField[] {
    const known = messageFields(type);
    const found: FoundField[] = [];
    /** Those of `found` that more parts may add to. */
    const messages = new Map<number, FoundField>();
    for (const [start, end] of parts) {
      this.#wire.seek(start, end, 0);
      while (this.#wire.nextField()) {
        const number = this.#wire.getFieldNumber();
        const wire = this.#wire.getWireType();
        const from = this.#wire.position;
        const content = wire === LENGTH ? this.#wire.passValue() : from;
        if (wire !== LENGTH) {
          this.#wire.skipField();
        }
        const field = known.get(number);
        if (field === undefined || !takes(field, wire)) {
          continue;
        }
        // What comes after another member does not add to what came before it; that is read all the same, since it must be whole.
        for (const other of field.others) {
          messages.delete(other);
        }
        const span: Span = [field.message === null ? from : content, this.#wire.position];
        const before = messages.get(number);
        if (before !== undefined) {
          before.spans.push(span);
          continue;
        }
        const one: FoundField = { number, wire, spans: [span] };
        found.push(one);
        if (field.message !== null && !field.isRepeated) {
          messages.set(number, one);
        }
      }
    }
    return found;
  }
}

/** A list of numbers is written one by one or in one piece. */
function takes(field: MessageField, wire: number): boolean {
  return wire === field.wire || (field.isRepeated && field.wire !== LENGTH && wire === LENGTH);
}

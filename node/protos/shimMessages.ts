import { NO_BYTES, type ResponseMessage } from './transactionMessages.ts';
import { lengthTag, varintTag, WireScanner } from './wireScanner.ts';

/**
 * What a peer and a chaincode say to each other, a handful of messages for each transaction, read by hand as `transactionMessages.ts`
 * does it. Each `read…` takes serialised bytes and throws ProtoError.
 */
const scanner = new WireScanner();

const NUMBER_1 = varintTag(1);
const [FIELD_1, FIELD_2, FIELD_3, FIELD_4] = [lengthTag(1), lengthTag(2), lengthTag(3), lengthTag(4)];
const [FIELD_5, FIELD_6, FIELD_7] = [lengthTag(5), lengthTag(6), lengthTag(7)];

/** `protos.ChaincodeEvent` */
export interface ChaincodeEventMessage {
  readonly chaincodeId: string;
  readonly txId: string;
  readonly eventName: string;
  readonly payload: Uint8Array;
}

/** `protos.ChaincodeMessage`, but its time and the proposal, which are for the chaincode. */
export interface ChaincodeMessage {
  readonly type: number;
  readonly payload: Uint8Array;
  readonly txId: string;
  readonly channelId: string;
  /** Null where there is none. */
  readonly event: ChaincodeEventMessage | null;
}

export function readChaincodeMessage(bytes: Uint8Array): ChaincodeMessage {
  const reader = scanner.start(bytes, 'protos.ChaincodeMessage');
  let type = 0;
  let payload = NO_BYTES;
  let [txId, channelId] = ['', ''];
  let event: MutableEvent | null = null;
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    switch (tag) {
      case NUMBER_1:
        type = reader.int32();
        break;
      case FIELD_3:
        payload = reader.bytes();
        break;
      case FIELD_4:
        txId = reader.text();
        break;
      case FIELD_2:
      case FIELD_5:
        passWithin(reader);
        break;
      case FIELD_6: {
        event ??= emptyEvent();
        const outer = reader.enter();
        eventFields(reader, event);
        reader.leave(outer);
        break;
      }
      case FIELD_7:
        channelId = reader.text();
        break;
      default:
        reader.skip();
    }
  }
  return { type, payload, txId, channelId, event };
}

export function readChaincodeEvent(bytes: Uint8Array): ChaincodeEventMessage {
  const event = emptyEvent();
  eventFields(scanner.start(bytes, 'protos.ChaincodeEvent'), event);
  return event;
}

/** `protos.Response` by itself */
export function readResponse(bytes: Uint8Array): ResponseMessage {
  const reader = scanner.start(bytes, 'protos.Response');
  let status = 0;
  let message = '';
  let payload = NO_BYTES;
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === NUMBER_1) {
      status = reader.int32();
    } else if (tag === FIELD_2) {
      message = reader.text();
    } else if (tag === FIELD_3) {
      payload = reader.bytes();
    } else {
      reader.skip();
    }
  }
  return { status, message, payload };
}

/** One key of a chaincode, as most of its requests name it. */
export interface KeyMessage {
  readonly key: string;
  /** Empty for public state. */
  readonly collection: string;
}

/** `protos.GetState` */
export function readGetState(bytes: Uint8Array): KeyMessage {
  return keyAndCollection(scanner.start(bytes, 'protos.GetState'));
}

/** `protos.DelState` */
export function readDelState(bytes: Uint8Array): KeyMessage {
  return keyAndCollection(scanner.start(bytes, 'protos.DelState'));
}

/** `protos.PutState` */
export function readPutState(bytes: Uint8Array): KeyMessage & { readonly value: Uint8Array } {
  const reader = scanner.start(bytes, 'protos.PutState');
  let [key, collection] = ['', ''];
  let value = NO_BYTES;
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === FIELD_1) {
      key = reader.text();
    } else if (tag === FIELD_2) {
      value = reader.bytes();
    } else if (tag === FIELD_3) {
      collection = reader.text();
    } else {
      reader.skip();
    }
  }
  return { key, collection, value };
}

function keyAndCollection(reader: WireScanner): KeyMessage {
  let [key, collection] = ['', ''];
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === FIELD_1) {
      key = reader.text();
    } else if (tag === FIELD_2) {
      collection = reader.text();
    } else {
      reader.skip();
    }
  }
  return { key, collection };
}

type MutableEvent = { -readonly [Field in keyof ChaincodeEventMessage]: ChaincodeEventMessage[Field] };

function emptyEvent(): MutableEvent {
  return { chaincodeId: '', txId: '', eventName: '', payload: NO_BYTES };
}

function eventFields(reader: WireScanner, event: MutableEvent): void {
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    switch (tag) {
      case FIELD_1:
        event.chaincodeId = reader.text();
        break;
      case FIELD_2:
        event.txId = reader.text();
        break;
      case FIELD_3:
        event.eventName = reader.text();
        break;
      case FIELD_4:
        event.payload = reader.bytes();
        break;
      default:
        reader.skip();
    }
  }
}

/** Over a message of numbers and bytes, of which nothing is wanted, but which has to be one. */
function passWithin(reader: WireScanner): void {
  const outer = reader.enter();
  while (reader.next() !== 0) {
    reader.skip();
  }
  reader.leave(outer);
}

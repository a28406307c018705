import type { Timestamp } from './timestamp.ts';
import { lengthTag, varintTag, WireScanner } from './wireScanner.ts';

/**
 * The messages that a transaction is made of, read by hand: a block holds hundreds of each, and the generated classes cost ten times
 * as much. Each `read…` takes serialised bytes and throws ProtoError. What is left out in the bytes is empty, as everywhere in proto3.
 */
export const NO_BYTES: Uint8Array = new Uint8Array(0);

/** One is enough: a message is read to its end before the next one is begun. */
const scanner = new WireScanner();

const BYTES_1 = lengthTag(1);
const BYTES_2 = lengthTag(2);
const BYTES_3 = lengthTag(3);
const BYTES_4 = lengthTag(4);

/** `common.Envelope` */
export interface EnvelopeMessage {
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

export function readEnvelope(bytes: Uint8Array): EnvelopeMessage {
  const [payload, signature] = twoFields(bytes, 'common.Envelope');
  return { payload, signature };
}

/** `common.Payload` with its `common.Header` */
export interface PayloadMessage {
  /** Null where there is none. */
  readonly header: { readonly channelHeader: Uint8Array; readonly signatureHeader: Uint8Array } | null;
  readonly data: Uint8Array;
}

export function readPayload(bytes: Uint8Array): PayloadMessage {
  const reader = scanner.start(bytes, 'common.Payload');
  let hasHeader = false;
  let channelHeader = NO_BYTES;
  let signatureHeader = NO_BYTES;
  let data = NO_BYTES;
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === BYTES_1) {
      hasHeader = true;
      const outer = reader.enter();
      for (let inner = reader.next(); inner !== 0; inner = reader.next()) {
        if (inner === BYTES_1) {
          channelHeader = reader.bytes();
        } else if (inner === BYTES_2) {
          signatureHeader = reader.bytes();
        } else {
          reader.skip();
        }
      }
      reader.leave(outer);
    } else if (tag === BYTES_2) {
      data = reader.bytes();
    } else {
      reader.skip();
    }
  }
  return { header: hasHeader ? { channelHeader, signatureHeader } : null, data };
}

/** `common.ChannelHeader` */
export interface ChannelHeaderMessage {
  readonly type: number;
  readonly version: number;
  /** Null where there is none. */
  readonly timestamp: Timestamp | null;
  readonly channelId: string;
  readonly txId: string;
  /** Beyond 2^53 the nearest number. */
  readonly epoch: number;
  readonly extension: Uint8Array;
  readonly tlsCertHash: Uint8Array;
}

const [TYPE, VERSION, EPOCH] = [varintTag(1), varintTag(2), varintTag(6)];
const [TIMESTAMP, CHANNEL_ID, TX_ID] = [lengthTag(3), lengthTag(4), lengthTag(5)];
const [EXTENSION, TLS_CERT_HASH] = [lengthTag(7), lengthTag(8)];

export function readChannelHeader(bytes: Uint8Array): ChannelHeaderMessage {
  const reader = scanner.start(bytes, 'common.ChannelHeader');
  let [type, version, epoch] = [0, 0, 0];
  let timestamp: { seconds: number; nanos: number } | null = null;
  let [channelId, txId] = ['', ''];
  let [extension, tlsCertHash] = [NO_BYTES, NO_BYTES];
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    switch (tag) {
      case TYPE:
        type = reader.int32();
        break;
      case VERSION:
        version = reader.int32();
        break;
      case TIMESTAMP: {
        timestamp ??= { seconds: 0, nanos: 0 };
        const outer = reader.enter();
        for (let inner = reader.next(); inner !== 0; inner = reader.next()) {
          if (inner === TYPE) {
            timestamp.seconds = reader.int64();
          } else if (inner === VERSION) {
            timestamp.nanos = reader.int32();
          } else {
            reader.skip();
          }
        }
        reader.leave(outer);
        break;
      }
      case CHANNEL_ID:
        channelId = reader.text();
        break;
      case TX_ID:
        txId = reader.text();
        break;
      case EPOCH:
        epoch = reader.uint64();
        break;
      case EXTENSION:
        extension = reader.bytes();
        break;
      case TLS_CERT_HASH:
        tlsCertHash = reader.bytes();
        break;
      default:
        reader.skip();
    }
  }
  return { type, version, timestamp, channelId, txId, epoch, extension, tlsCertHash };
}

/** `common.SignatureHeader` */
export interface SignatureHeaderMessage {
  readonly creator: Uint8Array;
  readonly nonce: Uint8Array;
}

export function readSignatureHeader(bytes: Uint8Array): SignatureHeaderMessage {
  const [creator, nonce] = twoFields(bytes, 'common.SignatureHeader');
  return { creator, nonce };
}

/** `common.Header` by itself, as a proposal has it. */
export function readHeader(bytes: Uint8Array): {
  readonly channelHeader: Uint8Array;
  readonly signatureHeader: Uint8Array;
} {
  const [channelHeader, signatureHeader] = twoFields(bytes, 'common.Header');
  return { channelHeader, signatureHeader };
}

/** `protos.Proposal` */
export function readProposal(bytes: Uint8Array): { readonly header: Uint8Array; readonly payload: Uint8Array } {
  const [header, payload] = twoFields(bytes, 'protos.Proposal');
  return { header, payload };
}

/** `protos.TransactionAction` */
export interface ActionMessage {
  readonly header: Uint8Array;
  readonly payload: Uint8Array;
}

/** `protos.Transaction`: its actions. */
export function readTransaction(bytes: Uint8Array): readonly ActionMessage[] {
  const reader = scanner.start(bytes, 'protos.Transaction');
  const actions: ActionMessage[] = [];
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === BYTES_1) {
      const [header, payload] = twoWithin(reader);
      actions.push({ header, payload });
    } else {
      reader.skip();
    }
  }
  return actions;
}

/** `protos.Endorsement` */
export interface EndorsementMessage {
  /** Serialised identity of the endorser. */
  readonly endorser: Uint8Array;
  readonly signature: Uint8Array;
}

/** `protos.ChaincodeActionPayload` with its `protos.ChaincodeEndorsedAction` */
export interface ActionPayloadMessage {
  readonly chaincodeProposalPayload: Uint8Array;
  /** Null where there is none. */
  readonly action: {
    readonly proposalResponsePayload: Uint8Array;
    readonly endorsements: readonly EndorsementMessage[];
  } | null;
}

export function readActionPayload(bytes: Uint8Array): ActionPayloadMessage {
  const reader = scanner.start(bytes, 'protos.ChaincodeActionPayload');
  let chaincodeProposalPayload = NO_BYTES;
  let hasAction = false;
  let proposalResponsePayload = NO_BYTES;
  const endorsements: EndorsementMessage[] = [];
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === BYTES_1) {
      chaincodeProposalPayload = reader.bytes();
    } else if (tag === BYTES_2) {
      hasAction = true;
      const outer = reader.enter();
      for (let inner = reader.next(); inner !== 0; inner = reader.next()) {
        if (inner === BYTES_1) {
          proposalResponsePayload = reader.bytes();
        } else if (inner === BYTES_2) {
          const [endorser, signature] = twoWithin(reader);
          endorsements.push({ endorser, signature });
        } else {
          reader.skip();
        }
      }
      reader.leave(outer);
    } else {
      reader.skip();
    }
  }
  return { chaincodeProposalPayload, action: hasAction ? { proposalResponsePayload, endorsements } : null };
}

/** `protos.ProposalResponsePayload` */
export interface ResponsePayloadMessage {
  readonly proposalHash: Uint8Array;
  readonly extension: Uint8Array;
}

export function readResponsePayload(bytes: Uint8Array): ResponsePayloadMessage {
  const [proposalHash, extension] = twoFields(bytes, 'protos.ProposalResponsePayload');
  return { proposalHash, extension };
}

/** `protos.ChaincodeID` */
export interface ChaincodeIdMessage {
  readonly path: string;
  readonly name: string;
  readonly version: string;
}

/** `protos.Response` */
export interface ResponseMessage {
  readonly status: number;
  readonly message: string;
  readonly payload: Uint8Array;
}

/** `protos.ChaincodeAction` */
export interface ChaincodeActionMessage {
  readonly results: Uint8Array;
  readonly events: Uint8Array;
  /** Null where there is none. */
  readonly response: ResponseMessage | null;
  /** Null where there is none. */
  readonly chaincodeId: ChaincodeIdMessage | null;
}

export function readChaincodeAction(bytes: Uint8Array): ChaincodeActionMessage {
  const reader = scanner.start(bytes, 'protos.ChaincodeAction');
  let [results, events] = [NO_BYTES, NO_BYTES];
  let response: { status: number; message: string; payload: Uint8Array } | null = null;
  let chaincodeId: { path: string; name: string; version: string } | null = null;
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === BYTES_1) {
      results = reader.bytes();
    } else if (tag === BYTES_2) {
      events = reader.bytes();
    } else if (tag === BYTES_3) {
      response ??= { status: 0, message: '', payload: NO_BYTES };
      const outer = reader.enter();
      for (let inner = reader.next(); inner !== 0; inner = reader.next()) {
        if (inner === TYPE) {
          response.status = reader.int32();
        } else if (inner === BYTES_2) {
          response.message = reader.text();
        } else if (inner === BYTES_3) {
          response.payload = reader.bytes();
        } else {
          reader.skip();
        }
      }
      reader.leave(outer);
    } else if (tag === BYTES_4) {
      chaincodeId ??= { path: '', name: '', version: '' };
      chaincodeIdWithin(reader, chaincodeId);
    } else {
      reader.skip();
    }
  }
  return { results, events, response, chaincodeId };
}

/** `protos.ChaincodeHeaderExtension`: the chaincode that it names, null where it names none. */
export function readHeaderExtension(bytes: Uint8Array): ChaincodeIdMessage | null {
  const reader = scanner.start(bytes, 'protos.ChaincodeHeaderExtension');
  let chaincodeId: { path: string; name: string; version: string } | null = null;
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === BYTES_2) {
      chaincodeId ??= { path: '', name: '', version: '' };
      chaincodeIdWithin(reader, chaincodeId);
    } else {
      reader.skip();
    }
  }
  return chaincodeId;
}

function chaincodeIdWithin(reader: WireScanner, id: { path: string; name: string; version: string }): void {
  const outer = reader.enter();
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === BYTES_1) {
      id.path = reader.text();
    } else if (tag === BYTES_2) {
      id.name = reader.text();
    } else if (tag === BYTES_3) {
      id.version = reader.text();
    } else {
      reader.skip();
    }
  }
  reader.leave(outer);
}

/** Fields 1 and 2, both of bytes, as several of these messages have them. */
function twoFields(bytes: Uint8Array, what: string): readonly [Uint8Array, Uint8Array] {
  return twoOf(scanner.start(bytes, what));
}

function twoWithin(reader: WireScanner): readonly [Uint8Array, Uint8Array] {
  const outer = reader.enter();
  const both = twoOf(reader);
  reader.leave(outer);
  return both;
}

function twoOf(reader: WireScanner): readonly [Uint8Array, Uint8Array] {
  let [first, second] = [NO_BYTES, NO_BYTES];
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === BYTES_1) {
      first = reader.bytes();
    } else if (tag === BYTES_2) {
      second = reader.bytes();
    } else {
      reader.skip();
    }
  }
  return [first, second];
}

import { encodeEvent, encodeResponse } from '#node/chaincode/shim/messages.ts';
import { WireWriter } from '#node/ledger/state/wireWriter.ts';
import type { ChaincodeEventMessage } from '#node/protos/shimMessages.ts';
import { NO_BYTES, type ResponseMessage } from '#node/protos/transactionMessages.ts';
import type { Endorsement } from './endorsementPlugins.ts';

export interface ResponsePayloadParts {
  readonly proposalHash: Uint8Array;
  readonly response: ResponseMessage;
  /** Serialised `rwset.TxReadWriteSet`; empty where nothing was simulated. */
  readonly results: Uint8Array;
  readonly event: ChaincodeEventMessage | null;
  readonly chaincode: string;
  readonly version: string;
}

/** The `protos.ProposalResponsePayload` that endorsers sign: byte by byte what a Go peer writes, else endorsements would not agree. */
export function encodeResponsePayload(parts: ResponsePayloadParts): Uint8Array {
  const { proposalHash, response, results, event, chaincode, version } = parts;
  const action = new WireWriter(results.length + 512)
    .bytes(1, results)
    .bytes(2, event === null ? NO_BYTES : encodeEvent(event))
    .element(3, encodeResponse(response))
    .message(4, (id) => id.string(2, chaincode).string(3, version))
    .finish();
  return new WireWriter(action.length + 64).bytes(1, proposalHash).bytes(2, action).finish();
}

export interface ProposalResponseParts {
  readonly response: ResponseMessage;
  /** Null: no payload. */
  readonly payload?: Uint8Array | null;
  readonly endorsement?: Endorsement;
  /** Serialised `protos.ChaincodeInterest`. */
  readonly interest?: Uint8Array | null;
}

/** A serialised `protos.ProposalResponse`; of version 1 where it is endorsed. */
export function encodeProposalResponse({
  response,
  payload,
  endorsement,
  interest,
}: ProposalResponseParts): Uint8Array {
  const writer = new WireWriter((payload?.length ?? 0) + 1024);
  if (endorsement !== undefined) {
    writer.number(1, 1);
  }
  writer.element(4, encodeResponse(response)).bytes(5, endorsement?.payload ?? payload ?? NO_BYTES);
  if (endorsement !== undefined) {
    writer.message(6, (message) => message.bytes(1, endorsement.endorser).bytes(2, endorsement.signature));
  }
  if (interest != null) {
    writer.element(7, interest);
  }
  return writer.finish();
}

/** What a peer answers when it could not do what it was asked for. */
export function errorResponse(message: string): ResponseMessage {
  return { status: 500, message, payload: NO_BYTES };
}

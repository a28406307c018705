import { peer } from '@hyperledger/fabric-protos';
import { WireWriter } from '#node/ledger/state/wireWriter.ts';
import type { Endorsement } from './endorsementPlugins.ts';

const NOTHING = new Uint8Array(0);

export interface ResponsePayloadParts {
  readonly proposalHash: Uint8Array;
  readonly response: peer.Response;
  /** Serialised `rwset.TxReadWriteSet`; empty where nothing was simulated. */
  readonly results: Uint8Array;
  readonly event: peer.ChaincodeEvent | null;
  readonly chaincode: string;
  readonly version: string;
}

/** The `protos.ProposalResponsePayload` that endorsers sign: byte by byte what a Go peer writes, else endorsements would not agree. */
export function encodeResponsePayload(parts: ResponsePayloadParts): Uint8Array {
  const { proposalHash, response, results, event, chaincode, version } = parts;
  const action = new WireWriter(results.length + 512)
    .bytes(1, results)
    .bytes(2, event?.serializeBinary() ?? NOTHING)
    .element(3, response.serializeBinary())
    .message(4, (id) => id.string(2, chaincode).string(3, version))
    .finish();
  return new WireWriter(action.length + 64).bytes(1, proposalHash).bytes(2, action).finish();
}

export interface ProposalResponseParts {
  readonly response: peer.Response;
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
  writer.element(4, response.serializeBinary()).bytes(5, endorsement?.payload ?? payload ?? NOTHING);
  if (endorsement !== undefined) {
    writer.message(6, (message) => message.bytes(1, endorsement.endorser).bytes(2, endorsement.signature));
  }
  if (interest != null) {
    writer.element(7, interest);
  }
  return writer.finish();
}

/** What a peer answers when it could not do what it was asked for. */
export function errorResponse(message: string): peer.Response {
  const response = new peer.Response();
  response.setStatus(500);
  response.setMessage(message);
  return response;
}

import { peer } from '@hyperledger/fabric-protos';
import { WireWriter } from '#node/ledger/state/wireWriter.ts';
import type { ChaincodeInvocation } from '../chaincodeSupport.ts';

const { Type } = peer.ChaincodeMessage;
const TYPE_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(Type).map(([name, value]): [number, string] => [value, name]),
);

/** What newer shims are offered (`chaincode.runtimeParams`). */
export interface BatchOptions {
  readonly useWriteBatch: boolean;
  readonly maxSizeWriteBatch: number;
  readonly useGetMultipleKeys: boolean;
  readonly maxSizeGetMultipleKeys: number;
}

const NOTHING = new Uint8Array(0);

/** Begins the error of a transaction that its chaincode answered with an ERROR message. */
export const FAILURE = 'transaction returned with failure: ';

/** As errors name a type of message. */
export function nameOf(type: number): string {
  return TYPE_NAMES.get(type) ?? String(type);
}

/** A serialised `protos.ChaincodeMessage`, as are all below. Written by hand: each transaction has a handful of them. */
export function plainMessage(type: number): Uint8Array {
  return chaincodeMessage(type, NOTHING, '', '');
}

export function readyMessage(options: BatchOptions): Uint8Array {
  const parameters = new peer.ChaincodeAdditionalParams();
  parameters.setUseWriteBatch(options.useWriteBatch);
  parameters.setMaxSizeWriteBatch(options.maxSizeWriteBatch);
  parameters.setUseGetMultipleKeys(options.useGetMultipleKeys);
  parameters.setMaxSizeGetMultipleKeys(options.maxSizeGetMultipleKeys);
  return chaincodeMessage(Type.READY, parameters.serializeBinary(), '', '');
}

export function transactionMessage({ kind, input, txId, channelId, signedProposal }: ChaincodeInvocation): Uint8Array {
  const type = kind === 'init' ? Type.INIT : Type.TRANSACTION;
  return chaincodeMessage(type, input.serializeBinary(), txId, channelId, signedProposal);
}

export function responseTo(request: peer.ChaincodeMessage, payload: Uint8Array): Uint8Array {
  return chaincodeMessage(Type.RESPONSE, payload, request.getTxid(), request.getChannelId());
}

export function errorFor(request: peer.ChaincodeMessage, reason: string): Uint8Array {
  const text = `${nameOf(request.getType())} failed: transaction ID: ${request.getTxid()}: ${reason}`;
  return chaincodeMessage(Type.ERROR, Buffer.from(text), request.getTxid(), request.getChannelId());
}

function chaincodeMessage(
  type: number,
  payload: Uint8Array,
  txId: string,
  channelId: string,
  proposal?: peer.SignedProposal,
): Uint8Array {
  const bytes = proposal?.getProposalBytes_asU8() ?? NOTHING;
  const writer = new WireWriter(payload.length + bytes.length + 512);
  writer.number(1, type).bytes(3, payload).string(4, txId);
  if (proposal !== undefined) {
    writer.message(5, (signed) => signed.bytes(1, bytes).bytes(2, proposal.getSignature_asU8()));
  }
  return writer.string(7, channelId).finish();
}

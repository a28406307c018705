import { peer } from '@hyperledger/fabric-protos';
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

/** Begins the error of a transaction that its chaincode answered with an ERROR message. */
export const FAILURE = 'transaction returned with failure: ';

/** As errors name a type of message. */
export function nameOf(type: number): string {
  return TYPE_NAMES.get(type) ?? String(type);
}

export function plainMessage(type: (typeof Type)[keyof typeof Type]): peer.ChaincodeMessage {
  const message = new peer.ChaincodeMessage();
  message.setType(type);
  return message;
}

export function readyMessage(options: BatchOptions): peer.ChaincodeMessage {
  const parameters = new peer.ChaincodeAdditionalParams();
  parameters.setUseWriteBatch(options.useWriteBatch);
  parameters.setMaxSizeWriteBatch(options.maxSizeWriteBatch);
  parameters.setUseGetMultipleKeys(options.useGetMultipleKeys);
  parameters.setMaxSizeGetMultipleKeys(options.maxSizeGetMultipleKeys);
  const message = plainMessage(Type.READY);
  message.setPayload(parameters.serializeBinary());
  return message;
}

export function transactionMessage(invocation: ChaincodeInvocation): peer.ChaincodeMessage {
  const message = plainMessage(invocation.kind === 'init' ? Type.INIT : Type.TRANSACTION);
  message.setPayload(invocation.input.serializeBinary());
  message.setTxid(invocation.txId);
  message.setChannelId(invocation.channelId);
  message.setProposal(invocation.signedProposal);
  return message;
}

export function responseTo(request: peer.ChaincodeMessage, payload: Uint8Array): peer.ChaincodeMessage {
  const message = plainMessage(Type.RESPONSE);
  message.setPayload(payload);
  message.setTxid(request.getTxid());
  message.setChannelId(request.getChannelId());
  return message;
}

export function errorFor(request: peer.ChaincodeMessage, reason: string): peer.ChaincodeMessage {
  const message = plainMessage(Type.ERROR);
  const text = `${nameOf(request.getType())} failed: transaction ID: ${request.getTxid()}: ${reason}`;
  message.setPayload(Buffer.from(text));
  message.setTxid(request.getTxid());
  message.setChannelId(request.getChannelId());
  return message;
}

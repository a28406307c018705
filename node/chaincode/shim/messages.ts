import { peer } from '@hyperledger/fabric-protos';
import { WireWriter } from '#node/ledger/state/wireWriter.ts';
import type { SignedProposalMessage } from '#node/protos/proposalMessages.ts';
import type { ChaincodeEventMessage, ChaincodeMessage } from '#node/protos/shimMessages.ts';
import type { ResponseMessage } from '#node/protos/transactionMessages.ts';
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
  const size = input.args.reduce((sum, one) => sum + one.length + 6, 0);
  const writer = new WireWriter(size + 16);
  for (const one of input.args) {
    writer.element(1, one);
  }
  return chaincodeMessage(type, writer.bool(3, input.isInit).finish(), txId, channelId, signedProposal);
}

export function responseTo({ txId, channelId }: ChaincodeMessage, payload: Uint8Array): Uint8Array {
  return chaincodeMessage(Type.RESPONSE, payload, txId, channelId);
}

export function errorFor({ type, txId, channelId }: ChaincodeMessage, reason: string): Uint8Array {
  const text = `${nameOf(type)} failed: transaction ID: ${txId}: ${reason}`;
  return chaincodeMessage(Type.ERROR, Buffer.from(text), txId, channelId);
}

/** What another chaincode came to, or in place of its answer why it failed: as it would have sent it. */
export function answerOfCalled(
  transaction: { readonly txId: string; readonly channelId: string },
  answer: { readonly response: ResponseMessage; readonly event: ChaincodeEventMessage | null } | string,
): Uint8Array {
  const { txId, channelId } = transaction;
  if (typeof answer === 'string') {
    return chaincodeMessage(Type.ERROR, Buffer.from(answer), txId, channelId);
  }
  return chaincodeMessage(Type.COMPLETED, encodeResponse(answer.response), txId, channelId, undefined, answer.event);
}

/** A serialised `protos.Response` */
export function encodeResponse({ status, message, payload }: ResponseMessage): Uint8Array {
  return new WireWriter(payload.length + 64).int32(1, status).string(2, message).bytes(3, payload).finish();
}

/** A serialised `protos.ChaincodeEvent` */
export function encodeEvent({ chaincodeId, txId, eventName, payload }: ChaincodeEventMessage): Uint8Array {
  return new WireWriter(payload.length + 256)
    .string(1, chaincodeId)
    .string(2, txId)
    .string(3, eventName)
    .bytes(4, payload)
    .finish();
}

function chaincodeMessage(
  type: number,
  payload: Uint8Array,
  txId: string,
  channelId: string,
  proposal?: SignedProposalMessage,
  event: ChaincodeEventMessage | null = null,
): Uint8Array {
  const bytes = proposal?.proposalBytes ?? NOTHING;
  const writer = new WireWriter(payload.length + bytes.length + 512);
  writer.number(1, type).bytes(3, payload).string(4, txId);
  if (proposal !== undefined) {
    writer.message(5, (signed) => signed.bytes(1, bytes).bytes(2, proposal.signature));
  }
  if (event !== null) {
    writer.element(6, encodeEvent(event));
  }
  return writer.string(7, channelId).finish();
}

import { common } from '@hyperledger/fabric-protos';
import type { BlockView } from '#node/protos/blockView.ts';
import type { EnvelopeView } from '#node/protos/envelopeView.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import { LENGTH, StrictReader } from '#node/protos/strictReader.ts';

const PAYLOAD_TAG = 0x0a;
const SIGNATURE_TAG = 0x12;

/** Whether a block is one configuration and nothing else: only such a block may change the channel. */
export function isConfigBlock(block: BlockView): boolean {
  const [first] = block.envelopes;
  if (first === undefined || block.envelopes.length !== 1) {
    return false;
  }
  try {
    return first.channelHeader.type === common.HeaderType.CONFIG;
  } catch (error) {
    if (error instanceof ProtoError) {
      return false;
    }
    throw error;
  }
}

/**
 * A block's data hash is taken over envelopes as they are carried, so that one transaction could be carried in many forms. Fabric
 * (protoutil `VerifyTransactionsAreWellFormed`) takes only the one that its own marshaller writes: payload, signature, both not
 * empty, nothing else of theirs.
 * @returns null, or what is wrong with the first one that is not
 */
export function transactionsNotWellFormed(block: BlockView): string | null {
  if (block.envelopes.length === 0) {
    return 'no transactions';
  }
  if (isConfigBlock(block)) {
    return null;
  }
  for (const [index, envelope] of block.envelopes.entries()) {
    const wrong = envelopeNotWellFormed(envelope);
    if (wrong !== null) {
      return `transaction ${index} ${wrong}`;
    }
  }
  return null;
}

function envelopeNotWellFormed(envelope: EnvelopeView): string | null {
  let payload: Uint8Array;
  let signature: Uint8Array;
  try {
    payload = envelope.payloadBytes;
    signature = envelope.signature;
  } catch (error) {
    if (error instanceof ProtoError) {
      return `is no envelope: ${error.message}`;
    }
    throw error;
  }
  if (payload.length === 0) {
    return 'has no payload';
  }
  if (signature.length === 0) {
    return 'has no signature';
  }
  const { bytes } = envelope;
  const afterPayload = fieldAt(bytes, 0, PAYLOAD_TAG, payload.length);
  const afterSignature = afterPayload < 0 ? -1 : fieldAt(bytes, afterPayload, SIGNATURE_TAG, signature.length);
  if (afterSignature < 0) {
    return 'is not in the form that a marshaller writes';
  }
  if (afterSignature === bytes.length) {
    return null;
  }
  return othersAsWritten(bytes.subarray(afterSignature)) ? null : 'goes on with what no marshaller writes there';
}

/**
 * What is not known, fields of other wire types among it, stays behind what is known, each with the shortest tag. Known fields may
 * not come again.
 */
function othersAsWritten(bytes: Uint8Array): boolean {
  const reader = new StrictReader(bytes, 'common.Envelope');
  for (let start = 0; reader.nextField(); start = reader.position) {
    const [field, wire] = [reader.getFieldNumber(), reader.getWireType()];
    if ((wire === LENGTH && field <= 2) || reader.position - start !== varintSize(field * 8 + wire)) {
      return false;
    }
    reader.skipField();
  }
  return true;
}

function varintSize(value: number): number {
  return value < 0x80 ? 1 : 1 + varintSize(Math.floor(value / 0x80));
}

/** Where a field ends that starts at `at`, with the shortest length that says `length`; -1 if it is not that. */
function fieldAt(bytes: Uint8Array, at: number, tag: number, length: number): number {
  if (bytes[at] !== tag) {
    return -1;
  }
  let position = at + 1;
  let rest = length;
  while (rest >= 0x80) {
    if (bytes[position++] !== ((rest % 0x80) | 0x80)) {
      return -1;
    }
    rest = Math.floor(rest / 0x80);
  }
  return bytes[position++] === rest ? position + length : -1;
}

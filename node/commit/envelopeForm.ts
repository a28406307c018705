import { common } from '@hyperledger/fabric-protos';
import type { BlockView } from '#node/protos/blockView.ts';
import type { EnvelopeView } from '#node/protos/envelopeView.ts';
import { ProtoError } from '#node/protos/protoError.ts';

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
  // Fields of later releases stay where a marshaller puts them: behind those it knows. Known ones may not come again.
  return repeatsKnownField(bytes, afterSignature) ? 'repeats its payload or signature' : null;
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

/** The envelope was decoded before: its bytes are fields from here to their end. */
function repeatsKnownField(bytes: Uint8Array, from: number): boolean {
  let position = from;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; position < bytes.length; scale *= 0x80) {
      const byte = bytes[position++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        break;
      }
    }
    return value;
  };
  while (position < bytes.length) {
    const tag = varint();
    if (tag >>> 3 === 1 || tag >>> 3 === 2) {
      return true;
    }
    const wire = tag & 7;
    if (wire === 0) {
      varint();
    } else if (wire === 1) {
      position += 8;
    } else if (wire === 2) {
      position += varint();
    } else if (wire === 5) {
      position += 4;
    }
    // The tags of a group count as fields of their own: what is within is looked at as well, which only errs on the safe side.
  }
  return false;
}

import type { EnvelopeView } from '#node/protos/envelopeView.ts';
import { ProtoError } from '#node/protos/protoError.ts';

/**
 * The ID under which a block store knows a transaction: the one that its header claims, else the one that creator and nonce
 * make, else (malformed) the empty one. As Fabric's `GetOrComputeTxIDFromEnvelope`; snapshots list the same IDs.
 */
export function txIdOf(envelope: EnvelopeView): string {
  try {
    return envelope.channelHeader.txId || envelope.computedTxId;
  } catch (error) {
    if (error instanceof ProtoError) {
      return '';
    }
    throw error;
  }
}

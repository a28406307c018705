import { common } from '@hyperledger/fabric-protos';
import type { CallContext } from '#node/grpc/service.ts';
import type { SignedData } from '#node/policy/policy.ts';
import { EnvelopeView } from '#node/protos/envelopeView.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';

export interface EnvelopeRules {
  /** How far the client's clock may be from ours. */
  readonly timeWindowMs: number;
  /** Whether the envelope must name the TLS certificate of the connection. */
  readonly mutualTls: boolean;
}

/** An envelope that may be looked at: its headers are there, its time is now, and it came over the connection it was made for. */
export interface CheckedEnvelope {
  readonly channelId: string;
  readonly signed: SignedData;
  /** Bytes that should be an `orderer.SeekInfo`. */
  readonly data: Uint8Array;
}

/**
 * Everything that can be said of a request before its channel is looked up. Signatures are the access control's.
 * @returns why it is a bad request
 */
export function checkEnvelope(
  bytes: Uint8Array,
  context: Pick<CallContext, 'certificate'>,
  rules: EnvelopeRules,
  now: number,
): CheckedEnvelope | string {
  try {
    const envelope = EnvelopeView.fromBytes(bytes);
    const { channelHeader, signatureHeader } = envelope;
    const { timestamp } = channelHeader;
    if (timestamp === null) {
      return 'channel header in envelope must contain timestamp';
    }
    const at = timestamp.seconds * 1000 + timestamp.nanos / 1e6;
    if (!(Math.abs(now - at) <= rules.timeWindowMs)) {
      return `envelope timestamp ${at / 1000} is more than ${rules.timeWindowMs} ms apart from current server time ${now / 1000}`;
    }
    const unbound = rules.mutualTls ? whyUnbound(channelHeader.tlsCertHash, context) : null;
    if (unbound !== null) {
      return unbound;
    }
    const signed = { data: envelope.payloadBytes, identity: signatureHeader.creator, signature: envelope.signature };
    const payload = decodeMessage(common.Payload, envelope.payloadBytes, 'common.Payload');
    return { channelId: channelHeader.channel, signed, data: payload.getData_asU8() };
  } catch (error) {
    if (error instanceof ProtoError) {
      return error.message;
    }
    throw error;
  }
}

/** An envelope that was copied off one connection is of no use on another. */
function whyUnbound(claimed: Uint8Array, { certificate }: Pick<CallContext, 'certificate'>): string | null {
  if (claimed.length === 0) {
    return "client didn't include its TLS cert hash";
  }
  if (certificate === null) {
    return "client didn't send a TLS certificate";
  }
  return Buffer.compare(claimed, certificate.hash) === 0
    ? null
    : `claimed TLS cert hash is ${hex(claimed)} but actual TLS cert hash is ${hex(certificate.hash)}`;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

import { randomBytes } from 'node:crypto';
import { common, orderer } from '@hyperledger/fabric-protos';
import { MessageWriter } from '#node/channel/wire.ts';
import type { Signer } from '#node/crypto/sign.ts';

const { SeekBehavior, SeekErrorResponse, SeekContentType } = orderer.SeekInfo;

/** What a client asks of a Deliver service. */
export interface SeekRequest {
  readonly channelId: string;
  /** First block, or where the chain is now. */
  readonly from: number | 'oldest' | 'newest' | 'next_commit';
  /** Last block; absent: for ever. */
  readonly to?: number | 'newest';
  /** Of blocks that are no configuration only header and metadata. */
  readonly headersOnly?: boolean;
  /** Rather NOT_FOUND than waiting. */
  readonly failIfNotReady?: boolean;
  /** Also what a chain has that cannot go on. */
  readonly bestEffort?: boolean;
  /** SHA-256 of the client's TLS certificate: binds the request to the connection. */
  readonly tlsCertHash?: Uint8Array;
  /** Default: now. */
  readonly at?: Date;
}

/** 2^64 - 1: a number that no chain reaches, and that the generated classes cannot write. */
const FOR_EVER = 0xffff_ffff_ffff_ffffn;

/** A signed `common.Envelope` of type DELIVER_SEEK_INFO. */
export async function seekEnvelope(request: SeekRequest, signer: Signer): Promise<Uint8Array> {
  const milliseconds = (request.at ?? new Date()).getTime();
  const seconds = Math.floor(milliseconds / 1000);
  const timestamp = new MessageWriter().uint(1, seconds).uint(2, (milliseconds - seconds * 1000) * 1e6);
  const channelHeader = new MessageWriter()
    .uint(1, common.HeaderType.DELIVER_SEEK_INFO)
    .message(3, timestamp.finish())
    .text(4, request.channelId)
    .bytes(8, request.tlsCertHash ?? new Uint8Array(0));
  const signatureHeader = new MessageWriter().bytes(1, signer.identity).bytes(2, randomBytes(24));
  const header = new MessageWriter().message(1, channelHeader.finish()).message(2, signatureHeader.finish());
  const payload = new MessageWriter().message(1, header.finish()).message(2, seekInfo(request)).finish();
  return new MessageWriter()
    .message(1, payload)
    .message(2, await signer.sign(payload))
    .finish();
}

function seekInfo({ from, to, failIfNotReady, bestEffort, headersOnly }: SeekRequest): Uint8Array {
  return new MessageWriter()
    .message(1, position(from))
    .message(2, position(to ?? FOR_EVER))
    .uint(3, failIfNotReady === true ? SeekBehavior.FAIL_IF_NOT_READY : SeekBehavior.BLOCK_UNTIL_READY)
    .uint(4, bestEffort === true ? SeekErrorResponse.BEST_EFFORT : SeekErrorResponse.STRICT)
    .uint(5, headersOnly === true ? SeekContentType.HEADER_WITH_SIG : SeekContentType.BLOCK)
    .finish();
}

/** An `orderer.SeekPosition`. */
function position(at: SeekRequest['from'] | bigint): Uint8Array {
  const NOTHING = new Uint8Array(0);
  switch (at) {
    case 'newest':
      return new MessageWriter().message(1, NOTHING).finish();
    case 'oldest':
      return new MessageWriter().message(2, NOTHING).finish();
    case 'next_commit':
      return new MessageWriter().message(4, NOTHING).finish();
    default:
      return new MessageWriter().message(3, new MessageWriter().uint(1, at).finish()).finish();
  }
}

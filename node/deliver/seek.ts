import { orderer } from '@hyperledger/fabric-protos';
import { decodeMessage } from '#node/protos/strictReader.ts';
import type { Chain } from './chain.ts';

const { SeekBehavior, SeekErrorResponse, SeekContentType } = orderer.SeekInfo;
const { TypeCase } = orderer.SeekPosition;

/** A place in a chain, as a client names it. Numbers beyond 2^53 are some number beyond 2^53: no chain gets there. */
export type SeekPosition =
  | { readonly kind: 'newest' | 'oldest' | 'next_commit' | 'none' }
  | { readonly kind: 'specified'; readonly number: number };

/** An `orderer.SeekInfo`: which blocks a client asks for, and how. */
export interface Seek {
  /** Null where the client left it out. */
  readonly start: SeekPosition | null;
  readonly stop: SeekPosition | null;
  /** Ends with NOT_FOUND instead of waiting for a block that is not there yet. */
  readonly failIfNotReady: boolean;
  /** Goes on while the chain itself cannot. */
  readonly bestEffort: boolean;
  /** Of blocks that are no configuration only header and metadata. */
  readonly headersOnly: boolean;
}

/** @throws ProtoError */
export function readSeek(bytes: Uint8Array): Seek {
  const message = decodeMessage(orderer.SeekInfo, bytes, 'orderer.SeekInfo');
  return {
    start: positionOf(message.getStart()),
    stop: positionOf(message.getStop()),
    failIfNotReady: message.getBehavior() === SeekBehavior.FAIL_IF_NOT_READY,
    bestEffort: message.getErrorResponse() === SeekErrorResponse.BEST_EFFORT,
    headersOnly: message.getContentType() === SeekContentType.HEADER_WITH_SIG,
  };
}

function positionOf(position: orderer.SeekPosition | undefined): SeekPosition | null {
  switch (position?.getTypeCase()) {
    case undefined:
      return null;
    case TypeCase.NEWEST:
      return { kind: 'newest' };
    case TypeCase.OLDEST:
      return { kind: 'oldest' };
    case TypeCase.SPECIFIED:
      return { kind: 'specified', number: position?.getSpecified()?.getNumber() ?? 0 };
    case TypeCase.NEXT_COMMIT:
      return { kind: 'next_commit' };
    default:
      return { kind: 'none' };
  }
}

/** First block of what was asked for; null for one that the chain will not have, or not have next. */
export function startOf(position: SeekPosition, chain: Chain): number | null {
  switch (position.kind) {
    case 'oldest':
      // Of a chain that was begun from a snapshot, as in Fabric, the oldest block is not to be had.
      return chain.firstBlock === 0 ? 0 : null;
    case 'newest':
      return chain.height === 0 ? null : Math.max(chain.height - 1, chain.firstBlock);
    case 'specified':
      return position.number >= chain.firstBlock && position.number <= chain.height ? position.number : null;
    case 'next_commit':
      return chain.height;
    default:
      return null;
  }
}

/**
 * Last block of what was asked for: delivery ends when exactly that one was sent, so that a number below the first block means for
 * ever. Null: the client asked for an end before the beginning.
 *
 * A stop that is no position of a last block counts as 0, as in Fabric's handler.
 */
export function stopOf(
  stop: SeekPosition,
  start: { readonly position: SeekPosition; readonly number: number },
  chain: Chain,
): number | null {
  switch (stop.kind) {
    case 'oldest':
      return start.number;
    case 'newest':
      // Who asks for the newest block alone gets one, even if the chain grew since.
      return start.position.kind === 'newest' ? start.number : chain.height - 1;
    case 'specified':
      return stop.number < start.number ? null : stop.number;
    default:
      return 0;
  }
}

import { CodedError } from '#node/util/codedError.ts';

/**
 * Why a channel cannot be joined, or a snapshot not be asked for.
 *
 * - `exists`: the peer is in that channel already; `joining`: a channel is being begun from a snapshot, one at a time;
 * - `bad_genesis`: the block begins no channel that this peer can be in; `bad_snapshot`: the folder holds no snapshot that it can begin from;
 * - `snapshot_request`: no such request, a second one, or one for a block that is gone by; `closed`: the peer is about to end.
 */
export type PeerChannelErrorCode =
  | 'exists'
  | 'joining'
  | 'bad_genesis'
  | 'bad_snapshot'
  | 'snapshot_request'
  | 'closed';

/** What the channels of a peer throw, apart from errors of the ledger. Messages are worded as Fabric words them. */
export class PeerChannelError extends CodedError<PeerChannelErrorCode> {
  override readonly name = 'PeerChannelError';
}

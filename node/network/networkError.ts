import { CodedError } from '#node/util/codedError.ts';

export type NetworkErrorCode =
  /** A folder of this network is there already. */
  | 'exists'
  /** There is no network in this folder. */
  | 'not_found'
  /** The layout, or a channel's profile, cannot be used. */
  | 'bad_layout'
  /** A port that the layout names is in use. */
  | 'port_taken'
  /** A process ended before it was ready, or did not become ready in time. */
  | 'not_ready'
  /** A process is there that is not known to be of this network. */
  | 'foreign_process'
  /** A node refused what the network needs. */
  | 'refused'
  /** Reading or writing the network's folder failed. */
  | 'io';

/** The one error of this folder: what a user can act on, in a sentence. */
export class NetworkError extends CodedError<NetworkErrorCode> {
  override readonly name = 'NetworkError';
}

import type { Network } from '../network/network.ts';

/** What `assemble` knows beside the records of the transaction itself. Plain data, so that `assemble` stays pure. */
export interface AssembleContext {
  readonly channel: string;
  readonly txId: string;
  /** Made by `buildNetwork` from the network-scope records; made from those among the given records if absent. */
  readonly network?: Network;
  /** Highest block that each peer (`service.node.name`) committed in the channel; told by the records given if absent. */
  readonly heights?: ReadonlyMap<string, number>;
  /** Other transactions of the channel begin with the same shortened ID, so records that carry only that are nobody's. */
  readonly ambiguousPrefix?: true;
}

import type { Identity, PartialIdentity } from '../identity.ts';
import type { ChaincodeDefinition, ChannelConfig } from '../record.ts';
import type { LeaderTerm } from '../store/traceStore.ts';
import type { StreamBreak } from './streamBreaks.ts';

/** A node as all network facts together describe it. */
export interface NetworkNode extends Identity {
  readonly names: readonly string[];
  readonly addresses: readonly string[];
  readonly pkiId: string | null;
  /** Times of `node.start`, ascending. */
  readonly starts: readonly string[];
}

/** From which orderer a peer pulls a channel's blocks, from when on. */
export interface Subscription {
  readonly peer: string;
  readonly orderer: string;
  readonly from: string;
  readonly nextBlock: number | null;
}

/** The network as its facts describe it: who is behind an address, who led when, which policy held. Immutable. */
export interface Network {
  /** The canonical identity; one made of what is known (never null) when nothing more is. Addresses are compared with `localhost` = `127.0.0.1`. */
  resolve(partial: PartialIdentity): Identity;
  readonly nodes: readonly NetworkNode[];
  /** Sorted by start. */
  leaders(channel: string): readonly LeaderTerm[];
  /** Sorted by start. */
  subscriptions(channel: string): readonly Subscription[];
  /** The chaincode's definition in force for a transaction in block `block` (definitions of earlier blocks); null if unknown. */
  definition(channel: string, chaincode: string, block: number): ChaincodeDefinition | null;
  config(channel: string, block: number): ChannelConfig | null;
  /** What is wrong with the nodes' record streams, sorted by time. */
  readonly streamBreaks: readonly StreamBreak[];
}

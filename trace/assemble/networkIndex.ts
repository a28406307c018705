import type { Network } from '../network/network.ts';
import { parseMicros } from './time.ts';

/** A time during which a peer pulled a channel's blocks from an orderer. */
export interface PullInterval {
  readonly peer: string;
  readonly orderer: string;
  readonly from: number;
  /** Exclusive; Infinity while it lasts. */
  readonly to: number;
  readonly nextBlock: number | null;
}

interface NetworkIndex {
  readonly nodes: ReadonlySet<string>;
  readonly starts: ReadonlyMap<string, readonly number[]>;
  readonly pulls: Map<string, ReadonlyMap<string, readonly PullInterval[]>>;
  readonly channelPeers: Map<string, readonly string[]>;
}

/** What depends on the network alone, made once for each. */
const indexes = new WeakMap<Network, NetworkIndex>();

function indexOf(network: Network): NetworkIndex {
  let index = indexes.get(network);
  if (!index) {
    index = {
      nodes: new Set(network.nodes.map(({ id }) => id)),
      starts: new Map(network.nodes.map(({ id, starts }) => [id, starts.map(parseMicros)])),
      pulls: new Map(),
      channelPeers: new Map(),
    };
    indexes.set(network, index);
  }
  return index;
}

export const isKnownNode = (network: Network, id: string): boolean => indexOf(network).nodes.has(id);

const NONE: readonly number[] = [];
/** Raw times at which the node's process started, ascending. */
export const startsOf = (network: Network, id: string): readonly number[] => indexOf(network).starts.get(id) ?? NONE;

/**
 * When each peer pulled from which orderer. A subscription lasts until the peer's next one, until its process starts again or
 * until it ceases to lead its organisation, whichever comes first.
 */
export function pullsOf(network: Network, channel: string): ReadonlyMap<string, readonly PullInterval[]> {
  const { pulls, starts } = indexOf(network);
  const known = pulls.get(channel);
  if (known) return known;
  const byPeer = new Map<string, PullInterval[]>();
  const terms = network.leaders(channel).filter(({ kind }) => kind === 'gossip');
  for (const { peer, orderer, from: since, nextBlock } of network.subscriptions(channel)) {
    const from = parseMicros(since);
    let to = starts.get(peer)?.find((start) => start > from) ?? Infinity;
    const term = terms.findLast((one) => one.node === peer && parseMicros(one.from) <= from);
    if (term?.to !== undefined && term.to !== null) {
      const end = parseMicros(term.to);
      // Peers that pull although another leads their organisation (block gossip off) are in no term.
      if (end > from) to = Math.min(to, end);
    }
    const list = byPeer.get(peer) ?? [];
    const before = list.at(-1);
    if (before && before.to > from) list[list.length - 1] = { ...before, to: from };
    list.push({ peer, orderer, from, to, nextBlock });
    byPeer.set(peer, list);
  }
  pulls.set(channel, byPeer);
  return byPeer;
}

/** Peers that have led or pulled in the channel. */
export function channelPeers(network: Network, channel: string): readonly string[] {
  const { channelPeers: known } = indexOf(network);
  let peers = known.get(channel);
  if (!peers) {
    const leaders = network.leaders(channel).filter(({ kind }) => kind === 'gossip');
    const all = [...leaders.map(({ node }) => node), ...network.subscriptions(channel).map(({ peer }) => peer)];
    peers = [...new Set(all)];
    known.set(channel, peers);
  }
  return peers;
}

/** From where the peer pulled at a raw time of its own clock; null if from nobody known. */
export function pullAt(network: Network, channel: string, peer: string, at: number): PullInterval | null {
  return (
    pullsOf(network, channel)
      .get(peer)
      ?.findLast(({ from, to }) => from <= at && at < to) ?? null
  );
}

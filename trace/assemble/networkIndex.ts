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

/** The last start of the node's process up to a raw time of its own clock; null if none is known. */
export function startBefore(network: Network, id: string, at: number): number | null {
  const starts = indexOf(network).starts.get(id) ?? [];
  return starts[countUntil(starts, (start) => start <= at) - 1] ?? null;
}

/** How many hold, if those that hold come first; logarithmic, since flapping nodes have long histories. */
function countUntil<T>(list: readonly T[], holds: (item: T) => boolean): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(list[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * When each peer pulled from which orderer. A subscription lasts until the peer's next one, until its process starts again or
 * until it ceases to lead its organisation, whichever comes first.
 */
export function pullsOf(network: Network, channel: string): ReadonlyMap<string, readonly PullInterval[]> {
  const { pulls, starts } = indexOf(network);
  const known = pulls.get(channel);
  if (known) return known;
  const byPeer = new Map<string, PullInterval[]>();
  const terms = termsByNode(network, channel);
  for (const { peer, orderer, from: since, nextBlock } of network.subscriptions(channel)) {
    const from = parseMicros(since);
    const ownStarts = starts.get(peer) ?? [];
    const ownTerms = terms.get(peer) ?? [];
    let to = ownStarts[countUntil(ownStarts, (start) => start <= from)] ?? Infinity;
    const term = ownTerms[countUntil(ownTerms, (one) => one.from <= from) - 1];
    // Peers that pull although another leads their organisation (block gossip off) are in no term.
    if (term !== undefined && term.to > from) to = Math.min(to, term.to);
    const list = byPeer.get(peer) ?? [];
    const before = list.at(-1);
    if (before && before.to > from) list[list.length - 1] = { ...before, to: from };
    list.push({ peer, orderer, from, to, nextBlock });
    byPeer.set(peer, list);
  }
  pulls.set(channel, byPeer);
  return byPeer;
}

/** Each peer's terms as leader of its organisation, ascending. */
function termsByNode(network: Network, channel: string): ReadonlyMap<string, readonly { from: number; to: number }[]> {
  const terms = new Map<string, { from: number; to: number }[]>();
  for (const { kind, node, from, to } of network.leaders(channel)) {
    if (kind !== 'gossip') continue;
    const term = { from: parseMicros(from), to: to === null ? Infinity : parseMicros(to) };
    const list = terms.get(node);
    if (list) list.push(term);
    else terms.set(node, [term]);
  }
  return terms;
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
  const intervals = pullsOf(network, channel).get(peer);
  if (!intervals) return null;
  const interval = intervals[countUntil(intervals, ({ from }) => from <= at) - 1];
  return interval !== undefined && at < interval.to ? interval : null;
}

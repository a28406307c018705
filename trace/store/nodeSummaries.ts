import type { Network } from '../network/network.ts';
import { formatTime } from './time.ts';
import type { NodeSummary } from './traceStore.ts';

/** What is known of one record stream; times in microseconds. */
export interface StreamSeen {
  /** The writer's name (`service.node.name`). */
  readonly name: string;
  readonly type: string | null;
  readonly first: number;
  readonly last: number;
}

/** Highest block that a writer committed in a channel. */
export interface HeightSeen {
  readonly channel: string;
  /** The writer's name. */
  readonly node: string;
  readonly block: number;
}

/**
 * Nodes that facts describe, and those known only because they write or are named in a stream. Sorted by ID.
 * @param streams sorted by name
 * @param heights as `heightsByPeer` gives them
 */
export function nodeSummaries(
  network: Network,
  streams: readonly StreamSeen[],
  heights: ReadonlyMap<string, ReadonlyMap<string, number>>,
): NodeSummary[] {
  const nodes = new Map<string, NodeSummary>();
  for (const { names: _names, addresses: _addresses, pkiId, starts, ...identity } of network.nodes) {
    nodes.set(identity.id, { ...identity, pkiId, starts, ...UNSEEN });
  }
  const seenBy = new Map<string, { readonly first: number; readonly last: number }>();
  for (const { name, type, first, last } of streams) {
    const kind = type === 'fabric-orderer' ? 'orderer' : 'peer';
    const identity = network.resolve({ name, kind });
    if (!nodes.has(identity.id)) nodes.set(identity.id, { ...identity, pkiId: null, starts: [], ...UNSEEN });
    const seen = seenBy.get(identity.id);
    seenBy.set(identity.id, {
      first: Math.min(seen?.first ?? Infinity, first),
      last: Math.max(seen?.last ?? 0, last),
    });
  }
  const breaks = breaksByNode(network);
  return [...nodes.values()]
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map((node) => {
      const seen = seenBy.get(node.id);
      const inChannels = [...(heights.get(node.id) ?? [])]
        .map(([channel, block]) => ({ channel, height: block + 1 }))
        .toSorted((a, b) => (a.channel < b.channel ? -1 : 1));
      return Object.assign(node, {
        firstSeenAt: seen === undefined ? null : formatTime(seen.first),
        lastSeenAt: seen === undefined ? null : formatTime(seen.last),
        observed: seen !== undefined,
        channels: inChannels,
        streamBreaks: breaks.get(node.id) ?? [],
      });
    });
}

/** Peer ID to channel to the highest block it committed. */
export function heightsByPeer(network: Network, heights: readonly HeightSeen[]): Map<string, Map<string, number>> {
  const byPeer = new Map<string, Map<string, number>>();
  for (const { channel, node, block } of heights) {
    const peer = network.resolve({ kind: 'peer', name: node }).id;
    const channels = byPeer.get(peer) ?? new Map<string, number>();
    channels.set(channel, Math.max(channels.get(channel) ?? 0, block));
    byPeer.set(peer, channels);
  }
  return byPeer;
}

const UNSEEN = { firstSeenAt: null, lastSeenAt: null, observed: false, channels: [], streamBreaks: [] } as const;
/** Of one node, the newest. */
const MOST_BREAKS = 100;

function breaksByNode(network: Network): ReadonlyMap<string, NodeSummary['streamBreaks']> {
  const breaks = Map.groupBy(network.streamBreaks, ({ node }) => node);
  return new Map(
    [...breaks].map(([id, all]) => [id, all.slice(-MOST_BREAKS).map(({ node: _node, ...one }) => one)] as const),
  );
}

import type { Network } from '../../network/network.ts';
import type { ChannelSummary, LeaderTerm, NodeSummary } from '../traceStore.ts';
import type { Parts } from './parts.ts';
import { formatTime } from './time.ts';

interface Seen {
  first: number;
  last: number;
}

/** Nodes that facts describe, and those known only because they write or are named in a stream. Sorted by ID. */
export function listNodes(parts: Parts): NodeSummary[] {
  const { db, channels } = parts;
  const network = parts.facts.network();
  const nodes = new Map<string, NodeSummary>();
  for (const { names: _names, addresses: _addresses, pkiId, starts, ...identity } of network.nodes) {
    nodes.set(identity.id, { ...identity, pkiId, starts, ...UNSEEN });
  }
  const streams = new Map<string, Seen>();
  for (const [name, type, first, last] of db.all('SELECT name, type, first, last FROM stream ORDER BY name')) {
    const kind = type === 'fabric-orderer' ? 'orderer' : 'peer';
    const identity = network.resolve({ name: name as string, kind });
    if (!nodes.has(identity.id)) nodes.set(identity.id, { ...identity, pkiId: null, starts: [], ...UNSEEN });
    const seen = streams.get(identity.id);
    streams.set(identity.id, {
      first: Math.min(seen?.first ?? Infinity, first as number),
      last: Math.max(seen?.last ?? 0, last as number),
    });
  }
  const heights = heightsByPeer(parts);
  const breaks = breaksByNode(network);
  return [...nodes.values()]
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map((node) => {
      const seen = streams.get(node.id);
      const inChannels = [...(heights.get(node.id) ?? [])]
        .map(([key, block]) => ({ channel: channels.nameOf(key), height: block + 1 }))
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

const UNSEEN = { firstSeenAt: null, lastSeenAt: null, observed: false, channels: [], streamBreaks: [] } as const;
/** Of one node, the newest. */
const MOST_BREAKS = 100;

function breaksByNode(network: Network): ReadonlyMap<string, NodeSummary['streamBreaks']> {
  const breaks = Map.groupBy(network.streamBreaks, ({ node }) => node);
  return new Map(
    [...breaks].map(([id, all]) => [id, all.slice(-MOST_BREAKS).map(({ node: _node, ...one }) => one)] as const),
  );
}

export function listChannels(parts: Parts): ChannelSummary[] {
  const { db } = parts;
  const heights = heightsByPeer(parts);
  const traces = new Map(
    db
      .all(
        'SELECT shape.channel, sum(n) FROM (SELECT shape, count(*) AS n FROM summary GROUP BY shape) AS s JOIN shape ON shape.key = s.shape GROUP BY 1',
      )
      .map(([key, count]) => [key as number, count as number]),
  );
  return parts.channels.all().flatMap(({ key, name }) => {
    const highest = db.get('SELECT max(number) FROM block WHERE channel = ?', key)?.[0];
    return [
      {
        channel: name,
        height: typeof highest === 'number' ? highest + 1 : 0,
        peers: [...heights]
          .filter(([, channels]) => channels.has(key))
          .map(([peer]) => peer)
          .toSorted(),
        traces: traces.get(key) ?? 0,
      },
    ];
  });
}

/** Sorted by channel, then by start. */
export function listLeaders(parts: Parts, channel: string | undefined): LeaderTerm[] {
  const names = channel === undefined ? parts.channels.all().map(({ name }) => name) : [channel];
  return names.flatMap((name) => parts.facts.network().leaders(name));
}

/** Peer ID to channel key to the highest block it committed. */
function heightsByPeer(parts: Parts): Map<string, Map<number, number>> {
  const network = parts.facts.network();
  const heights = new Map<string, Map<number, number>>();
  for (const [channel, name, block] of parts.db.all('SELECT channel, node, block FROM height ORDER BY node')) {
    const peer = network.resolve({ kind: 'peer', name: name as string }).id;
    const channels = heights.get(peer) ?? new Map<number, number>();
    channels.set(channel as number, Math.max(channels.get(channel as number) ?? 0, block as number));
    heights.set(peer, channels);
  }
  return heights;
}

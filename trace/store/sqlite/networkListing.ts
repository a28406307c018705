import { heightsByPeer, nodeSummaries } from '../nodeSummaries.ts';
import type { ChannelSummary, LeaderTerm, NodeSummary } from '../traceStore.ts';
import type { Parts } from './parts.ts';

/** Nodes that facts describe, and those known only because they write or are named in a stream. Sorted by ID. */
export function listNodes(parts: Parts): NodeSummary[] {
  const network = parts.facts.network();
  const streams = parts.db
    .all('SELECT name, type, first, last FROM stream ORDER BY name')
    .map(([name, type, first, last]) => ({
      name: name as string,
      type: type as string | null,
      first: first as number,
      last: last as number,
    }));
  return nodeSummaries(network, streams, heights(parts));
}

export function listChannels(parts: Parts): ChannelSummary[] {
  const { db } = parts;
  const byPeer = heights(parts);
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
        peers: [...byPeer]
          .filter(([, channels]) => channels.has(name))
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

/** Peer ID to channel to the highest block it committed. */
function heights(parts: Parts): Map<string, Map<string, number>> {
  const rows = parts.db.all('SELECT channel, node, block FROM height ORDER BY node').map(([channel, node, block]) => ({
    channel: parts.channels.nameOf(channel as number),
    node: node as string,
    block: block as number,
  }));
  return heightsByPeer(parts.facts.network(), rows);
}

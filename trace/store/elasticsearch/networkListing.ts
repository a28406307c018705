import { type HeightSeen, heightsByPeer, nodeSummaries, type StreamSeen } from '../nodeSummaries.ts';
import type { ChannelSummary, LeaderTerm, NodeSummary } from '../traceStore.ts';
import type { StateDocument } from './documents.ts';
import type { Parts } from './parts.ts';

/** A hostile stream may name a channel per line; of more than so many, the heights and counts are not told. */
const MOST_CHANNELS = 10_000;

/** Nodes that facts describe, and those known only because they write or are named in a stream. Sorted by ID. */
export async function listNodes(parts: Parts): Promise<readonly NodeSummary[]> {
  const network = await parts.facts.network();
  const state = await stateOf(parts, ['first', 'last', 'type', 'height']);
  return nodeSummaries(network, streamsOf(state), heightsByPeer(network, heightsOf(state)));
}

export async function listChannels(parts: Parts): Promise<readonly ChannelSummary[]> {
  const { cluster, facts } = parts;
  const { names } = cluster;
  const network = await facts.network();
  const state = await stateOf(parts, ['channel', 'height']);
  await cluster.show(names.blocks, names.traces);
  const byChannel = { terms: { field: 'channel', size: MOST_CHANNELS } };
  const [blocks, traces] = await cluster.searches([
    {
      index: names.blocks,
      body: { size: 0, aggs: { channels: { ...byChannel, aggs: { highest: { max: { field: 'number' } } } } } },
    },
    { index: names.traces, body: { size: 0, aggs: { channels: byChannel } } },
  ]);
  const highest = new Map(bucketsOf(blocks).map(({ key, highest: max }) => [key, max?.value]));
  const counts = new Map(bucketsOf(traces).map(({ key, doc_count: count }) => [key, count]));
  const heights = heightsByPeer(network, heightsOf(state));
  return channelNames(state).map((channel) => ({
    channel,
    height: (highest.get(channel) ?? -1) + 1,
    peers: [...heights]
      .filter(([, channels]) => channels.has(channel))
      .map(([peer]) => peer)
      .toSorted(),
    traces: counts.get(channel) ?? 0,
  }));
}

/** Sorted by channel, then by start. */
export async function listLeaders(parts: Parts, channel: string | undefined): Promise<readonly LeaderTerm[]> {
  const network = await parts.facts.network();
  const channels = channel === undefined ? channelNames(await stateOf(parts, ['channel'])) : [channel];
  return channels.flatMap((name) => network.leaders(name));
}

interface Bucket {
  readonly key: string;
  readonly doc_count: number;
  readonly highest?: { readonly value: number | null };
}

function bucketsOf(
  answer: { readonly aggregations: Readonly<Record<string, unknown>> } | undefined,
): readonly Bucket[] {
  const { buckets } = (answer?.aggregations['channels'] ?? { buckets: [] }) as { readonly buckets: readonly Bucket[] };
  return buckets;
}

async function stateOf({ cluster }: Parts, kinds: readonly StateDocument['kind'][]): Promise<readonly StateDocument[]> {
  const { state } = cluster.names;
  await cluster.show(state);
  const hits = await cluster.all<StateDocument>(state, { query: { terms: { kind: kinds } } });
  return hits.map(({ source }) => source);
}

function channelNames(state: readonly StateDocument[]): string[] {
  const channels = state.filter((document) => document.kind === 'channel');
  return channels.map(({ channel }) => channel).toSorted();
}

/** By node. */
function heightsOf(state: readonly StateDocument[]): HeightSeen[] {
  return state
    .flatMap((document) => (document.kind === 'height' ? [document] : []))
    .toSorted((a, b) => (a.node < b.node ? -1 : 1));
}

/** By name. */
function streamsOf(state: readonly StateDocument[]): StreamSeen[] {
  const streams = new Map<string, { name: string; type: string | null; first: number; last: number }>();
  for (const document of state) {
    if (document.kind !== 'first' && document.kind !== 'last' && document.kind !== 'type') continue;
    const { node: name } = document;
    const stream = streams.get(name) ?? { name, type: null, first: Infinity, last: -Infinity };
    streams.set(name, stream);
    if (document.kind !== 'type') {
      stream.first = Math.min(stream.first, document.time);
      stream.last = Math.max(stream.last, document.time);
    } else if (stream.type === null || document.type < stream.type) {
      stream.type = document.type;
    }
  }
  return [...streams.values()].filter(({ first }) => first !== Infinity).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

import type { MonitoringState, NetworkNode, NodeHealth } from '../api/types.ts';
import { formatClock } from './time.ts';

/** Metrics are read every few seconds: what is older is of a node that tells no more. */
const OLD_MS = 60_000;

/** How far a node is on a channel. A channel that is not there is not known, which is not a height of 0. */
export interface ChannelHeight {
  readonly channel: string;
  readonly height: number;
  /** Blocks that it lacks; 0 also where nothing tells. */
  readonly behind: number;
  /** When its metrics told; null where records did. */
  readonly readAt: string | null;
}

/** What is known of all nodes, to measure one of them by. */
export interface KnownHeights {
  /** As the records reveal them; by one answer, so that none is older than the other. */
  readonly nodes: readonly NetworkNode[];
  /** As metrics tell; undefined until it is known. */
  readonly channels: MonitoringState['channels'] | undefined;
}

/** Measures one node: what records reveal of it, and what its metrics told. */
export type MeasureHeights = (node: NetworkNode | undefined, health: NodeHealth | null | undefined) => ChannelHeight[];

/**
 * The newer of what records and metrics tell. Behind is who lacks blocks that the channel had a minute ago: metrics are not read at the
 * same moment, and records come sooner. Where metrics tell nothing of the channel, who lacks blocks that another's records tell.
 */
export function heightMeasure({ nodes, channels }: KnownHeights): MeasureHeights {
  const minuteAgo = new Map(channels?.map(({ channel, heightMinuteAgo }) => [channel, heightMinuteAgo]));
  const recorded = new Map<string, number>();
  for (const { channel, height } of nodes.flatMap((node) => node.channels)) {
    recorded.set(channel, Math.max(height, recorded.get(channel) ?? 0));
  }
  return (node, health) => {
    const found = newestOf(node, health);
    return found.map(({ channel, height, readAt }) => {
      const expected = minuteAgo.get(channel) ?? (readAt === null ? recorded.get(channel) : undefined) ?? 0;
      return { channel, height, readAt, behind: Math.max(0, expected - height) };
    });
  };
}

/** What is to be said of a height besides: ` 3 behind, as of 00:20`; empty where it is new and nothing lacks. */
export function heightNotes({ behind, readAt }: ChannelHeight, nowMillis: number): string {
  const isOld = readAt !== null && nowMillis - Date.parse(readAt) > OLD_MS;
  const notes = [
    ...(behind > 0 ? [`${behind} behind`] : []),
    ...(isOld ? [`as of ${formatClock(readAt).slice(0, 5)}`] : []),
  ];
  return notes.length === 0 ? '' : ` ${notes.join(', ')}`;
}

type Newest = Omit<ChannelHeight, 'behind'>;

function newestOf(node: NetworkNode | undefined, health: NodeHealth | null | undefined): Newest[] {
  const found = new Map<string, Newest>();
  for (const { channel, height } of node?.channels ?? []) found.set(channel, { channel, height, readAt: null });
  for (const { channel, height, at } of health?.heights ?? []) {
    const recorded = found.get(channel);
    if (recorded === undefined || isNewer({ height, at }, recorded.height, node?.lastSeenAt ?? null)) {
      found.set(channel, { channel, height, readAt: at });
    }
  }
  return [...found.values()].toSorted((a, b) => (a.channel < b.channel ? -1 : 1));
}

/** A ledger only grows, so of two at one time the higher is the newer; one that was set back is told of by what was read after all records. */
function isNewer(read: { height: number; at: string }, recorded: number, lastRecord: string | null): boolean {
  return read.height > recorded || (lastRecord !== null && Date.parse(read.at) > Date.parse(lastRecord));
}

import type { Scraped } from './scraper.ts';

/** Gauge of peers and orderers, FTL's and Go's alike (Fabric, common/ledger/blkstorage/metrics.go). */
export const HEIGHT = 'ledger_blockchain_height';
/** Nodes are not asked at the same moment: who is behind is measured against what the channel had so long ago. */
export const LAG_MS = 60_000;
/** How long the height of a node counts that tells no more. Both as the rules in grafana/prometheus have them. */
export const HEIGHT_COUNTS_MS = 3_600_000;
/** Channels of one node that are told. */
const MAX_CHANNELS = 250;

/** How many blocks of a channel a node had when its metrics were read last. */
export interface ChannelHeight {
  readonly channel: string;
  readonly height: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface NodeHeights {
  /** By the channel's name. A channel that is not there is not known, which is not a height of 0. */
  readonly heights: readonly ChannelHeight[];
  /** Why there are none, or none that are new. */
  readonly problem: string | null;
}

/** How far the nodes are, as their metrics tell. */
export interface Heights {
  /** By node ID. */
  readonly nodes: ReadonlyMap<string, NodeHeights>;
  /** Blocks that some node had a minute ago, by channel: who has fewer now is behind. */
  readonly minuteAgo: ReadonlyMap<string, number>;
}

/** In their order, and without what is no height: metrics are numbers of any kind. */
export function orderedHeights(heights: readonly ChannelHeight[]): ChannelHeight[] {
  return heights
    .filter(({ height }) => isHeight(height))
    .toSorted((a, b) => (a.channel < b.channel ? -1 : 1))
    .slice(0, MAX_CHANNELS);
}

export function isHeight(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** What the scrapes of a node have told last, within the hour. */
export function lastHeights({ history }: Scraped, now: number): ChannelHeight[] {
  const { at, values } = history.lastGauges(HEIGHT);
  if (at === null || now - at > HEIGHT_COUNTS_MS) return [];
  return orderedHeights(Array.from(values, ([channel, height]) => ({ channel, height, at })));
}

/** Blocks that some node had a minute ago, by channel. */
export function heightsMinuteAgo(scraped: Iterable<Scraped>, now: number): Map<string, number> {
  const highest = new Map<string, number>();
  for (const { history } of scraped) {
    for (const [channel, height] of history.gaugeAt(HEIGHT, now - LAG_MS)) {
      if (isHeight(height)) highest.set(channel, Math.max(height, highest.get(channel) ?? 0));
    }
  }
  return highest;
}

import type { Cluster } from './cluster.ts';
import type { SummaryDocument } from './documents.ts';

/** What of a summary decides whether it may go. */
export type Expiring = Pick<SummaryDocument, 'traceId' | 'channel' | 'txId' | 'blocks' | 'lastRecord'>;

export const EXPIRING_FIELDS = ['traceId', 'channel', 'txId', 'blocks', 'lastRecord'] as const;

/**
 * Which traces are over: all that they stand on is older than the time, and each block that holds them is too, with all of its
 * transactions. So a trace that is still alive keeps all of its evidence, and a block is whole or gone.
 * @param before microseconds
 */
export async function splitByLife<T extends Expiring>(
  cluster: Cluster,
  traces: readonly T[],
  before: number,
): Promise<{ readonly dead: readonly T[]; readonly living: readonly T[] }> {
  const old = traces.filter(({ lastRecord }) => lastRecord < before);
  const kept = new Map<string, ReadonlySet<number>>();
  for (const [channel, ofChannel] of Map.groupBy(old, (trace) => trace.channel)) {
    const blocks = [...new Set(ofChannel.flatMap((trace) => trace.blocks))];
    kept.set(channel, await blocksOfYounger(cluster, channel, blocks, before));
  }
  const isDead = ({ channel, blocks, lastRecord }: T) =>
    lastRecord < before && !blocks.some((number) => kept.get(channel)?.has(number));
  return { dead: traces.filter((trace) => isDead(trace)), living: traces.filter((trace) => !isDead(trace)) };
}

/** Those of the blocks that hold a transaction with a younger record. */
async function blocksOfYounger(
  cluster: Cluster,
  channel: string,
  blocks: readonly number[],
  before: number,
): Promise<ReadonlySet<number>> {
  if (blocks.length === 0) return new Set();
  const hits = await cluster.all<Pick<SummaryDocument, 'blocks'>>(cluster.names.traces, {
    _source: ['blocks'],
    query: {
      bool: {
        filter: [{ term: { channel } }, { terms: { blocks } }, { range: { lastRecord: { gte: before } } }],
      },
    },
  });
  return new Set(hits.flatMap(({ source }) => source.blocks));
}

/** All summaries of these IDs, in whatever channel. */
export async function summariesOf(cluster: Cluster, txIds: readonly string[]): Promise<readonly Expiring[]> {
  if (txIds.length === 0) return [];
  return sources(cluster, { terms: { txId: txIds } });
}

/** All summaries whose IDs begin with one of these. */
export async function summariesBeginningWith(
  cluster: Cluster,
  prefixes: readonly string[],
): Promise<readonly Expiring[]> {
  if (prefixes.length === 0) return [];
  return sources(cluster, { bool: { should: prefixes.map((prefix) => ({ prefix: { txId: prefix } })) } });
}

async function sources(cluster: Cluster, query: object): Promise<readonly Expiring[]> {
  const hits = await cluster.all<Expiring>(cluster.names.traces, { _source: EXPIRING_FIELDS, query });
  return hits.map(({ source }) => source);
}

/** Summaries that a query finds, page by page in the order of their trace IDs. */
export async function* summaryPages(
  cluster: Cluster,
  query: object,
  size: number,
): AsyncGenerator<readonly Expiring[]> {
  for (let after: readonly unknown[] | undefined; ; ) {
    const { hits } = await cluster.search<Expiring>(cluster.names.traces, {
      size,
      track_total_hits: false,
      _source: EXPIRING_FIELDS,
      query,
      sort: ['traceId'],
      ...(after !== undefined && { search_after: after }),
    });
    if (hits.length > 0) yield hits.map(({ source }) => source);
    if (hits.length < size) return;
    after = hits.at(-1)?.sort;
  }
}

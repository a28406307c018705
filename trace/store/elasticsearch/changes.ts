import { StoreError } from '../errors.ts';
import type { Changes } from '../traceStore.ts';
import type { Hit } from './cluster.ts';
import type { BlockDocument, FollowerDocument, SummaryDocument } from './documents.ts';
import { FOLLOWER_ID } from './indices.ts';
import type { Parts } from './parts.ts';

const MOST_BLOCKS = 10_000;

/**
 * Summaries and blocks in the order in which they last changed. Revisions are given by whoever refreshes, to all alike, and are
 * looked at only up to the one that is done with: a reader never passes one that is still being written.
 */
export async function changesAfter(parts: Parts, revision: number, limit: number): Promise<Changes> {
  if (!Number.isSafeInteger(revision) || revision < 0 || !Number.isInteger(limit) || limit < 1) {
    throw new StoreError('invalid_query', 'A revision is 0 or more, a limit 1 or more.');
  }
  const { cluster } = parts;
  const { names } = cluster;
  const newest = Math.max(revision, await newestRevision(parts));
  if (newest === revision) return { revision, traces: [], blocks: [] };
  await cluster.show(names.traces, names.blocks);
  const query = { range: { revision: { gt: revision, lte: newest } } };
  const sort = [{ revision: 'asc' }];
  const most = Math.min(limit, MOST_BLOCKS);
  const [traces, blocks] = (await cluster.searches([
    { index: names.traces, body: { size: most, track_total_hits: false, _source: ['summary'], query, sort } },
    { index: names.blocks, body: { size: MOST_BLOCKS, track_total_hits: false, query, sort } },
  ])) as unknown as [{ hits: readonly Hit<SummaryDocument>[] }, { hits: readonly Hit<BlockDocument>[] }];
  // Where either list was cut, the other is cut at the same place.
  const cut = Math.min(
    newest,
    traces.hits.length === most ? lastOf(traces.hits) : newest,
    blocks.hits.length === MOST_BLOCKS ? lastOf(blocks.hits) : newest,
  );
  const within = (hit: Hit) => revisionOf(hit) <= cut;
  return {
    revision: cut,
    traces: traces.hits.filter(within).map(({ source }) => source.summary),
    blocks: blocks.hits.filter(within).map(({ source: { channel, number } }) => ({ channel, number })),
  };
}

export async function newestRevision({ cluster }: Parts): Promise<number> {
  const { body } = await cluster.send<{ readonly _source?: FollowerDocument }>({
    method: 'GET',
    path: `/${cluster.names.state}/_doc/${FOLLOWER_ID}`,
    query: { _source_includes: 'revision' },
    accept: [404],
  });
  const { _source: follower } = body;
  return follower?.revision ?? 0;
}

function lastOf(hits: readonly Hit[]): number {
  const last = hits.at(-1);
  return last === undefined ? 0 : revisionOf(last);
}

function revisionOf({ sort }: Hit): number {
  return Number(sort?.[0]);
}

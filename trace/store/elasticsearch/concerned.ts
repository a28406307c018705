import { type Cluster, PAGE } from './cluster.ts';
import type { Mark } from './documents.ts';
import { BLOCK_POINTS, TX_POINTS } from './recordKind.ts';

/** IDs that something other than their own records concerns. */

const BUCKETS = 5000;
/** Clauses of one query. */
const MOST_CLAUSES = 500;

type OfSummaries = Exclude<Mark, { what: 'trace' }>;

function queryOf(mark: OfSummaries): object {
  if (mark.what === 'all') return { match_all: {} };
  if (mark.what === 'channel') return { term: { channel: mark.channel } };
  if (mark.what === 'blocks') {
    return filter({ term: { channel: mark.channel } }, { range: { blocks: { gte: mark.first, lte: mark.until } } });
  }
  if (mark.what === 'times') {
    return filter({ range: { firstRecord: { lte: mark.until } } }, { range: { lastRecord: { gte: mark.first } } });
  }
  const { channel, first } = mark;
  const ofChannel = channel === null ? [] : [{ term: { channel } }];
  return filter({ exists: { field: 'blocks' } }, { range: { lastRecord: { gte: first } } }, ...ofChannel);
}

function filter(...clauses: readonly object[]): object {
  return { bool: { filter: clauses } };
}

/** Number of summaries that a mark stands for. */
export async function markTotal(cluster: Cluster, mark: OfSummaries): Promise<number> {
  const body = { size: 0, track_total_hits: true, query: queryOf(mark) };
  return (await cluster.search(cluster.names.traces, body)).total;
}

/** The next summaries of a mark in the order of their trace IDs; `after` is undefined behind the last. */
export async function idsOfMark(
  cluster: Cluster,
  mark: Mark,
  after: string | undefined,
): Promise<{ readonly ids: readonly string[]; readonly after: string | undefined }> {
  if (mark.what === 'trace') return { ids: [mark.txId], after: undefined };
  const { hits } = await cluster.search(cluster.names.traces, {
    size: PAGE,
    track_total_hits: false,
    query: queryOf(mark),
    sort: ['traceId'],
    _source: false,
    docvalue_fields: ['txId'],
    ...(after !== undefined && { search_after: [after] }),
  });
  const ids = hits.flatMap(({ fields }) => (fields['txId'] ?? []) as string[]);
  return { ids, after: hits.length < PAGE ? undefined : (hits.at(-1)?.sort?.[0] as string | undefined) };
}

/** All full IDs that begin with one of these. */
export async function idsOfPrefixes(cluster: Cluster, prefixes: readonly string[]): Promise<Set<string>> {
  const ids = new Set<string>();
  const { records } = cluster.names;
  for (let at = 0; at < prefixes.length; at += MOST_CLAUSES) {
    const some = prefixes.slice(at, at + MOST_CLAUSES);
    const wanted = new Set(some);
    const lengths = [...new Set(some.map(({ length }) => length))];
    for (const [field, points] of [
      ['ftl.tx_id', TX_POINTS],
      ['ftl.txs.id', BLOCK_POINTS],
    ] as const) {
      const should = some.map((prefix) => ({ prefix: { [field]: prefix } }));
      const query = filter({ bool: { should } }, { terms: { 'ftl.point': points } });
      for await (const id of values(cluster, records, field, query)) {
        if (lengths.some((length) => wanted.has(id.slice(0, length)))) ids.add(id);
      }
    }
  }
  return ids;
}

/** All full IDs in some blocks of a channel, and in ranges of blocks. */
export async function idsInBlocks(
  cluster: Cluster,
  channel: string,
  numbers: readonly number[],
  ranges: readonly BlockRange[],
): Promise<Set<string>> {
  const ids = new Set<string>();
  const clauses = [
    ...(numbers.length === 0 ? [] : [{ terms: { 'ftl.block.number': numbers } }]),
    ...joined(ranges).map(([first, last]) => ({ range: { 'ftl.block.number': { gte: first, lte: last } } })),
  ];
  for (let at = 0; at < clauses.length; at += MOST_CLAUSES) {
    const should = clauses.slice(at, at + MOST_CLAUSES);
    for (const field of ['ftl.tx_id', 'ftl.txs.id']) {
      const query = filter({ term: { 'ftl.channel': channel } }, { bool: { should } });
      for await (const id of values(cluster, cluster.names.records, field, query)) ids.add(id);
    }
  }
  return ids;
}

type BlockRange = readonly [first: number, last: number];

/** The same blocks in as few ranges as can be: a peer that catches up asks for thousands of them, one behind the other. */
function joined(ranges: readonly BlockRange[]): BlockRange[] {
  const result: BlockRange[] = [];
  for (const [first, last] of ranges.toSorted(([a], [b]) => a - b)) {
    const before = result.at(-1);
    if (before !== undefined && first <= before[1] + 1)
      result[result.length - 1] = [before[0], Math.max(before[1], last)];
    else result.push([first, last]);
  }
  return result;
}

/** Distinct values of a field. */
async function* values(cluster: Cluster, index: string, field: string, query: object): AsyncGenerator<string> {
  let after: object | undefined;
  do {
    const { aggregations } = await cluster.search(index, {
      size: 0,
      track_total_hits: false,
      query,
      aggs: {
        ids: {
          composite: { size: BUCKETS, sources: [{ id: { terms: { field } } }], ...(after !== undefined && { after }) },
        },
      },
    });
    const { buckets, after_key: next } = aggregations['ids'] as {
      readonly after_key?: object;
      readonly buckets: readonly { readonly key: { readonly id: string } }[];
    };
    for (const { key } of buckets) yield key.id;
    after = buckets.length < BUCKETS ? undefined : next;
  } while (after !== undefined);
}

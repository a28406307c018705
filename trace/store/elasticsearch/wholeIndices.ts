import { formatTime } from '../time.ts';
import type { Cluster } from './cluster.ts';
import { type Expiring, splitByLife, summaryPages } from './expiry.ts';
import { BLOCK_POINTS, TX_POINTS } from './recordKind.ts';

/** Up to so many old records are deleted one by one out of indices that hold younger ones too. */
const PICKED_APART = 1_000_000;
const PAGE = 1000;

export interface RetentionPlan {
  /** Microseconds: what is older goes. */
  readonly before: number;
  /** Indices behind `records` with nothing younger in them, except for the newest. */
  readonly whole: readonly string[];
}

/** A record without a usable time counts as old. */
export function olderThan(before: number): object {
  return { bool: { must_not: [{ range: { '@timestamp': { gte: formatTime(before) } } }] } };
}

/** What can be forgotten of what is older than `before` (microseconds); null if nothing. */
export async function planRetention(cluster: Cluster, before: number): Promise<RetentionPlan | null> {
  const indices = await indicesBehind(cluster, cluster.names.records);
  const answers = await cluster.searches(
    indices.map(({ index }) => ({
      index,
      body: {
        size: 0,
        track_total_hits: true,
        aggs: { old: { filter: olderThan(before) }, newest: { max: { field: '@timestamp' } } },
      },
    })),
  );
  const counted = indices.map(({ index, isNewest }, n) => {
    const { total = 0, aggregations = {} } = answers[n] ?? {};
    const old = (aggregations['old'] as { readonly doc_count: number } | undefined)?.doc_count ?? 0;
    const newest = (aggregations['newest'] as { readonly value: number | null } | undefined)?.value ?? null;
    return { index, old, isWhole: !isNewest && total > 0 && old === total, newest };
  });
  const whole = counted.filter(({ isWhole }) => isWhole);
  const plan = { before, whole: whole.map(({ index }) => index) };
  const others = counted.reduce((sum, { old, isWhole }) => sum + (isWhole ? 0 : old), 0);
  if (others <= PICKED_APART) return plan;
  if (whole.length === 0) return null;
  // Milliseconds, as Elasticsearch tells them, and a bit more.
  const until = Math.max(...whole.map(({ newest }) => (newest ?? 0) * 1000 + 1000));
  return { ...plan, before: Math.min(before, until) };
}

/** Carries over what living traces stand on, then deletes the indices; the number of records that are gone. */
export async function dropWholeIndices(
  cluster: Cluster,
  { before, whole }: RetentionPlan,
  prefixLengths: readonly number[],
): Promise<number> {
  if (whole.length === 0) return 0;
  const index = whole.join();
  let carried = 0;
  for await (const page of summaryPages(cluster, { range: { firstRecord: { lt: before } } }, PAGE)) {
    const { living } = await splitByLife(cluster, page, before);
    for (const query of evidenceQueries(living, prefixLengths)) {
      const hits = await cluster.all<object>(index, { query });
      const lines = hits.map(
        ({ id, source }) => `${JSON.stringify({ create: { _id: id } })}\n${JSON.stringify(source)}\n`,
      );
      const items = await cluster.write(lines.join(''), [cluster.names.records]);
      carried += items.filter(({ status }) => status < 300).length;
    }
  }
  const { total } = await cluster.search(index, { size: 0, track_total_hits: true });
  await cluster.send({ method: 'DELETE', path: `/${index}`, query: { ignore_unavailable: true } });
  return total - carried;
}

/** What the IDs begin with, where there are shortened IDs of such lengths; and the IDs themselves. */
export function beginningsOf(traces: readonly Expiring[], lengths: readonly number[]): string[] {
  const beginnings = new Set<string>();
  for (const { txId } of traces) {
    beginnings.add(txId);
    for (const length of lengths) if (length < txId.length) beginnings.add(txId.slice(0, length));
  }
  return [...beginnings];
}

/** Indices behind `records` and `traces` that hold nothing any more, except for the newest. */
export async function deleteEmptyIndices(cluster: Cluster): Promise<void> {
  for (const alias of [cluster.names.records, cluster.names.traces]) {
    const older = (await indicesBehind(cluster, alias)).filter(({ isNewest }) => !isNewest);
    const body = { size: 0, track_total_hits: 1 };
    const answers = await cluster.searches(older.map(({ index }) => ({ index, body })));
    const empty = older.filter((_, n) => answers[n]?.total === 0).map(({ index }) => index);
    if (empty.length === 0) continue;
    await cluster.send({ method: 'DELETE', path: `/${empty.join()}`, query: { ignore_unavailable: true } });
  }
}

function evidenceQueries(living: readonly Expiring[], prefixLengths: readonly number[]): object[] {
  if (living.length === 0) return [];
  const ids = [...new Set(living.map(({ txId }) => txId))];
  const queries: object[] = [all({ terms: { 'ftl.tx_id': ids } }, { terms: { 'ftl.point': TX_POINTS } })];
  if (prefixLengths.length > 0)
    queries.push(all({ terms: { 'ftl.tx_id_prefix': beginningsOf(living, prefixLengths) } }));
  for (const [channel, traces] of Map.groupBy(living, (trace) => trace.channel)) {
    const numbers = [...new Set(traces.flatMap(({ blocks }) => blocks))];
    if (numbers.length === 0) continue;
    queries.push(
      all(
        { term: { 'ftl.channel': channel } },
        { terms: { 'ftl.point': BLOCK_POINTS } },
        { terms: { 'ftl.block.number': numbers } },
      ),
    );
  }
  return queries;
}

function all(...filter: readonly object[]): object {
  return { bool: { filter } };
}

async function indicesBehind(
  cluster: Cluster,
  alias: string,
): Promise<readonly { readonly index: string; readonly isNewest: boolean }[]> {
  type Aliases = Readonly<Record<string, { readonly is_write_index?: boolean }>>;
  const { body } = await cluster.send<Readonly<Record<string, { readonly aliases: Aliases }>>>({
    method: 'GET',
    path: `/_alias/${alias}`,
  });
  return Object.entries(body)
    .map(([index, { aliases }]) => ({ index, isNewest: aliases[alias]?.is_write_index === true }))
    .toSorted((a, b) => (a.index < b.index ? -1 : 1));
}

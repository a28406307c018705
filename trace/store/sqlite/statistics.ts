import type { FindingCode } from '../../findings/codes.ts';
import { STAGE_NAMES } from '../../trace.ts';
import { bucketWidth } from '../throughputBuckets.ts';
import type { Percentiles, Statistics, StatisticsQuery } from '../traceStore.ts';
import type { SQLInputValue } from 'node:sqlite';
import type { Parts } from './parts.ts';
import { timeConditions } from './search.ts';
import { formatTime } from '../time.ts';

/** Percentiles and medians are exact up to so many traces, and from a sample of about this size beyond. */
const SAMPLE = 20_000;
/** Shown for traces that were never committed. */
const NO_CODE = 'NONE';

interface Group {
  readonly bucket: number | null;
  readonly shape: number;
  readonly count: number;
}

/**
 * Counts (outcomes, throughput, findings, edges) are exact. Latency percentiles and edge medians are exact up to 20,000 traces;
 * of more they come from a sample of about that size, chosen by a hash of the start time, so that the same traces give the same
 * figures in whatever order they came. Traces without a start time count in no bucket.
 */
export function statistics(parts: Parts, query: StatisticsQuery): Statistics {
  const { db } = parts;
  const { where, values } = timeConditions(query);
  if (query.channel !== undefined) {
    where.push('+summary.shape IN (SELECT key FROM shape WHERE channel = ?)');
    values.push(parts.channels.keyOf(query.channel) ?? -1);
  }
  const condition = where.length > 0 ? where.join(' AND ') : 'TRUE';
  const [first, last] = db.get(
    `SELECT min(started), max(started) FROM summary INDEXED BY summary_started WHERE ${condition} AND started >= 0`,
    ...values,
  ) as (number | null)[];
  const bucketUs = bucketWidth(query, first ?? null, last ?? null);
  const groups = db
    .all(
      `SELECT CASE WHEN started >= 0 THEN started / CAST(? AS INTEGER) END, shape, count(*) FROM summary INDEXED BY summary_started
       WHERE ${condition} GROUP BY 1, 2`,
      bucketUs,
      ...values,
    )
    .map(
      ([bucket, shape, count]): Group => ({
        bucket: bucket as number | null,
        shape: shape as number,
        count: count as number,
      }),
    );
  const total = groups.reduce((sum, { count }) => sum + count, 0);
  const sample = sampleOf(parts, condition, values, total);
  return {
    from: query.from ?? (typeof first === 'number' ? formatTime(first) : null),
    to: query.to ?? (typeof last === 'number' ? formatTime(last) : null),
    bucketUs,
    ...outcomesOf(parts, groups, bucketUs),
    latency: sample.latency,
    findings: findingsOf(parts, groups),
    edges: edgesOf(parts, condition, values, sample.edges),
  };
}

function outcomesOf(
  parts: Parts,
  groups: readonly Group[],
  bucketUs: number,
): Pick<Statistics, 'throughput' | 'outcomes'> {
  const outcomes: Record<string, number> = {};
  const buckets = new Map<number, Record<string, number>>();
  for (const { bucket, shape, count } of groups) {
    const code = parts.shapes.shape(shape).code ?? NO_CODE;
    outcomes[code] = (outcomes[code] ?? 0) + count;
    if (bucket === null) continue;
    const counts = buckets.get(bucket) ?? {};
    counts[code] = (counts[code] ?? 0) + count;
    buckets.set(bucket, counts);
  }
  const throughput = [...buckets]
    .toSorted(([a], [b]) => a - b)
    .map(([bucket, counts]) => ({ at: formatTime(bucket * bucketUs), outcomes: sortedByKey(counts) }));
  return { throughput, outcomes: sortedByKey(outcomes) };
}

function findingsOf(parts: Parts, groups: readonly Group[]): Statistics['findings'] {
  const counts = new Map<string, { code: FindingCode; severity: string; count: number }>();
  for (const { shape, count } of groups) {
    const seen = new Set<string>();
    for (const { code, severity } of parts.shapes.shape(shape).findings) {
      const name = `${code} ${severity}`;
      if (seen.has(name)) continue;
      seen.add(name);
      const known = counts.get(name) ?? { code, severity, count: 0 };
      known.count += count;
      counts.set(name, known);
    }
  }
  return [...counts.values()].toSorted((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1));
}

interface EdgeCount {
  readonly point: string;
  readonly from: string;
  readonly to: string;
  count: number;
  errors: number;
}

/** Who calls whom: exact counts, by the distinct sets of edges. Edges whose caller nobody saw are left out. */
function edgesOf(
  parts: Parts,
  condition: string,
  values: readonly SQLInputValue[],
  durations: ReadonlyMap<string, number[]>,
): Statistics['edges'] {
  const counts = new Map<string, EdgeCount>();
  const sql = `SELECT edges, count(*) FROM summary INDEXED BY summary_started WHERE ${condition} GROUP BY edges`;
  for (const [key, traces] of parts.db.all(sql, ...values)) {
    for (const [point, from, to, failed] of parts.shapes.edges(key as number)) {
      if (from === null) continue;
      const name = edgeName(point, from, to);
      const known = counts.get(name) ?? { point, from, to, count: 0, errors: 0 };
      known.count += traces as number;
      if (failed === 1) known.errors += traces as number;
      counts.set(name, known);
    }
  }
  return [...counts]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { point, from, to, count, errors }]) => {
      const sorted = (durations.get(name) ?? []).toSorted(ascending);
      return { point, from, to, count, errors, medianUs: percentile(sorted, 0.5) };
    });
}

function sampleOf(
  parts: Parts,
  condition: string,
  values: readonly SQLInputValue[],
  total: number,
): { readonly latency: Statistics['latency']; readonly edges: ReadonlyMap<string, number[]> } {
  const step = Math.max(1, Math.ceil(total / SAMPLE));
  const chosen = step === 1 ? '' : `AND (((started % 2147483647) * 1103515245) >> 12) % ${step} = 0`;
  const stages = Object.fromEntries([...STAGE_NAMES, 'total'].map((name) => [name, [] as number[]]));
  const edges = new Map<string, number[]>();
  const byShape = new Map<number, (number[] | null)[]>();
  const rows = parts.db.all(
    `SELECT duration, edges, data FROM summary INDEXED BY summary_started WHERE ${condition} ${chosen}`,
    ...values,
  );
  for (const row of rows) {
    const [duration, edgesKey, data] = row as [number, number, Uint8Array];
    const durations = parts.summaries.durations(data, edgesKey);
    if (duration >= 0) stages['total']?.push(duration);
    for (let n = 0; n < STAGE_NAMES.length; n++) {
      const us = durations.stages[n];
      if (us !== null && us !== undefined) stages[STAGE_NAMES[n] as string]?.push(us);
    }
    let targets = byShape.get(edgesKey);
    if (targets === undefined) {
      targets = parts.shapes
        .edges(edgesKey)
        .map(([point, from, to]) => (from === null ? null : listOf(edges, edgeName(point, from, to))));
      byShape.set(edgesKey, targets);
    }
    for (let n = 0; n < targets.length; n++) {
      const us = durations.edges[n];
      if (us !== null && us !== undefined) targets[n]?.push(us);
    }
  }
  const of = (name: string) => percentilesOf(stages[name] ?? [], step === 1 ? 1 : total / Math.max(1, rows.length));
  return {
    latency: {
      endorse: of('endorse'),
      order: of('order'),
      deliver: of('deliver'),
      commit: of('commit'),
      total: of('total'),
    },
    edges,
  };
}

function listOf(lists: Map<string, number[]>, name: string): number[] {
  let list = lists.get(name);
  if (list === undefined) {
    list = [];
    lists.set(name, list);
  }
  return list;
}

/** `weight`: how many traces one of the sample stands for. */
function percentilesOf(values: readonly number[], weight: number): Percentiles {
  const sorted = values.toSorted(ascending);
  return {
    count: Math.round(values.length * weight),
    p50: percentile(sorted, 0.5),
    p95: percentile(sorted, 0.95),
    p99: percentile(sorted, 0.99),
  };
}

/** Nearest rank. */
function percentile(sorted: readonly number[], fraction: number): number | null {
  return sorted[Math.max(0, Math.ceil(sorted.length * fraction) - 1)] ?? null;
}

const ascending = (a: number, b: number) => a - b;
const edgeName = (point: string, from: string, to: string) => `${point}\0${from}\0${to}`;

function sortedByKey(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

import type { FindingCode } from '../../findings/codes.ts';
import { STAGE_NAMES } from '../../trace.ts';
import { formatTime } from '../time.ts';
import { bucketWidth } from '../throughputBuckets.ts';
import type { Percentiles, Statistics, StatisticsQuery } from '../traceStore.ts';
import type { Parts } from './parts.ts';
import { EXACT_UP_TO, nearestRanks, type RankAnswer, ranksOf } from './nearestRank.ts';
import { timeClauses } from './searchTraces.ts';

/** More codes, or kinds of findings, than there are. */
const MOST_TERMS = 1000;
/** Edges that are asked for at once. */
const EDGES_AT_ONCE = 500;
const FRACTIONS = [0.5, 0.95, 0.99] as const;
/** Figures and where summaries have them. */
const LATENCIES = { ...Object.fromEntries(STAGE_NAMES.map((name) => [name, `stages.${name}`])), total: 'duration' } as {
  readonly [K in keyof Statistics['latency']]: string;
};
const FIGURES = Object.keys(LATENCIES) as (keyof Statistics['latency'])[];

interface Counted {
  readonly doc_count: number;
}
interface Terms {
  readonly buckets: readonly (Counted & { readonly key: string })[];
}
interface Extreme {
  readonly value: number | null;
}
interface Overview extends Readonly<Record<keyof Statistics['latency'], Counted>> {
  readonly outcomes: Terms;
  readonly findings: Terms;
  readonly started: { readonly first: Extreme; readonly last: Extreme };
}
interface EdgeCount {
  readonly key: string;
  readonly count: number;
  readonly errors: number;
  /** Edges of which the duration is known. */
  readonly timed: number;
}

/**
 * All of it is counted by the cluster, in two rounds: first the counts, then what depends on them. Counts (outcomes, throughput,
 * findings, edges) are exact. Latency percentiles and edge medians are those of the nearest rank, exact up to 20,000 values each;
 * of more they come from a t-digest, whose error is far below one in a thousand of the ranks. Traces without a start time count
 * in no bucket. What is refreshed between the rounds may shift a percentile by a rank.
 */
export async function statistics(parts: Parts, query: StatisticsQuery): Promise<Statistics> {
  const filter = timeClauses(query);
  if (query.channel !== undefined) filter.push({ term: { channel: query.channel } });
  const { cluster } = parts;
  await cluster.show(cluster.names.traces);
  const ask = async (aggs: object) => {
    const body = { size: 0, track_total_hits: false, query: { bool: { filter } }, aggs };
    return (await cluster.search(cluster.names.traces, body)).aggregations;
  };
  const overview = (await ask(overviewOf())) as unknown as Overview;
  const edges = await countEdges(ask);
  const { first, last } = overview.started;
  const bucketUs = bucketWidth(query, first.value, last.value);
  const latencies = FIGURES.map((figure) => overview[figure].doc_count);
  const figures = await ask({
    throughput: {
      filter: STARTED,
      aggs: {
        buckets: {
          histogram: { field: 'started', interval: bucketUs, min_doc_count: 1 },
          aggs: { outcomes: { terms: { field: 'code', size: MOST_TERMS } } },
        },
      },
    },
    ...Object.fromEntries(
      FIGURES.map((figure, n) => [
        figure,
        {
          filter: { range: { [LATENCIES[figure]]: { gte: 0 } } },
          aggs: { ranks: nearestRanks(LATENCIES[figure], FRACTIONS, latencies[n] ?? 0) },
        },
      ]),
    ),
  });
  return {
    from: query.from ?? (first.value === null ? null : formatTime(first.value)),
    to: query.to ?? (last.value === null ? null : formatTime(last.value)),
    bucketUs,
    throughput: throughputOf(figures['throughput']),
    outcomes: countsOf(overview.outcomes),
    latency: Object.fromEntries(
      FIGURES.map((figure, n) => [figure, percentilesOf(figures[figure], latencies[n] ?? 0)]),
    ) as unknown as Statistics['latency'],
    findings: findingsOf(overview.findings),
    edges: await mediansOf(edges, ask),
  };
}

type Ask = (aggs: object) => Promise<Readonly<Record<string, unknown>>>;

const STARTED = { range: { started: { gte: 0 } } };

function overviewOf(): object {
  return {
    outcomes: { terms: { field: 'code', size: MOST_TERMS } },
    findings: { terms: { field: 'findingKinds', size: MOST_TERMS } },
    started: { filter: STARTED, aggs: { first: { min: { field: 'started' } }, last: { max: { field: 'started' } } } },
    ...Object.fromEntries(
      FIGURES.map((figure) => [figure, { filter: { range: { [LATENCIES[figure]]: { gte: 0 } } } }]),
    ),
  };
}

function countsOf({ buckets }: Terms): Record<string, number> {
  const counts = buckets.map(({ key, doc_count: count }): [string, number] => [key, count]);
  return Object.fromEntries(counts.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function throughputOf(answer: unknown): Statistics['throughput'] {
  const { buckets } = answer as {
    readonly buckets: { readonly buckets: readonly { readonly key: number; readonly outcomes: Terms }[] };
  };
  return buckets.buckets.map(({ key, outcomes }) => ({ at: formatTime(key), outcomes: countsOf(outcomes) }));
}

function findingsOf({ buckets }: Terms): Statistics['findings'] {
  return buckets
    .map(({ key, doc_count: count }) => {
      const [code = '', severity = ''] = key.split(' ');
      return { code: code as FindingCode, severity, count };
    })
    .toSorted((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1));
}

function percentilesOf(answer: unknown, count: number): Percentiles {
  const [p50 = null, p95 = null, p99 = null] = ranksOf(
    (answer as { readonly ranks: RankAnswer }).ranks,
    FRACTIONS,
    count,
  );
  return { count, p50, p95, p99 };
}

/** By key: point, from and to. */
async function countEdges(ask: Ask): Promise<EdgeCount[]> {
  const counts: EdgeCount[] = [];
  for (let after: object | undefined; ; ) {
    const { edges } = (await ask({
      edges: {
        nested: { path: 'edges' },
        aggs: {
          keys: {
            composite: {
              size: EDGES_AT_ONCE,
              sources: [{ key: { terms: { field: 'edges.key' } } }],
              ...(after !== undefined && { after }),
            },
            aggs: {
              failed: { filter: { term: { 'edges.failed': true } } },
              timed: { value_count: { field: 'edges.us' } },
            },
          },
        },
      },
    })) as { readonly edges: { readonly keys: EdgeBuckets } };
    for (const { key, doc_count: count, failed, timed } of edges.keys.buckets) {
      counts.push({ key: key.key, count, errors: failed.doc_count, timed: timed.value });
    }
    after = edges.keys.after_key;
    if (after === undefined || edges.keys.buckets.length < EDGES_AT_ONCE) {
      return counts.toSorted((a, b) => (a.key < b.key ? -1 : 1));
    }
  }
}

interface EdgeBuckets {
  readonly after_key?: object;
  readonly buckets: readonly (Counted & {
    readonly key: { readonly key: string };
    readonly failed: Counted;
    readonly timed: { readonly value: number };
  })[];
}

/** Who calls whom, with the medians; of the most frequent edges several are asked for at once, as far as memory goes there. */
async function mediansOf(edges: readonly EdgeCount[], ask: Ask): Promise<Statistics['edges']> {
  const medians = new Map<string, number | null>();
  for (const group of groupsOf(edges.filter(({ timed }) => timed > 0))) {
    const answer = (await ask({
      edges: {
        nested: { path: 'edges' },
        aggs: Object.fromEntries(
          group.map(({ key, timed }, n) => [
            `edge${n}`,
            {
              filter: { term: { 'edges.key': key } },
              aggs: { ranks: nearestRanks('edges.us', [0.5], timed) },
            },
          ]),
        ),
      },
    })) as { readonly edges: Readonly<Record<string, { readonly ranks: RankAnswer }>> };
    for (const [n, { key, timed }] of group.entries()) {
      const ranks = answer.edges[`edge${n}`]?.ranks;
      medians.set(key, ranks === undefined ? null : (ranksOf(ranks, [0.5], timed)[0] ?? null));
    }
  }
  return edges.map(({ key, count, errors }) => {
    const [point = '', from = '', to = ''] = key.split('\0');
    return { point, from, to, count, errors, medianUs: medians.get(key) ?? null };
  });
}

/** Each group's values fit into the memory of a small node: a digest keeps at most `EXACT_UP_TO` of an edge. */
function groupsOf(edges: readonly EdgeCount[]): EdgeCount[][] {
  const groups: EdgeCount[][] = [];
  let values = Infinity;
  for (const edge of edges) {
    const own = Math.min(edge.timed, EXACT_UP_TO);
    if (values + own > 50 * EXACT_UP_TO || (groups.at(-1)?.length ?? 0) >= EDGES_AT_ONCE) {
      groups.push([]);
      values = 0;
    }
    groups.at(-1)?.push(edge);
    values += own;
  }
  return groups;
}

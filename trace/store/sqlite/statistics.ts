import type { FindingCode } from '../../findings/codes.ts';
import { bucketWidth } from '../throughputBuckets.ts';
import type { Statistics, StatisticsQuery } from '../traceStore.ts';
import type { SQLInputValue } from 'node:sqlite';
import { DurationSample, edgeName } from './durationSample.ts';
import type { Parts } from './parts.ts';
import { timeConditions } from './search.ts';
import { formatTime } from '../time.ts';

/** Percentiles and medians are exact up to so many traces, and from a sample of about this size beyond. */
const SAMPLE = 20_000;
/** Shown for traces that were never committed. */
const NO_CODE = 'NONE';

/** Traces of a step: some 30 ms. */
const STEP = 20_000;
/** Before every start time, also before that of traces without one. */
const BEFORE_ALL = Number.MIN_SAFE_INTEGER;
const AFTER_ALL = Number.MAX_SAFE_INTEGER;

interface EdgeCount {
  readonly point: string;
  readonly from: string;
  readonly to: string;
  count: number;
  errors: number;
}

/**
 * Counts (outcomes, throughput, findings, edges) are exact. Latency percentiles and edge medians are exact up to 20,000 traces;
 * of more they come from a sample of about that size, chosen by a hash of the start time, so that the same traces give the same
 * figures in whatever order they came. Traces without a start time count in no bucket.
 *
 * Worked out step by step, so that millions of traces hold up nobody else for long; what is written between two steps may count or not.
 */
export class StatisticsRun {
  readonly #parts: Parts;
  readonly #query: StatisticsQuery;
  readonly #most: number;
  /** Null for all. */
  readonly #channel: number | null;
  readonly #where: string;
  readonly #values: readonly SQLInputValue[];
  /** Without the channel. */
  readonly #time: { readonly where: string; readonly values: readonly SQLInputValue[] };
  readonly #first: number | null;
  readonly #last: number | null;
  readonly #bucketUs: number;
  #phase: 'count' | 'sample' = 'count';
  /** Start time at which the next step begins. */
  #from = BEFORE_ALL;
  #total = 0;
  readonly #outcomes: Record<string, number> = {};
  readonly #buckets = new Map<number, Record<string, number>>();
  readonly #findings = new Map<string, { code: FindingCode; severity: string; count: number }>();
  readonly #edges = new Map<string, EdgeCount>();
  readonly #sample = new DurationSample();

  /**
   * @param most traces that are looked at in one step
   * @throws StoreError `invalid_query`
   */
  constructor(parts: Parts, query: StatisticsQuery, most = STEP) {
    this.#parts = parts;
    this.#most = most;
    this.#query = query;
    const time = timeConditions(query);
    this.#time = { where: [...time.where, 'TRUE'].join(' AND '), values: time.values };
    this.#channel = query.channel === undefined ? null : (parts.channels.keyOf(query.channel) ?? -1);
    const own = this.#channel === null ? '' : ' AND +summary.shape IN (SELECT key FROM shape WHERE channel = ?)';
    this.#where = `${this.#time.where}${own}`;
    this.#values = [...time.values, ...(this.#channel === null ? [] : [this.#channel])];
    this.#first = this.#extreme('ASC');
    this.#last = this.#extreme('DESC');
    this.#bucketUs = bucketWidth(query, this.#first, this.#last);
  }

  /** Goes on; false once all is done. */
  step(): boolean {
    const [from, to] = [this.#from, this.#endOfStep()];
    if (this.#phase === 'count') this.#count(from, to);
    else this.#look(from, to);
    this.#from = to;
    if (to < AFTER_ALL) return true;
    if (this.#phase === 'sample') return false;
    this.#phase = 'sample';
    this.#from = BEFORE_ALL;
    return true;
  }

  /** After the last step. */
  result(): Statistics {
    const weight = this.#stride() === 1 ? 1 : this.#total / Math.max(1, this.#sample.traces);
    return {
      from: this.#query.from ?? (this.#first === null ? null : formatTime(this.#first)),
      to: this.#query.to ?? (this.#last === null ? null : formatTime(this.#last)),
      bucketUs: this.#bucketUs,
      throughput: [...this.#buckets]
        .toSorted(([a], [b]) => a - b)
        .map(([bucket, counts]) => ({ at: formatTime(bucket * this.#bucketUs), outcomes: sortedByKey(counts) })),
      outcomes: sortedByKey(this.#outcomes),
      latency: this.#sample.latency(weight),
      findings: [...this.#findings.values()].toSorted((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1)),
      edges: [...this.#edges]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, counted]) => Object.assign(counted, { medianUs: this.#sample.edgeMedian(name) })),
    };
  }

  /** The first or last start time; null without any. */
  #extreme(order: 'ASC' | 'DESC'): number | null {
    const { where, values } = this.#time;
    const time = `${where} AND summary.started >= 0 ORDER BY summary.started ${order} LIMIT 1`;
    // Of a channel shape by shape, each at its end of the index: its traces may be few among millions.
    const sql =
      this.#channel === null
        ? `SELECT started FROM summary INDEXED BY summary_started WHERE ${time}`
        : `SELECT ${order === 'ASC' ? 'min' : 'max'}(one) FROM (SELECT (
             SELECT started FROM summary INDEXED BY summary_shape WHERE summary.shape = shape.key AND ${time}
           ) AS one FROM shape WHERE channel = ?)`;
    const found = this.#parts.db.get(sql, ...values, ...(this.#channel === null ? [] : [this.#channel]))?.[0];
    return typeof found === 'number' ? found : null;
  }

  /** Start time of the first trace that is left for the next step. */
  #endOfStep(): number {
    // By time alone: a channel of few traces must not make a step long.
    const sql = `SELECT started FROM summary INDEXED BY summary_started WHERE ${this.#time.where} AND started >= ?
      ORDER BY started LIMIT 1 OFFSET ?`;
    const end = this.#parts.db.get(sql, ...this.#time.values, this.#from, this.#most)?.[0] as number | undefined;
    // As many that began in the same microsecond are one step.
    return end === undefined ? AFTER_ALL : Math.max(end, this.#from + 1);
  }

  #count(from: number, to: number): void {
    const { db, shapes } = this.#parts;
    const rows = db.all(
      `SELECT CASE WHEN started >= 0 THEN started / CAST(? AS INTEGER) END, shape, edges, count(*)
       FROM summary INDEXED BY summary_started WHERE ${this.#where} AND started >= ? AND started < ? GROUP BY 1, 2, 3`,
      this.#bucketUs,
      ...this.#values,
      from,
      to,
    );
    // Keys hold for this step alone: what they stand for is counted at once.
    for (const [bucket, shapeKey, edgesKey, count] of rows as [number | null, number, number, number][]) {
      const { code, findings } = shapes.shape(shapeKey);
      this.#total += count;
      add(this.#outcomes, code ?? NO_CODE, count);
      if (bucket !== null) {
        let counts = this.#buckets.get(bucket);
        if (counts === undefined) this.#buckets.set(bucket, (counts = {}));
        add(counts, code ?? NO_CODE, count);
      }
      this.#countFindings(findings, count);
      this.#countEdges(edgesKey, count);
    }
  }

  #countFindings(findings: readonly { code: FindingCode; severity: string }[], count: number): void {
    const names = new Map(findings.map(({ code, severity }) => [`${code} ${severity}`, { code, severity }]));
    for (const [name, kind] of names) {
      const known = this.#findings.get(name);
      if (known === undefined) this.#findings.set(name, { ...kind, count });
      else known.count += count;
    }
  }

  /** Who calls whom, by the distinct sets of edges. Edges whose caller nobody saw are left out. */
  #countEdges(edgesKey: number, count: number): void {
    for (const [point, from, to, failed] of this.#parts.shapes.edges(edgesKey)) {
      if (from === null) continue;
      const name = edgeName(point, from, to);
      let known = this.#edges.get(name);
      if (known === undefined) this.#edges.set(name, (known = { point, from, to, count: 0, errors: 0 }));
      known.count += count;
      if (failed === 1) known.errors += count;
    }
  }

  /** Of so many traces one is chosen for the sample. */
  #stride(): number {
    return Math.max(1, Math.ceil(this.#total / SAMPLE));
  }

  #look(from: number, to: number): void {
    const stride = this.#stride();
    const chosen = stride === 1 ? '' : `AND (((started % 2147483647) * 1103515245) >> 12) % ${stride} = 0`;
    const rows = this.#parts.db.all(
      `SELECT duration, edges, data FROM summary INDEXED BY summary_started
       WHERE ${this.#where} AND started >= ? AND started < ? ${chosen}`,
      ...this.#values,
      from,
      to,
    );
    this.#sample.add(this.#parts, rows as [number, number, Uint8Array][]);
  }
}

const add = (counts: Record<string, number>, code: string, count: number) => {
  counts[code] = (counts[code] ?? 0) + count;
};

function sortedByKey(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

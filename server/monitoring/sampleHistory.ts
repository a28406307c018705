import type { Line, PanelLines, RangeQuery } from './metricsSource.ts';
import { MAX_LINES, type Panel, WINDOW_S } from './panels.ts';
import type { MetricSample } from './prometheusText.ts';

/** A value counts as current for this many scrapes. */
const FRESH = 3;
/** Kept of one node at most: a series is one metric with one label value. A busy peer has about forty. */
export const MAX_NODE_SERIES = 250;
/** Kept of all nodes together: 58 MB with the usual hour of scrapes every 5 s. */
export const MAX_SERIES = 10_000;
const MAX_LABEL = 256;

/** How many series there may be; shared by the histories of all nodes. */
export class SeriesBudget {
  #left: number;

  constructor(limit = MAX_SERIES) {
    this.#left = limit;
  }

  get left(): number {
    return this.#left;
  }

  take(): boolean {
    if (this.#left <= 0) return false;
    this.#left--;
    return true;
  }

  giveBack(count: number): void {
    this.#left += count;
  }
}

interface Ring {
  readonly values: Float64Array;
  /** Number of the scrape that told it last. */
  last: number;
}

/** The names of the samples that panels are made of. */
export function samplesOf(panels: readonly Panel[]): Set<string> {
  return new Set(
    panels.flatMap(({ metric, how }) => (how === 'mean' ? [`${metric}_sum`, `${metric}_count`] : [metric])),
  );
}

/**
 * What one node's metrics were at each of the last scrapes, as far as panels need it: added up by the label that a panel is split by.
 * A ring of fixed length for each series, so that memory is known beforehand.
 */
export class SampleHistory {
  readonly #by: ReadonlyMap<string, string | null>;
  readonly #intervalMs: number;
  readonly #times: Float64Array;
  readonly #series = new Map<string, Map<string, Ring>>();
  readonly #budget: SeriesBudget;
  #count = 0;
  #written = 0;

  /** @param length scrapes that are kept */
  constructor(panels: readonly Panel[], length: number, intervalMs: number, budget: SeriesBudget = new SeriesBudget()) {
    this.#by = new Map(panels.flatMap((panel) => [...samplesOf([panel])].map((name) => [name, panel.by])));
    this.#intervalMs = intervalMs;
    this.#times = new Float64Array(length).fill(Number.NaN);
    this.#budget = budget;
  }

  /** Series that are kept. */
  get size(): number {
    return this.#count;
  }

  /** Time of the oldest scrape that is kept; null before the first. */
  get since(): number | null {
    if (this.#written === 0) return null;
    return this.#times[this.#slot(Math.max(0, this.#written - this.#times.length))] as number;
  }

  /**
   * One scrape. Where the clock was set back, what was kept is forgotten: it would lie in the future.
   * @returns samples that were not kept, as there are too many series
   */
  add(at: number, samples: Iterable<MetricSample>): number {
    if (this.#written > 0 && at <= (this.#times[this.#slot(this.#written - 1)] as number)) this.clear();
    const slot = this.#slot(this.#written);
    this.#times[slot] = at;
    for (const rings of this.#series.values()) for (const { values } of rings.values()) values[slot] = Number.NaN;
    let cut = 0;
    let pruned = false;
    for (const { name, labels, value } of samples) {
      const by = this.#by.get(name);
      if (by === undefined || !Number.isFinite(value)) continue;
      const label = by === null ? '' : (labels[by] ?? '');
      let ring = this.#ring(name, label);
      if (ring === null && !pruned) {
        // Once a scrape: what nobody has told within all that is kept makes room.
        this.#prune();
        pruned = true;
        ring = this.#ring(name, label);
      }
      if (ring === null) {
        cut++;
        continue;
      }
      const before = ring.values[slot] as number;
      ring.values[slot] = Number.isNaN(before) ? value : before + value;
      ring.last = this.#written;
    }
    this.#written++;
    if (this.#written % this.#times.length === 0) this.#prune();
    return cut;
  }

  /** Forgets everything, and makes room for others. */
  clear(): void {
    this.#budget.giveBack(this.#count);
    this.#count = 0;
    this.#written = 0;
    this.#series.clear();
    this.#times.fill(Number.NaN);
  }

  /** Lines of a panel, those without a value left out; of many those with the names that come first. */
  lines(panel: Panel, query: RangeQuery): PanelLines {
    const { metric, how } = panel;
    const times = timesOf(query);
    const names = [...(this.#series.get(how === 'mean' ? `${metric}_count` : metric)?.keys() ?? [])];
    const lines = names
      .toSorted()
      .map((name) => ({
        name,
        points: times.map((at) => [at, this.#valueAt(metric, how, name, at, query.stepMs)] as const),
      }))
      .filter(({ points }) => points.some(([, value]) => value !== null));
    return firstLines(panel, lines);
  }

  /** By label value: what the gauge was then, or shortly before. */
  gaugeAt(metric: string, at: number): Map<string, number> {
    const found = new Map<string, number>();
    for (const name of this.#series.get(metric)?.keys() ?? []) {
      const value = this.#valueAt(metric, 'gauge', name, at, this.#intervalMs);
      if (value !== null) found.set(name, value);
    }
    return found;
  }

  /** By label value: what the gauge was at the last scrape, and when that was; null before the first. */
  lastGauges(metric: string): { readonly at: number | null; readonly values: ReadonlyMap<string, number> } {
    const values = new Map<string, number>();
    if (this.#written === 0) return { at: null, values };
    const slot = this.#slot(this.#written - 1);
    for (const [name, ring] of this.#series.get(metric) ?? []) {
      const value = ring.values[slot] as number;
      if (!Number.isNaN(value)) values.set(name, value);
    }
    return { at: this.#times[slot] as number, values };
  }

  #valueAt(metric: string, how: Panel['how'], name: string, at: number, stepMs: number): number | null {
    if (how === 'gauge') return this.#gauge(this.#series.get(metric)?.get(name)?.values, at, stepMs);
    if (how === 'rate')
      return this.#increase(this.#series.get(metric)?.get(name)?.values, at, stepMs)?.perSecond ?? null;
    const sum = this.#increase(this.#series.get(`${metric}_sum`)?.get(name)?.values, at, stepMs);
    const count = this.#increase(this.#series.get(`${metric}_count`)?.get(name)?.values, at, stepMs);
    return sum === null || count === null || count.by === 0 ? null : sum.by / count.by;
  }

  #gauge(ring: Float64Array | undefined, at: number, stepMs: number): number | null {
    const oldest = at - Math.max(FRESH * this.#intervalMs, stepMs);
    for (const slot of this.#before(at)) {
      if ((this.#times[slot] as number) <= oldest) return null;
      const value = ring?.[slot] ?? Number.NaN;
      if (!Number.isNaN(value)) return value;
    }
    return null;
  }

  /** By how much a counter rose in the minute before, or the step where that is longer; after a restart of the node it begins at zero again. */
  #increase(
    ring: Float64Array | undefined,
    at: number,
    stepMs: number,
  ): { readonly by: number; readonly perSecond: number } | null {
    if (ring === undefined) return null;
    const begin = at - Math.max(WINDOW_S * 1000, stepMs);
    let by = 0;
    let later = Number.NaN;
    let last = Number.NaN;
    let first = Number.NaN;
    for (const slot of this.#before(at)) {
      const time = this.#times[slot] as number;
      if (time < begin) break;
      const value = ring[slot] as number;
      if (Number.isNaN(value)) continue;
      if (Number.isNaN(last)) last = time;
      else by += later >= value ? later - value : later;
      [later, first] = [value, time];
    }
    return first < last ? { by, perSecond: (by * 1000) / (last - first) } : null;
  }

  /** Slots of the scrapes until then, the latest first. */
  *#before(at: number): Generator<number> {
    const oldest = Math.max(0, this.#written - this.#times.length);
    // The last scrape that is not later, by halving: scrapes are in the order of time.
    let [low, high] = [oldest, this.#written];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#times[this.#slot(middle)] as number) <= at) low = middle + 1;
      else high = middle;
    }
    for (let index = low - 1; index >= oldest; index--) yield this.#slot(index);
  }

  #slot(index: number): number {
    return index % this.#times.length;
  }

  #ring(name: string, label: string): Ring | null {
    const rings = this.#series.get(name);
    const known = rings?.get(label);
    if (known !== undefined) return known;
    if (this.#count >= MAX_NODE_SERIES || label.length > MAX_LABEL || !this.#budget.take()) return null;
    this.#count++;
    // As a part of what was scraped it would keep the whole of it in memory.
    const own = Buffer.from(label).toString();
    const ring = { values: new Float64Array(this.#times.length).fill(Number.NaN), last: this.#written };
    if (rings === undefined) this.#series.set(name, new Map([[own, ring]]));
    else rings.set(own, ring);
    return ring;
  }

  /** Lets go of series that no scrape of those that are kept has told. */
  #prune(): void {
    const before = this.#count;
    for (const rings of this.#series.values()) {
      for (const [label, { last }] of rings) {
        if (last >= this.#written - this.#times.length) continue;
        rings.delete(label);
        this.#count--;
      }
    }
    this.#budget.giveBack(before - this.#count);
  }
}

/** Of many lines the first, and how many more there are. */
export function firstLines(panel: Panel, lines: readonly Line[]): PanelLines {
  return { panel, lines: lines.slice(0, MAX_LINES), more: Math.max(0, lines.length - MAX_LINES) };
}

export function timesOf({ from, to, stepMs }: RangeQuery): number[] {
  return Array.from({ length: Math.floor((to - from) / stepMs) + 1 }, (_, index) => from + index * stepMs);
}

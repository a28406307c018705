import type { RangeQuery, Line } from './metricsSource.ts';
import { MAX_LINES, type Panel, WINDOW_S } from './panels.ts';
import type { MetricSample } from './prometheusText.ts';

/** Kept of one node at most: metric and label value. */
const MAX_SERIES = 250;
/** A value counts as current for this many scrapes. */
const FRESH = 3;

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
  readonly #series = new Map<string, Map<string, Float64Array>>();
  #count = 0;
  #written = 0;

  /** @param length scrapes that are kept */
  constructor(panels: readonly Panel[], length: number, intervalMs: number) {
    this.#by = new Map(panels.flatMap((panel) => [...samplesOf([panel])].map((name) => [name, panel.by])));
    this.#intervalMs = intervalMs;
    this.#times = new Float64Array(length).fill(Number.NaN);
  }

  /** Time of the oldest scrape that is kept; null before the first. */
  get since(): number | null {
    if (this.#written === 0) return null;
    return this.#times[this.#slot(Math.max(0, this.#written - this.#times.length))] as number;
  }

  /** One scrape. */
  add(at: number, samples: Iterable<MetricSample>): void {
    const slot = this.#slot(this.#written);
    this.#times[slot] = at;
    for (const values of this.#series.values()) for (const ring of values.values()) ring[slot] = Number.NaN;
    for (const { name, labels, value } of samples) {
      const by = this.#by.get(name);
      if (by === undefined || !Number.isFinite(value)) continue;
      const ring = this.#ring(name, by === null ? '' : (labels[by] ?? ''));
      if (ring === null) continue;
      const before = ring[slot] as number;
      ring[slot] = Number.isNaN(before) ? value : before + value;
    }
    this.#written++;
  }

  /** Lines of a panel; of many those with the names that come first. */
  lines({ metric, how }: Panel, query: RangeQuery): Line[] {
    const names = [...(this.#series.get(how === 'mean' ? `${metric}_count` : metric)?.keys() ?? [])];
    return names
      .toSorted()
      .slice(0, MAX_LINES)
      .map((name) => ({
        name,
        points: timesOf(query).map((at) => [at, this.#valueAt(metric, how, name, at, query.stepMs)] as const),
      }))
      .filter(({ points }) => points.some(([, value]) => value !== null));
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

  #valueAt(metric: string, how: Panel['how'], name: string, at: number, stepMs: number): number | null {
    if (how === 'gauge') return this.#gauge(this.#series.get(metric)?.get(name), at, stepMs);
    if (how === 'rate') return this.#increase(this.#series.get(metric)?.get(name), at)?.perSecond ?? null;
    const sum = this.#increase(this.#series.get(`${metric}_sum`)?.get(name), at);
    const count = this.#increase(this.#series.get(`${metric}_count`)?.get(name), at);
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

  /** By how much a counter rose in the window before; after a restart of the node it begins at zero again. */
  #increase(ring: Float64Array | undefined, at: number): { readonly by: number; readonly perSecond: number } | null {
    if (ring === undefined) return null;
    let by = 0;
    let later = Number.NaN;
    let last = Number.NaN;
    let first = Number.NaN;
    for (const slot of this.#before(at)) {
      const time = this.#times[slot] as number;
      if (time < at - WINDOW_S * 1000) break;
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

  #ring(name: string, label: string): Float64Array | null {
    const values = this.#series.get(name) ?? new Map<string, Float64Array>();
    const known = values.get(label);
    if (known !== undefined) return known;
    if (this.#count >= MAX_SERIES) return null;
    this.#count++;
    const ring = new Float64Array(this.#times.length).fill(Number.NaN);
    this.#series.set(name, values.set(label, ring));
    return ring;
  }
}

export function timesOf({ from, to, stepMs }: RangeQuery): number[] {
  return Array.from({ length: Math.floor((to - from) / stepMs) + 1 }, (_, index) => from + index * stepMs);
}

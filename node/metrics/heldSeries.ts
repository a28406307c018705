import { Counter, type CounterConfiguration, Histogram, type HistogramConfiguration } from 'prom-client';

type Labels<T extends string> = Readonly<Record<T, string>>;

/** One series of a counter. */
export interface CounterSeries {
  inc(): void;
}

/** One series of a histogram. */
export interface HistogramSeries {
  observe(value: number): void;
}

/**
 * A counter whose series can be held by whoever counts: plain numbers, added up when somebody asks. prom-client looks the labels up and
 * checks them each time, which takes a microsecond where a proposal counts a dozen things.
 */
export class HeldCounter<T extends string = never> extends Counter<T> {
  readonly #held: (() => void)[];

  constructor(configuration: Omit<CounterConfiguration<T>, 'collect'>) {
    const held: (() => void)[] = [];
    super({ ...configuration, collect: () => held.forEach((tell) => tell()) });
    this.#held = held;
  }

  /** For labels that come again and again; to be asked for once. */
  held(labels: Labels<T>): CounterSeries {
    let count = 0;
    this.#held.push(() => {
      if (count > 0) {
        this.inc(labels, count);
        count = 0;
      }
    });
    return {
      inc() {
        count++;
      },
    };
  }
}

/** The same for a histogram. */
export class HeldHistogram<T extends string = never> extends Histogram<T> {
  /** Told of each observation of a held series. */
  onObserved: ((labels: Labels<T>, value: number) => void) | null = null;
  readonly #name: string;
  readonly #bounds: readonly number[];
  readonly #held: Held<T>[] = [];

  constructor(configuration: HistogramConfiguration<T> & { readonly buckets: readonly number[] }) {
    super({ ...configuration, buckets: [...configuration.buckets] });
    this.#name = configuration.name;
    this.#bounds = configuration.buckets;
  }

  /** For labels that come again and again; to be asked for once, and these labels not to be observed in any other way. */
  held(labels: Labels<T>): HistogramSeries {
    const bounds = this.#bounds;
    const held: Held<T> = { labels, buckets: bounds.map(() => 0), count: 0, sum: 0, exported: null };
    this.#held.push(held);
    return {
      observe: (value) => {
        let at = 0;
        while (at < bounds.length && value > (bounds[at] as number)) {
          at++;
        }
        if (at < bounds.length) {
          held.buckets[at] = (held.buckets[at] as number) + 1;
        }
        held.count++;
        held.sum += value;
        this.onObserved?.(labels, value);
      },
    };
  }

  /** All that prom-client gives away goes through here, though its types do not say so. */
  async getForPromString(): Promise<Exported> {
    const others = await allOf.call(this);
    return { ...others, values: [...others.values, ...this.#held.flatMap((one) => this.#export(one))] };
  }

  /** Always the same objects, so that whoever writes them down may keep what does not change. */
  #export(held: Held<T>): readonly ExportedValue[] {
    const { buckets, count, sum } = held;
    if (count === 0) {
      return [];
    }
    const values = (held.exported ??= this.#describe(held));
    let below = 0;
    for (const [index, number] of buckets.entries()) {
      below += number;
      (values[index] as ExportedValue).value = below;
    }
    const [all, total, times] = values.slice(buckets.length) as [ExportedValue, ExportedValue, ExportedValue];
    all.value = count;
    total.value = sum;
    times.value = count;
    return values;
  }

  #describe({ labels: sharedLabels }: Held<T>): readonly ExportedValue[] {
    const metricName = `${this.#name}_bucket`;
    return [
      ...[...this.#bounds, '+Inf'].map((le) => ({ labels: { le }, sharedLabels, value: 0, metricName })),
      { labels: {}, sharedLabels, value: 0, metricName: `${this.#name}_sum` },
      { labels: {}, sharedLabels, value: 0, metricName: `${this.#name}_count` },
    ];
  }
}

interface Held<T extends string> {
  readonly labels: Labels<T>;
  /** How many fell into each bucket, and not into one below. */
  readonly buckets: number[];
  count: number;
  sum: number;
  /** What was given away of it, once it was. */
  exported: readonly ExportedValue[] | null;
}

interface ExportedValue {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly sharedLabels: Readonly<Record<string, string>>;
  value: number;
  readonly metricName: string;
}

interface Exported {
  readonly values: readonly ExportedValue[];
}

const { getForPromString: allOf } = Histogram.prototype as unknown as {
  readonly getForPromString: (this: unknown) => Promise<Exported>;
};

/** What is held for values of some labels, made when they first come. */
export class ByLabels<V> {
  readonly #made = new Map<string, V>();
  readonly #make: (...values: readonly string[]) => V;

  constructor(make: (...values: readonly string[]) => V) {
    this.#make = make;
  }

  /** @param values in one order, always as many */
  of(...values: readonly string[]): V {
    const key = values.join('\0');
    let found = this.#made.get(key);
    if (found === undefined) {
      found = this.#make(...values);
      this.#made.set(key, found);
    }
    return found;
  }
}

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { Histogram, type Metric, Registry } from 'prom-client';
import { HeldHistogram } from '#node/metrics/heldSeries.ts';
import { statsdName } from './statsdName.ts';

export interface StatsdOptions {
  readonly network: 'udp' | 'tcp';
  readonly host: string;
  readonly port: number;
  readonly writeIntervalMs: number;
  /** Before all names, with a dot between; empty for none. */
  readonly prefix: string;
}

export interface StatsdModules {
  readonly registry: ObservedRegistry;
  /** Told when a server cannot be reached; there is another try with the next interval. */
  readonly onError: (error: unknown) => void;
}

type Labels = Readonly<Record<string, string | number>>;

/** Octets of a datagram that goes through any network in one piece. */
const DATAGRAM = 1400;
/** Timings that wait for the next interval; more are left out, and counted among the lines. */
const MAX_TIMINGS = 50_000;
const SEND_MS = 5000;

/** A registry that gives away each single observation of its histograms, which keep no more than sums. */
export class ObservedRegistry extends Registry {
  onObserved: (histogram: Histogram, labels: Labels, value: number) => void = () => {};

  override registerMetric<T extends string>(metric: Metric<T>): void {
    super.registerMetric(metric);
    // Called while the metric is being made: its methods come after.
    queueMicrotask(() => {
      if (metric instanceof Histogram) {
        this.#observe(metric);
      }
    });
  }

  #observe(histogram: Histogram): void {
    const tell = (labels: Labels, value: number): void => this.onObserved(histogram, labels, value);
    if (histogram instanceof HeldHistogram) {
      histogram.onObserved = tell;
    }
    const observe = histogram.observe.bind(histogram) as (labels: Labels | number, value?: number) => void;
    const child = histogram.labels.bind(histogram) as (...given: unknown[]) => Histogram.Internal<string>;
    Object.assign(histogram, {
      observe(labels: Labels | number, value?: number): void {
        observe(labels, value);
        tell(typeof labels === 'number' ? {} : (labels ?? {}), typeof labels === 'number' ? labels : (value as number));
      },
      labels(...given: unknown[]) {
        const made = child(...given);
        const [first] = given;
        const labels =
          typeof first === 'object' && first !== null
            ? (first as Labels)
            : Object.fromEntries(labelNamesOf(histogram).map((name, index) => [name, given[index] as string]));
        return {
          ...made,
          observe(value: number): void {
            made.observe(value);
            tell(labels, value);
          },
        };
      },
    });
  }
}

/**
 * Sends a node's metrics to a StatsD server: what counters grew by, what gauges stand at, and each observation of a histogram, in
 * its own unit, as a timing (Fabric, fabric-lib-go `metrics/statsd`).
 */
export class StatsdExporter {
  readonly #options: StatsdOptions;
  readonly #modules: StatsdModules;
  readonly #sent = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  #timings: string[] = [];
  #left = 0;
  #sending: Promise<void> | null = null;

  private constructor(options: StatsdOptions, modules: StatsdModules) {
    const { prefix } = options;
    this.#options = { ...options, prefix: prefix === '' || prefix.endsWith('.') ? prefix : `${prefix}.` };
    this.#modules = modules;
    modules.registry.onObserved = (histogram, labels, value) => {
      const { name } = histogram as unknown as { readonly name: string };
      if (this.#timings.length < MAX_TIMINGS) {
        this.#timings.push(this.#line(statsdName(name, labelNamesOf(histogram), labels), value, 'ms'));
      } else {
        this.#left++;
      }
    };
    this.#timer = setInterval(() => void this.#send(), options.writeIntervalMs).unref();
  }

  static start(options: StatsdOptions, modules: StatsdModules): StatsdExporter {
    return new StatsdExporter(options, modules);
  }

  /** Sends what is there yet. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#modules.registry.onObserved = () => {};
    await this.#sending;
    await this.#send();
  }

  /** Where a server takes longer than an interval, the next takes what this one leaves. */
  #send(): Promise<void> {
    this.#sending ??= this.#sendNow().finally(() => {
      this.#sending = null;
    });
    return this.#sending;
  }

  /** What a server did not take, it gets with the next interval: counters by all that they grew meanwhile, and observations as far as there is room. */
  async #sendNow(): Promise<void> {
    const [timings, left] = [this.#timings, this.#left];
    this.#timings = [];
    this.#left = 0;
    try {
      const told = left === 0 ? [] : [this.#line('ftl.statsd_timings_left_out', left, 'c')];
      const { lines, counters } = await this.#lines();
      await this.#deliver([...timings, ...told, ...lines]);
      for (const [bucket, value] of counters) {
        this.#sent.set(bucket, value);
      }
    } catch (error) {
      const room = Math.max(0, MAX_TIMINGS - timings.length);
      this.#left += left + Math.max(0, this.#timings.length - room);
      this.#timings = [...timings, ...this.#timings.slice(0, room)];
      this.#modules.onError(error);
    }
  }

  /** With where the counters among them stand. */
  async #lines(): Promise<{ readonly lines: readonly string[]; readonly counters: ReadonlyMap<string, number> }> {
    const lines: string[] = [];
    const counters = new Map<string, number>();
    for (const metric of this.#modules.registry.getMetricsAsArray() as unknown as readonly Metric[]) {
      if (metric instanceof Histogram) {
        continue;
      }
      const { name, type, values } = await metric.get();
      const labelNames = labelNamesOf(metric);
      for (const { labels, value } of values) {
        const bucket = statsdName(name, labelNames, labels);
        if (String(type) !== 'counter') {
          lines.push(...this.#gauge(bucket, value));
          continue;
        }
        const growth = value - (this.#sent.get(bucket) ?? 0);
        if (growth !== 0) {
          counters.set(bucket, value);
          lines.push(this.#line(bucket, growth, 'c'));
        }
      }
    }
    return { lines, counters };
  }

  /** What is no number is left out: StatsD has no word for it. */
  #gauge(bucket: string, value: number): readonly string[] {
    if (!Number.isFinite(value)) {
      return [];
    }
    const line = this.#line(bucket, value, 'g');
    // With a sign it would be taken for a change of what was told before.
    return value < 0 ? [this.#line(bucket, 0, 'g'), line] : [line];
  }

  #line(bucket: string, value: number, unit: 'ms' | 'c' | 'g'): string {
    return `${this.#options.prefix}${bucket}:${value.toFixed(6)}|${unit}\n`;
  }

  async #deliver(lines: readonly string[]): Promise<void> {
    const { network, host, port } = this.#options;
    if (lines.length === 0) {
      return;
    }
    if (network === 'tcp') {
      const socket = connect({ host, port, timeout: SEND_MS });
      // One that has taken everything may leave its own side open.
      socket.once('timeout', () =>
        socket.destroy(socket.writableFinished ? undefined : new Error(`no answer from ${host}:${port}`)),
      );
      socket.end(lines.join(''));
      await once(socket.resume(), 'close');
      return;
    }
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    try {
      for (const datagram of datagrams(lines)) {
        await new Promise<void>((resolve, reject) => {
          socket.send(datagram, port, host, (error) => (error === null ? resolve() : reject(error)));
        });
      }
    } finally {
      socket.close();
    }
  }
}

function* datagrams(lines: readonly string[]): Generator<Buffer, void> {
  let parts: Buffer[] = [];
  let length = 0;
  for (const line of lines) {
    const part = Buffer.from(line);
    if (length + part.length > DATAGRAM && length > 0) {
      yield Buffer.concat(parts);
      parts = [];
      length = 0;
    }
    parts.push(part);
    length += part.length;
  }
  if (length > 0) {
    yield Buffer.concat(parts);
  }
}

/** In the order of their declaration; prom-client keeps them, and its types do not say so. */
export function labelNamesOf(metric: object): readonly string[] {
  return (metric as { readonly labelNames: readonly string[] }).labelNames;
}

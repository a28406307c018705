import { setTimeout as sleep } from 'node:timers/promises';
import { Counter, type Registry } from 'prom-client';
import { type Heights, heightsMinuteAgo, lastHeights, type NodeHeights } from './heights.ts';
import type { MetricsSource, NodeMetrics, NodeRef, RangeQuery } from './metricsSource.ts';
import { MonitoringError, type MonitoringErrorCode } from './monitoringError.ts';
import type { NodeClient } from './nodeClient.ts';
import type { NodeTarget } from './nodeTarget.ts';
import { PANELS, panelsOf } from './panels.ts';
import { parseSamples } from './prometheusText.ts';
import { MAX_SERIES, SampleHistory, samplesOf, SeriesBudget } from './sampleHistory.ts';

export interface ScraperOptions {
  /** Milliseconds between two scrapes of a node. */
  readonly intervalMs: number;
  /** Milliseconds that are kept. */
  readonly keepMs: number;
  /** Series of all nodes together; more are counted and not kept. */
  readonly maxSeries: number;
}

export const SCRAPER: ScraperOptions = { intervalMs: 5000, keepMs: 3_600_000, maxSeries: MAX_SERIES };

interface ScraperModules {
  readonly targets: () => readonly NodeTarget[];
  readonly client: NodeClient;
  readonly registry: Registry;
  readonly now?: () => number;
  /** After each round, when all that answer have been read. */
  readonly onRound?: () => void;
}

export interface Scraped {
  readonly target: NodeTarget;
  readonly history: SampleHistory;
  /** Why its metrics cannot be read; null while they can. */
  readonly failure: {
    /** Milliseconds since 1970. */
    readonly since: number;
    readonly code: MonitoringErrorCode;
    readonly message: string;
  } | null;
}

const AT_A_TIME = 12;

/**
 * Reads the nodes' metrics itself and keeps the last hour, for who runs no Prometheus. Nodes that did not answer the last time are asked
 * apart from the others, which do not wait for them.
 */
export class Scraper implements MetricsSource {
  readonly kind = 'scraper';
  readonly #options: ScraperOptions;
  readonly #modules: ScraperModules;
  readonly #now: () => number;
  readonly #wanted = samplesOf(PANELS);
  readonly #budget: SeriesBudget;
  readonly #nodes = new Map<string, Scraped>();
  readonly #scrapes: Counter<'result'>;
  readonly #cut: Counter;
  readonly #stop = new AbortController();
  #targets: ReadonlySet<string> = new Set();
  #silent: Promise<void> | null = null;
  #ended: Promise<void> | null = null;

  constructor(options: Partial<ScraperOptions>, modules: ScraperModules) {
    this.#options = { ...SCRAPER, ...options };
    this.#modules = modules;
    this.#now = modules.now ?? Date.now;
    this.#budget = new SeriesBudget(this.#options.maxSeries);
    const registers = [modules.registry];
    this.#scrapes = new Counter({
      name: 'ftl_server_scrapes_total',
      help: "Times that nodes' metrics were read for the panels: `ok`, or how it failed.",
      labelNames: ['result'],
      registers,
    });
    this.#cut = new Counter({
      name: 'ftl_server_scraped_samples_cut_total',
      help: "Samples of nodes' metrics that panels need and that were not kept, as there are too many series.",
      registers,
    });
  }

  start(): void {
    this.#ended ??= this.#run();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.#ended, this.#silent]);
  }

  /** What is known of each node, in the order in which they were met. */
  get nodes(): readonly Scraped[] {
    return [...this.#nodes.values()];
  }

  range(node: NodeRef, query: RangeQuery): Promise<NodeMetrics> {
    const known = this.#nodes.get(node.id);
    const history = known?.history;
    const panels = panelsOf(node.kind).map((panel) => history?.lines(panel, query) ?? { panel, lines: [], more: 0 });
    return Promise.resolve({ panels, since: history?.since ?? null, problem: this.#problemOf(node) });
  }

  heights(nodes: readonly NodeRef[]): Promise<Heights> {
    const now = this.#now();
    const each = nodes.map((node): [string, NodeHeights] => {
      const known = this.#nodes.get(node.id);
      return [node.id, { heights: known === undefined ? [] : lastHeights(known, now), problem: this.#problemOf(node) }];
    });
    return Promise.resolve({ nodes: new Map(each), minuteAgo: heightsMinuteAgo(this.#nodes.values(), now) });
  }

  #problemOf({ id }: NodeRef): string | null {
    const known = this.#nodes.get(id);
    if (known !== undefined) return known.failure?.message ?? null;
    return this.#targets.has(id)
      ? null
      : 'FTL was not told where its operations service is: --operations names a file that does';
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const began = performance.now();
      await this.#round();
      if (!signal.aborted) this.#modules.onRound?.();
      const rest = Math.max(0, this.#options.intervalMs - (performance.now() - began));
      // Rejects only when all is over.
      await sleep(rest, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Asks every node once; `start` does it again and again. Nodes that are no target any more are forgotten. */
  async scrapeAll(): Promise<void> {
    await this.#round();
    await this.#silent;
  }

  /** Resolves when those that answered the last time have been asked. */
  async #round(): Promise<void> {
    const targets = this.#modules.targets();
    this.#targets = new Set(targets.map(({ id }) => id));
    for (const [id, { history }] of this.#nodes) {
      if (this.#targets.has(id)) continue;
      history.clear();
      this.#nodes.delete(id);
    }
    const { true: answering = [], false: others = [] } = Object.groupBy(targets, ({ id }) =>
      this.#nodes.get(id)?.failure === null ? 'true' : 'false',
    );
    this.#silent ??= this.#scrapeEach(others).finally(() => (this.#silent = null));
    await this.#scrapeEach(answering);
  }

  async #scrapeEach(targets: readonly NodeTarget[]): Promise<void> {
    const queue = [...targets];
    const work = async (): Promise<void> => {
      for (let target = queue.shift(); target !== undefined; target = queue.shift()) await this.#scrape(target);
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, work));
  }

  async #scrape(target: NodeTarget): Promise<void> {
    const { intervalMs, keepMs } = this.#options;
    const { id } = target;
    if (this.#stop.signal.aborted || !this.#targets.has(id)) return;
    const known = this.#nodes.get(id);
    const history =
      known?.history ?? new SampleHistory(PANELS, Math.ceil(keepMs / intervalMs) + 1, intervalMs, this.#budget);
    try {
      const text = await this.#modules.client.metrics(target, this.#stop.signal);
      this.#scrapes.inc({ result: 'ok' });
      // It may have ceased to be one meanwhile.
      if (!this.#targets.has(id)) return;
      this.#cut.inc(history.add(this.#now(), parseSamples(text, this.#wanted)));
      this.#nodes.set(id, { target, history, failure: null });
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      const { code, message } =
        error instanceof MonitoringError
          ? error
          : new MonitoringError('bad_answer', `${target.node} could not be read`, { cause: error });
      this.#scrapes.inc({ result: code });
      if (!this.#targets.has(id)) return;
      this.#nodes.set(id, { target, history, failure: { since: known?.failure?.since ?? this.#now(), code, message } });
    }
  }
}

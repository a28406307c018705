import { setTimeout as sleep } from 'node:timers/promises';
import { Counter, type Registry } from 'prom-client';
import type { MetricsSource, NodeMetrics, NodeRef, RangeQuery } from './metricsSource.ts';
import { MonitoringError } from './monitoringError.ts';
import type { NodeClient } from './nodeClient.ts';
import type { NodeTarget } from './nodeTarget.ts';
import { PANELS, panelsOf } from './panels.ts';
import { parseSamples } from './prometheusText.ts';
import { SampleHistory, samplesOf } from './sampleHistory.ts';

export interface ScraperOptions {
  /** Milliseconds between two scrapes of a node. */
  readonly intervalMs: number;
  /** Milliseconds that are kept. */
  readonly keepMs: number;
}

export const SCRAPER: ScraperOptions = { intervalMs: 5000, keepMs: 3_600_000 };

interface ScraperModules {
  readonly targets: () => readonly NodeTarget[];
  readonly client: NodeClient;
  readonly registry: Registry;
  readonly now?: () => number;
}

export interface Scraped {
  readonly target: NodeTarget;
  readonly history: SampleHistory;
  /** Since when it does not answer; null while it does. */
  readonly failingSince: number | null;
  readonly error: string | null;
}

const AT_A_TIME = 8;

/** Reads the nodes' metrics itself and keeps the last hour, for who runs no Prometheus. */
export class Scraper implements MetricsSource {
  readonly kind = 'scraper';
  readonly #options: ScraperOptions;
  readonly #modules: ScraperModules;
  readonly #now: () => number;
  readonly #wanted = samplesOf(PANELS);
  readonly #nodes = new Map<string, Scraped>();
  readonly #scrapes: Counter<'result'>;
  readonly #stop = new AbortController();
  #ended: Promise<void> | null = null;

  constructor(options: Partial<ScraperOptions>, modules: ScraperModules) {
    this.#options = { ...SCRAPER, ...options };
    this.#modules = modules;
    this.#now = modules.now ?? Date.now;
    this.#scrapes = new Counter({
      name: 'ftl_server_scrapes_total',
      help: "Times that nodes' metrics were read for the panels: `ok`, or how it failed.",
      labelNames: ['result'],
      registers: [modules.registry],
    });
  }

  start(): void {
    this.#ended ??= this.#run();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  /** What is known of each node, in the order of the targets. */
  get nodes(): readonly Scraped[] {
    return [...this.#nodes.values()];
  }

  range(node: NodeRef, query: RangeQuery): Promise<NodeMetrics> {
    const history = this.#nodes.get(node.id)?.history;
    const panels = panelsOf(node.kind).map((panel) => ({ panel, lines: history?.lines(panel, query) ?? [] }));
    return Promise.resolve({ panels, since: history?.since ?? null });
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const began = performance.now();
      await this.scrapeAll();
      const rest = Math.max(0, this.#options.intervalMs - (performance.now() - began));
      // Rejects only when all is over.
      await sleep(rest, undefined, { signal }).catch(() => undefined);
    }
  }

  /** One round; `start` does it again and again. Nodes that are no target any more are forgotten. */
  async scrapeAll(): Promise<void> {
    const targets = this.#modules.targets();
    const ids = new Set(targets.map(({ id }) => id));
    for (const id of this.#nodes.keys()) if (!ids.has(id)) this.#nodes.delete(id);
    const queue = [...targets];
    const work = async (): Promise<void> => {
      for (let target = queue.shift(); target !== undefined; target = queue.shift()) await this.#scrape(target);
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, work));
  }

  async #scrape(target: NodeTarget): Promise<void> {
    const { intervalMs, keepMs } = this.#options;
    const known = this.#nodes.get(target.id);
    const history = known?.history ?? new SampleHistory(PANELS, Math.ceil(keepMs / intervalMs) + 1, intervalMs);
    try {
      const text = await this.#modules.client.metrics(target, this.#stop.signal);
      history.add(this.#now(), parseSamples(text, this.#wanted));
      this.#nodes.set(target.id, { target, history, failingSince: null, error: null });
      this.#scrapes.inc({ result: 'ok' });
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      const { code, message } = error instanceof MonitoringError ? error : { code: 'bad_answer', message: 'failed' };
      const failingSince = known?.failingSince ?? this.#now();
      this.#nodes.set(target.id, { target, history, failingSince, error: message });
      this.#scrapes.inc({ result: code });
    }
  }
}

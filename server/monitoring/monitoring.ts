import { getCACertificates } from 'node:tls';
import type { Registry } from 'prom-client';
import type { Logger } from 'pino';
import type { AlertSource } from './alerts.ts';
import { alertmanagerAlerts, prometheusAlerts } from './alertSources.ts';
import type { ClientTls } from './ask.ts';
import type { Heights } from './heights.ts';
import { HeldInFolder, HeldInMemory } from './heldLogSpecs.ts';
import { LogSpecs } from './logSpecs.ts';
import type { MetricsSource } from './metricsSource.ts';
import { NodeClient } from './nodeClient.ts';
import { NodeStates } from './nodeStates.ts';
import { eachOnce, type NodeTarget } from './nodeTarget.ts';
import { type OwnAlertOptions, OwnAlerts } from './ownAlerts.ts';
import { PrometheusClient } from './prometheusClient.ts';
import { PrometheusSource } from './prometheusSource.ts';
import { Scraper, type ScraperOptions } from './scraper.ts';

export interface MonitoringOptions {
  /** Where the nodes' operations services are; asked before each round. */
  readonly targets?: () => readonly NodeTarget[];
  /** For those that speak TLS. Prometheus and Alertmanager may be of these authorities too; they are shown no certificate. */
  readonly tls?: ClientTls;
  /** Milliseconds that a node has to answer. */
  readonly nodeMs?: number;
  /** Address of a Prometheus that scrapes the nodes; without it they are scraped here. */
  readonly prometheus?: string;
  /** Address of an Alertmanager. */
  readonly alertmanager?: string;
  /** Value of the header `Authorization` for both. */
  readonly authorization?: string;
  readonly scraper?: Partial<ScraperOptions>;
  readonly ownAlerts?: Partial<OwnAlertOptions>;
  /**
   * Where it is written down which log specifications nodes are to get back, so that they do even if the server is killed. Without it that
   * is kept in memory alone.
   */
  readonly logSpecFolder?: string;
}

const NODE_MS = 4000;
const PROMETHEUS_MS = 10_000;

/** What the pages know of the nodes beside their traces. */
export class Monitoring {
  readonly source: MetricsSource;
  readonly alerts: AlertSource;
  readonly states: NodeStates;
  readonly logSpecs: LogSpecs;
  /** The nodes whose operations services are known, each once. */
  readonly targets: () => readonly NodeTarget[];
  readonly #scraper: Scraper | null;

  constructor(
    options: MonitoringOptions,
    { logger, registry }: { readonly logger: Logger; readonly registry: Registry },
  ) {
    const { tls, nodeMs = NODE_MS, prometheus, alertmanager, authorization, logSpecFolder } = options;
    // Of several lists two may name the same node.
    const targets = (): readonly NodeTarget[] => eachOnce(options.targets?.() ?? []);
    const client = new NodeClient({ ...(tls === undefined ? {} : { tls }), timeoutMs: nodeMs });
    const how = {
      ...(authorization === undefined ? {} : { authorization }),
      ...(tls?.ca === undefined ? {} : { tls: { ca: [...getCACertificates('default'), tls.ca].flat() } }),
      timeoutMs: PROMETHEUS_MS,
    };
    this.targets = targets;
    this.states = new NodeStates(client, targets);
    const held = logSpecFolder === undefined ? new HeldInMemory() : new HeldInFolder(logSpecFolder, logger);
    this.logSpecs = new LogSpecs({}, { client, logger, held, target: (id) => this.target(id) });
    if (prometheus === undefined) {
      const own = alertmanager === undefined ? this.#ownAlerts(options) : null;
      const onRound = (): void => void own?.evaluate();
      this.#scraper = new Scraper(options.scraper ?? {}, { targets: this.targets, client, registry, onRound });
      this.source = this.#scraper;
      this.alerts = own ?? alertmanagerAlerts({ url: alertmanager as string, ...how });
    } else {
      const asked = new PrometheusClient({ url: prometheus, ...how });
      this.#scraper = null;
      this.source = new PrometheusSource(asked);
      this.alerts =
        alertmanager === undefined ? prometheusAlerts(asked) : alertmanagerAlerts({ url: alertmanager, ...how });
    }
  }

  #ownAlerts({ ownAlerts = {} }: MonitoringOptions): OwnAlerts {
    return new OwnAlerts(ownAlerts, {
      scraped: () => this.#scraper?.nodes ?? [],
      states: this.states,
    });
  }

  target(id: string): NodeTarget | null {
    return this.targets().find((target) => target.id === id) ?? null;
  }

  /** How far every target is. */
  heights(): Promise<Heights> {
    return this.source.heights(this.targets());
  }

  start(): void {
    this.#scraper?.start();
    void this.logSpecs.resume();
  }

  /** Stops scraping, and puts back log specifications that were changed for a while. */
  async close(): Promise<void> {
    this.states.close();
    await Promise.all([this.source.close(), this.logSpecs.close()]);
  }
}

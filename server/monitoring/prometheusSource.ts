import { z } from 'zod';
import type { Heights } from './heights.ts';
import type { Line, MetricsSource, NodeMetrics, NodeRef, PanelLines, RangeQuery } from './metricsSource.ts';
import { type SeenTarget, TARGET_LABELS, targetOf } from './nodeLabels.ts';
import { type Panel, panelsOf, WINDOW_S } from './panels.ts';
import type { PrometheusClient } from './prometheusClient.ts';
import { PrometheusHeights } from './prometheusHeights.ts';
import { firstLines, timesOf } from './sampleHistory.ts';

const Labels = z.record(z.string(), z.string());
const Matrix = z.object({
  /** Such as those of Thanos, when a part of what it knows cannot be asked. */
  warnings: z.array(z.string()).optional(),
  data: z.object({
    result: z.array(z.object({ metric: Labels, values: z.array(z.tuple([z.number(), z.string()])) })),
  }),
});
const Vector = z.object({
  data: z.object({ result: z.array(z.object({ metric: Labels, value: z.tuple([z.number(), z.string()]) })) }),
});
/** Milliseconds for which it is not asked again how it calls a node, or whether it knows it by now. */
const KNOWN_MS = 60_000;
const UNKNOWN_MS = 5000;
const UNKNOWN =
  'Prometheus has no target that is this node, by the labels node and msp, or by its address or name as instance';
const MAX_KNOWN = 500;
/** Asked of it for one panel: enough to say how many more there are than are shown. */
const MAX_SERIES = 200;
const MAX_WARNING = 300;

/** Panels from a Prometheus that scrapes the nodes. */
export class PrometheusSource implements MetricsSource {
  readonly kind = 'prometheus';
  readonly #client: PrometheusClient;
  readonly #heights: PrometheusHeights;
  readonly #now: () => number;
  readonly #selectors = new Map<string, { readonly until: number; readonly selector: string | null }>();

  constructor(client: PrometheusClient, now: () => number = Date.now) {
    this.#client = client;
    this.#heights = new PrometheusHeights(client, now);
    this.#now = now;
  }

  async range(node: NodeRef, query: RangeQuery): Promise<NodeMetrics> {
    const selector = await this.#selectorOf(node, query.to);
    const panels = panelsOf(node.kind);
    if (selector === null) {
      return { panels: panels.map((panel) => ({ panel, lines: [], more: 0 })), since: null, problem: UNKNOWN };
    }
    const filled = await Promise.all(panels.map((panel) => this.#lines(panel, selector, query)));
    const warning = filled.every(({ lines }) => lines.length === 0) ? filled.find((one) => one.warning)?.warning : null;
    return { panels: filled, since: null, problem: warning == null ? null : `Prometheus says: ${warning}` };
  }

  heights(nodes: readonly NodeRef[]): Promise<Heights> {
    return this.#heights.of(nodes);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #lines(
    panel: Panel,
    selector: string,
    query: RangeQuery,
  ): Promise<PanelLines & { readonly warning: string | undefined }> {
    const { data, warnings } = await this.#client.get(
      '/api/v1/query_range',
      {
        query: expressionOf(panel, selector, query.stepMs),
        start: String(query.from / 1000),
        end: String(query.to / 1000),
        step: String(query.stepMs / 1000),
        limit: String(MAX_SERIES),
      },
      Matrix,
    );
    const lines = data.result
      .map(({ metric, values }) => ({ name: panel.by === null ? '' : (metric[panel.by] ?? ''), values }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, values }) => ({ name, points: pointsOf(values, query) }));
    return { ...firstLines(panel, lines), warning: warnings?.[0]?.slice(0, MAX_WARNING) };
  }

  /** How it calls the node, or called it then; null where it does not know it. Scrape configurations are the operator's own: labels differ. */
  async #selectorOf(node: NodeRef, at: number): Promise<string | null> {
    const now = this.#now();
    const past = at < now - KNOWN_MS;
    const known = past ? undefined : this.#selectors.get(node.id);
    if (known !== undefined && known.until > now) return known.selector;
    const time = String(Math.min(at, now) / 1000);
    const { data } = await this.#client.get('/api/v1/query', { query: lastSeen(node), time }, Vector);
    const selector = selectorFor(
      node,
      data.result.map(({ metric, value: [, seen] }) => ({ labels: metric, seen: Number(seen) })),
    );
    if (past) return selector;
    if (this.#selectors.size >= MAX_KNOWN) this.#selectors.clear();
    this.#selectors.set(node.id, { until: now + (selector === null ? UNKNOWN_MS : KNOWN_MS), selector });
    return selector;
  }
}

/** When each target that may be the node was scraped last. Within an hour: what answers no longer has a past that is asked for too. */
function lastSeen({ node, url }: NodeRef): string {
  const selectors = [
    `node=${JSON.stringify(node)}`,
    `instance=~${JSON.stringify(`${escapedPattern(node)}(:[0-9]+)?`)}`,
    ...(url === undefined ? [] : [`instance=${JSON.stringify(url.host)}`]),
  ];
  return `max_over_time((${selectors.map((one) => `timestamp(up{${one}})`).join(' or ')})[1h:15s])`;
}

function escapedPattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** Selector of the target that is the node. */
export function selectorFor(node: NodeRef, targets: readonly SeenTarget[]): string | null {
  const found = targetOf(node, targets);
  if (found === null) return null;
  const { labels } = found;
  const matchers = TARGET_LABELS.flatMap((name) =>
    labels[name] === undefined ? [] : [`${name}=${JSON.stringify(labels[name])}`],
  );
  return `{${matchers.join(',')}}`;
}

function expressionOf({ metric, how, by }: Panel, selector: string, stepMs: number): string {
  const window = `[${Math.max(WINDOW_S, Math.ceil(stepMs / 1000))}s]`;
  const sum = (inner: string): string => `sum ${by === null ? '' : `by (${by}) `}(${inner})`;
  if (how === 'gauge') return sum(`${metric}${selector}`);
  if (how === 'rate') return sum(`rate(${metric}${selector}${window})`);
  const of = (part: string): string => sum(`rate(${metric}_${part}${selector}${window})`);
  return `${of('sum')} / (${of('count')} > 0)`;
}

/** A point for each step: Prometheus leaves out those without a value. */
function pointsOf(values: readonly (readonly [number, string])[], query: RangeQuery): Line['points'] {
  const byStep = new Map(
    values.map(([seconds, text]) => [Math.round((seconds * 1000 - query.from) / query.stepMs), text]),
  );
  return timesOf(query).map((at, index) => {
    const value = Number(byStep.get(index) ?? Number.NaN);
    return [at, Number.isFinite(value) ? value : null] as const;
  });
}

import { z } from 'zod';
import { ask, type ClientTls } from './ask.ts';
import type { Line, MetricsSource, NodeMetrics, NodeRef, PanelLines, RangeQuery } from './metricsSource.ts';
import { MonitoringError } from './monitoringError.ts';
import { type Panel, panelsOf, WINDOW_S } from './panels.ts';
import { firstLines, timesOf } from './sampleHistory.ts';

export interface PrometheusOptions {
  /** Of the server, with the path that it has behind a proxy. User and password in it are sent as such. */
  readonly url: string;
  /** Value of the header `Authorization`. */
  readonly authorization?: string;
  readonly tls?: ClientTls;
  readonly timeoutMs: number;
}

const Labels = z.record(z.string(), z.string());
const Matrix = z.object({
  data: z.object({
    result: z.array(z.object({ metric: Labels, values: z.array(z.tuple([z.number(), z.string()])) })),
  }),
});
const Vector = z.object({
  data: z.object({ result: z.array(z.object({ metric: Labels, value: z.tuple([z.number(), z.string()]) })) }),
});
const Failure = z.object({ error: z.string() });

const MAX_BYTES = 8 * 1024 * 1024;
/** Milliseconds for which it is not asked again how it calls a node, or whether it knows it by now. */
const KNOWN_MS = 60_000;
const UNKNOWN_MS = 5000;
const UNKNOWN =
  'Prometheus has no target that is this node, by the labels node and msp, or by its address or name as instance';
const MAX_KNOWN = 500;
/** Asked of it for one panel: enough to say how many more there are than are shown. */
const MAX_SERIES = 200;

/** One HTTP API of Prometheus' kind (Prometheus, Thanos, Mimir): queries, and what it says of alerts. */
export class PrometheusClient {
  readonly #base: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #options: PrometheusOptions;

  readonly #who: string;

  /** @param who as messages call it */
  constructor(options: PrometheusOptions, who = 'Prometheus') {
    this.#who = who;
    this.#base = new URL(options.url);
    const { username, password } = this.#base;
    const basic = `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`;
    const authorization = options.authorization ?? (username === '' ? undefined : basic);
    this.#base.username = '';
    this.#base.password = '';
    this.#headers = {
      Accept: 'application/json',
      ...(authorization === undefined ? {} : { Authorization: authorization }),
    };
    this.#options = options;
  }

  /** @throws MonitoringError */
  async get<T>(path: string, query: Readonly<Record<string, string>>, schema: z.ZodType<T>): Promise<T> {
    const url = new URL(`${this.#base.pathname.replace(/\/$/, '')}${path}`, this.#base);
    for (const [name, value] of Object.entries(query)) url.searchParams.append(name, value);
    const { tls = {}, timeoutMs } = this.#options;
    const { status, text } = await ask(url, this.#who, { headers: this.#headers, tls, timeoutMs, maxBytes: MAX_BYTES });
    if (status === 401 || status === 403) {
      const how = 'FTL_MONITORING_AUTHORIZATION is what it is shown';
      throw new MonitoringError('unauthorized', `${this.#who} does not let FTL in (${status}): ${how}`);
    }
    if (status >= 300 && status < 400) {
      const why = 'which leads elsewhere: name the address that it has itself';
      throw new MonitoringError('bad_answer', `${this.#who} answered ${status}, ${why}`);
    }
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch (error) {
      const why = status === 200 || status === 404 ? ': there is no API of its kind at that address' : '';
      throw new MonitoringError('bad_answer', `${this.#who} answered ${status} without JSON${why}`, { cause: error });
    }
    const answer = schema.safeParse(body);
    if (status === 200 && answer.success) return answer.data;
    const said = Failure.safeParse(body);
    if (said.success) throw new MonitoringError('bad_answer', `${this.#who} says: ${said.data.error.slice(0, 300)}`);
    throw new MonitoringError('bad_answer', `${this.#who} answered ${status} with what its API does not`);
  }
}

/** Panels from a Prometheus that scrapes the nodes. */
export class PrometheusSource implements MetricsSource {
  readonly kind = 'prometheus';
  readonly #client: PrometheusClient;
  readonly #now: () => number;
  readonly #selectors = new Map<string, { readonly until: number; readonly selector: string | null }>();

  constructor(client: PrometheusClient, now: () => number = Date.now) {
    this.#client = client;
    this.#now = now;
  }

  async range(node: NodeRef, query: RangeQuery): Promise<NodeMetrics> {
    const selector = await this.#selectorOf(node, query.to);
    const panels = panelsOf(node.kind);
    if (selector === null) {
      return { panels: panels.map((panel) => ({ panel, lines: [], more: 0 })), since: null, problem: UNKNOWN };
    }
    const filled = await Promise.all(panels.map((panel) => this.#lines(panel, selector, query)));
    return { panels: filled, since: null, problem: null };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #lines(panel: Panel, selector: string, query: RangeQuery): Promise<PanelLines> {
    const { data } = await this.#client.get(
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
    return firstLines(panel, lines);
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

interface Seen {
  readonly labels: Readonly<Record<string, string>>;
  /** Seconds since 1970. */
  readonly seen: number;
}

/**
 * The target that is the node: by the labels `node` and `msp` that FTL's scrape configuration sets, else by the address of its
 * operations service, else by its name before the port. Of several the one at that address, then the one that was scraped last.
 */
export function selectorFor({ node, msp, kind, url }: NodeRef, targets: readonly Seen[]): string | null {
  const rank = ({ labels, seen }: Seen): readonly number[] => {
    const { instance = '', node: named, msp: other = '', kind: what } = labels;
    const here = url !== undefined && instance === url.host;
    const own =
      (named === node || instance.replace(/:\d+$/, '') === node) && (other === '' || msp === '' || other === msp);
    return own || here ? [Number(named === node && own), Number(here), Number(what === kind), seen] : [];
  };
  const [found] = targets
    .map((target) => ({ target, rank: rank(target) }))
    .filter((one) => one.rank.length > 0)
    .toSorted((a, b) => b.rank.map((value, index) => value - (a.rank[index] as number)).find((by) => by !== 0) ?? 0);
  if (found === undefined) return null;
  const { instance = '', job = '' } = found.target.labels;
  return `{instance=${JSON.stringify(instance)},job=${JSON.stringify(job)}}`;
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

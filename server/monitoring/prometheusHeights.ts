import { z } from 'zod';
import {
  type ChannelHeight,
  HEIGHT,
  HEIGHT_COUNTS_MS,
  type Heights,
  isHeight,
  LAG_MS,
  type NodeHeights,
  orderedHeights,
} from './heights.ts';
import type { NodeRef } from './metricsSource.ts';
import { MonitoringError } from './monitoringError.ts';
import { TARGET_LABELS, targetOf } from './nodeLabels.ts';
import type { PrometheusClient } from './prometheusClient.ts';

const Vector = z.object({
  data: z.object({
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
  }),
});
type Sample = z.output<typeof Vector>['data']['result'][number];

/** Of all nodes at once. What one that does not answer told last counts, as in the alert's rule; of one that answers what it tells now. */
const WINDOW = `${HEIGHT_COUNTS_MS / 60_000}m`;
const LAST = `${HEIGHT} or last_over_time(${HEIGHT}[${WINDOW}]) and on (${TARGET_LABELS.join(', ')}) up == 0`;
const READ_AT = `timestamp(${HEIGHT}) or max_over_time(timestamp(${HEIGHT})[${WINDOW}:1m])`;
const MINUTE_AGO = `max by (channel) (${HEIGHT} offset ${LAG_MS / 1000}s)`;
/** Milliseconds for which an answer holds, and that it may take: health is told beside it, and must not wait for long. */
const HOLDS_MS = 5000;
/** The same, where none came. */
const FAILED_MS = 15_000;
const TIMEOUT_MS = 4000;
const UNKNOWN =
  'Prometheus has no height of a node with the labels node and msp of this one, nor with its address or name as instance';

interface Read {
  readonly last: readonly Sample[];
  readonly readAt: ReadonlyMap<string, number>;
  readonly minuteAgo: ReadonlyMap<string, number>;
}

/** How far nodes are, by a Prometheus that scrapes them. */
export class PrometheusHeights {
  readonly #client: PrometheusClient;
  readonly #now: () => number;
  #held: { readonly until: number; readonly read: Promise<Read | MonitoringError> } | null = null;

  constructor(client: PrometheusClient, now: () => number) {
    this.#client = client;
    this.#now = now;
  }

  async of(nodes: readonly NodeRef[]): Promise<Heights> {
    const read = await this.#read();
    if (read instanceof MonitoringError) {
      const none = { heights: [], problem: read.message };
      return { nodes: new Map(nodes.map(({ id }) => [id, none])), minuteAgo: new Map() };
    }
    const targets = read.last.map(({ metric }) => ({ labels: metric, seen: read.readAt.get(keyOf(metric)) ?? 0 }));
    return {
      nodes: new Map(nodes.map((node) => [node.id, heightsOf(targetOf(node, targets)?.labels, read)])),
      minuteAgo: read.minuteAgo,
    };
  }

  /** Many may look at one time. */
  #read(): Promise<Read | MonitoringError> {
    if (this.#held !== null && this.#held.until > this.#now()) return this.#held.read;
    const read = this.#ask().catch((error: unknown) => {
      this.#held = { until: this.#now() + FAILED_MS, read };
      return error instanceof MonitoringError
        ? error
        : new MonitoringError('bad_answer', 'Prometheus could not be read', { cause: error });
    });
    this.#held = { until: this.#now() + HOLDS_MS, read };
    return read;
  }

  async #ask(): Promise<Read> {
    const query = async (expression: string): Promise<readonly Sample[]> =>
      (await this.#client.get('/api/v1/query', { query: expression }, Vector, TIMEOUT_MS)).data.result;
    const [last, readAt, minuteAgo] = await Promise.all([query(LAST), query(READ_AT), query(MINUTE_AGO)]);
    return {
      last,
      readAt: new Map(readAt.map(({ metric, value }) => [keyOf(metric), Number(value[1]) * 1000])),
      minuteAgo: new Map(
        minuteAgo
          .map(({ metric, value }) => [metric['channel'] ?? '', Number(value[1])] as const)
          .filter(([, height]) => isHeight(height)),
      ),
    };
  }
}

/** Of a target may come several series of a channel, as of replicas: the one that was read last counts. */
function heightsOf(target: Readonly<Record<string, string>> | undefined, { last, readAt }: Read): NodeHeights {
  if (target === undefined) return { heights: [], problem: UNKNOWN };
  const found = new Map<string, ChannelHeight>();
  for (const { metric, value } of last) {
    if (TARGET_LABELS.some((name) => metric[name] !== target[name])) continue;
    const [channel, at] = [metric['channel'] ?? '', readAt.get(keyOf(metric))];
    if (at === undefined || at <= (found.get(channel)?.at ?? 0)) continue;
    found.set(channel, { channel, height: Number(value[1]), at });
  }
  return { heights: orderedHeights([...found.values()]), problem: null };
}

/** The labels alone: functions of time leave the metric's name out. */
function keyOf(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(
    Object.entries(labels)
      .filter(([name]) => name !== '__name__')
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

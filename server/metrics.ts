import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { OPENMETRICS_TYPE, openMetrics, prefersOpenMetrics } from './openMetrics.ts';

/** What the server counts of itself. One registry a server, so that two in one process do not meet. */
export interface ServerMetrics {
  readonly registry: Registry;
  readonly requestDuration: Histogram<'method' | 'route' | 'status'>;
  readonly inFlight: Gauge;
  readonly refused: Counter<'reason'>;
  readonly liveListeners: Gauge;
  readonly liveEvents: Counter<'event'>;
  readonly liveGaps: Counter<'reason'>;
  readonly livePollErrors: Counter;
}

/**
 * @param beside the collector's registry, shown on the same page: the metrics of the process are then left to it if it has them.
 */
export function createMetrics(beside?: Registry): ServerMetrics {
  const registry = new Registry();
  const registers = [registry];
  if (beside?.getSingleMetric('process_cpu_user_seconds_total') === undefined) {
    collectDefaultMetrics({ register: registry });
  }
  return {
    registry,
    requestDuration: new Histogram({
      name: 'ftl_server_http_request_duration_seconds',
      help: 'Time from the arrival of a request to the last byte of its answer, by route.',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    }),
    inFlight: new Gauge({
      name: 'ftl_server_http_requests_in_flight',
      help: 'API requests being answered now, live streams not counted.',
      registers,
    }),
    refused: new Counter({
      name: 'ftl_server_http_requests_refused_total',
      help: 'Requests turned away before anything was looked up, by problem code.',
      labelNames: ['reason'],
      registers,
    }),
    liveListeners: new Gauge({ name: 'ftl_server_live_listeners', help: 'Open live streams.', registers }),
    liveEvents: new Counter({
      name: 'ftl_server_live_events_total',
      help: 'Changes read from the store for live streams, by kind; each is sent to every listener.',
      labelNames: ['event'],
      registers,
    }),
    liveGaps: new Counter({
      name: 'ftl_server_live_gaps_total',
      help: 'Times a live stream skipped to the latest revision, by reason.',
      labelNames: ['reason'],
      registers,
    }),
    livePollErrors: new Counter({
      name: 'ftl_server_live_poll_errors_total',
      help: 'Failed looks at the store for live streams.',
      registers,
    }),
  };
}

export interface Exposition {
  readonly type: string;
  readonly text: string;
}

/** What Prometheus scrapes, in the format that it asks for. */
export async function exposition(accept: string | undefined, own: Registry, beside?: Registry): Promise<Exposition> {
  const registries = beside === undefined ? [own] : [beside, own];
  if (prefersOpenMetrics(accept)) return { type: OPENMETRICS_TYPE, text: await openMetrics(registries) };
  const texts = await Promise.all(registries.map((registry) => registry.metrics()));
  return { type: own.contentType, text: texts.join('\n') };
}

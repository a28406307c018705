import { Counter, Gauge, type Registry } from 'prom-client';

export interface BeatsMetrics {
  readonly connections: Gauge;
  readonly accepted: Counter;
  readonly refused: Counter<'reason'>;
  readonly bytes: Counter;
  readonly events: Counter;
  readonly repeated: Counter;
  readonly acknowledged: Counter;
  readonly keepAlives: Counter;
  readonly waiting: Gauge;
}

/** Declares the metrics of the Beats source; `removeCollectorMetrics` takes them out with the others. */
export function createBeatsMetrics(
  registry: Registry,
  gauges: { readonly connections: () => number; readonly waiting: () => number },
): BeatsMetrics {
  const registers = [registry];
  const counter = <L extends string = string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter<L>({ name: `ftl_collector_beats_${name}`, help, labelNames: [...labelNames], registers });
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name: `ftl_collector_beats_${name}`,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  return {
    connections: gauge('open_connections', 'Senders that are connected.', gauges.connections),
    accepted: counter('connections_total', 'Connections that senders made.'),
    refused: counter('refused_total', 'Connections that were ended for what came on them, by reason.', ['reason']),
    bytes: counter('bytes_total', 'Bytes received, as they travelled inside TLS.'),
    events: counter('events_total', 'Events received.'),
    repeated: counter('events_repeated_total', 'Events that had come before and were sent again.'),
    acknowledged: counter('events_acknowledged_total', 'Events acknowledged, which the store has.'),
    keepAlives: counter('keep_alives_total', 'Signs of life to senders while the store is slow.'),
    waiting: gauge('waiting_events', 'Events received and not acknowledged.', gauges.waiting),
  };
}

import { Counter, Gauge, type Registry } from 'prom-client';

/** What a writer of records has done since its start. */
export interface TraceStatistics {
  readonly records: number;
  /** Handed to the destination. */
  readonly bytes: number;
  readonly dropped: number;
  /** Of the event loop, in making records and writing them down. */
  readonly seconds: number;
  /** Characters that wait for the destination. */
  readonly waiting: number;
}

/** What tracing costs and loses. @param statistics null where tracing is off */
export function declareTraceMetrics(registry: Registry, statistics: () => TraceStatistics | null): void {
  const registers = [registry];
  const counter = (name: string, help: string, value: (now: TraceStatistics) => number): Counter =>
    new Counter({
      name,
      help,
      registers,
      collect() {
        const now = statistics();
        this.reset();
        if (now !== null) {
          this.inc(value(now));
        }
      },
    });
  counter('ftl_trace_records_total', 'Trace records written.', ({ records }) => records);
  counter('ftl_trace_bytes_total', 'Octets of trace records handed to their destination.', ({ bytes }) => bytes);
  counter(
    'ftl_trace_dropped_records_total',
    'Trace records that found no room, as the destination did not take those before, or that could not be made.',
    ({ dropped }) => dropped,
  );
  counter(
    'ftl_trace_seconds_total',
    'Time of the event loop spent in making trace records and writing them down.',
    ({ seconds }) => seconds,
  );
  waitingGauge(registry, statistics);
}

function waitingGauge(registry: Registry, statistics: () => TraceStatistics | null): Gauge {
  return new Gauge({
    name: 'ftl_trace_waiting_characters',
    help: 'Characters of trace records that wait for their destination.',
    registers: [registry],
    collect() {
      this.set(statistics()?.waiting ?? 0);
    },
  });
}

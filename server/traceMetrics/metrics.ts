import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** What the traces tell, as Prometheus reads it. Gauges are filled by whoever reads the traces. */
export interface TraceGauges {
  /** `trace_id` and `tx_id` are labels of its exemplars. */
  readonly stageDuration: Histogram<'channel' | 'stage' | 'msp' | 'node' | 'trace_id' | 'tx_id'>;
  readonly transactions: Counter<'channel' | 'code'>;
  readonly findings: Counter<'channel' | 'code' | 'severity'>;
  readonly behindBlocks: Gauge<'channel' | 'peer' | 'msp'>;
  readonly behindSeconds: Gauge<'channel' | 'peer' | 'msp'>;
  readonly neverOrdered: Gauge<'channel'>;
  readonly partiallyCommitted: Gauge<'channel'>;
  readonly uncounted: Counter<'reason'>;
  readonly pollErrors: Counter;
}

/** @param collect called before gauges are read */
export function createTraceGauges(registry: Registry, collect: () => void): TraceGauges {
  const registers = [registry];
  const stageDuration: TraceGauges['stageDuration'] = new Histogram({
    name: 'ftl_stage_duration_seconds',
    help: 'Time of committed transactions in each stage, by the node that took it: from a sample where there are too many. With trace and transaction ID as exemplar.',
    labelNames: ['channel', 'stage', 'msp', 'node'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    enableExemplars: true,
    registers: [],
  });
  // Its constructor takes a registry for exemplars only if that never answers in the plain format; ours answers in both.
  registry.registerMetric(stageDuration);
  return {
    stageDuration,
    transactions: new Counter({
      name: 'ftl_transactions_total',
      help: 'Transactions that became part of a block, by validation code; each once, however many peers commit it.',
      labelNames: ['channel', 'code'],
      registers,
    }),
    findings: new Counter({
      name: 'ftl_findings_total',
      help: 'Findings of traces, by code; each once a trace.',
      labelNames: ['channel', 'code', 'severity'],
      registers,
    }),
    behindBlocks: new Gauge({
      name: 'ftl_peer_behind_blocks',
      help: 'Blocks of the channel that the peer has not committed by its records.',
      labelNames: ['channel', 'peer', 'msp'],
      registers,
      collect,
    }),
    behindSeconds: new Gauge({
      name: 'ftl_peer_behind_seconds',
      help: 'Time since the first block that the peer lacks was seen anywhere; 0 where it lacks none.',
      labelNames: ['channel', 'peer', 'msp'],
      registers,
    }),
    neverOrdered: new Gauge({
      name: 'ftl_endorsed_never_ordered',
      help: 'Transactions of the last 24 hours that peers endorsed and no block holds; queries not counted.',
      labelNames: ['channel'],
      registers,
    }),
    partiallyCommitted: new Gauge({
      name: 'ftl_partially_committed',
      help: 'Transactions of the last 24 hours that some peers of the channel have committed and others, a minute later, have not.',
      labelNames: ['channel'],
      registers,
    }),
    uncounted: new Counter({
      name: 'ftl_server_uncounted_traces_total',
      help: 'Traces left out: `late` came after so many others that they may have been counted before; `sampled` are not in ftl_stage_duration_seconds.',
      labelNames: ['reason'],
      registers,
    }),
    pollErrors: new Counter({
      name: 'ftl_server_trace_metrics_errors_total',
      help: 'Failed looks at the store for the metrics of traces.',
      registers,
    }),
  };
}

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** One followed file, as the lag metrics see it. */
export interface FileLag {
  readonly file: string;
  readonly bytes: number;
  readonly seconds: number;
}

export interface CollectorMetrics {
  readonly queued: Gauge;
  readonly lagBytes: Gauge;
  readonly lagSeconds: Gauge;
  readonly lines: Counter;
  readonly bytes: Counter;
  readonly records: Counter;
  readonly known: Counter;
  readonly deadLetters: Counter<'code'>;
  readonly deadLetterWriteErrors: Counter;
  readonly batches: Counter;
  readonly writeSeconds: Histogram;
  readonly retries: Counter;
  readonly dropped: Counter;
  readonly refreshErrors: Counter;
  readonly rotations: Counter<'kind'>;
  readonly missedFiles: Counter;
  readonly sourceErrors: Counter;
  readonly blockFiles: Counter;
  readonly deliveredBlocks: Counter;
}

/** What the gauges ask whenever they are scraped. */
export interface CollectorGauges {
  readonly queued: () => number;
  readonly lags: () => Iterable<FileLag>;
}

const WRITE_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Declares the collector's metrics in `registry`; they are taken out again by `removeCollectorMetrics`. */
export function createCollectorMetrics(registry: Registry, gauges: CollectorGauges): CollectorMetrics {
  const registers = [registry];
  const counter = <L extends string = string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter<L>({ name: `ftl_collector_${name}`, help, labelNames: [...labelNames], registers });
  const lagGauge = (unit: 'bytes' | 'seconds', help: string) =>
    new Gauge({
      name: `ftl_collector_lag_${unit}`,
      help,
      labelNames: ['file'],
      registers,
      collect() {
        this.reset();
        for (const lag of gauges.lags()) this.set({ file: lag.file }, lag[unit]);
      },
    });
  return {
    queued: new Gauge({
      name: 'ftl_collector_queue_records',
      help: 'Records that wait for the store.',
      registers,
      collect() {
        this.set(gauges.queued());
      },
    }),
    lagBytes: lagGauge('bytes', 'Bytes of a followed file that have not been read.'),
    lagSeconds: lagGauge('seconds', 'How long a followed file has been ahead of the collector; 0 when caught up.'),
    lines: counter('lines_total', 'Lines read.'),
    bytes: counter('bytes_total', 'Bytes read, after decompression.'),
    records: counter('records_total', 'Records that were new to the store.'),
    known: counter('records_known_total', 'Records that the store had already.'),
    deadLetters: counter('dead_letters_total', 'Lines and files that could not be understood, by reason.', ['code']),
    deadLetterWriteErrors: counter('dead_letter_write_errors_total', 'Dead letters that could not be written down.'),
    batches: counter('batches_total', 'Batches written to the store.'),
    writeSeconds: new Histogram({
      name: 'ftl_collector_write_seconds',
      help: 'Time the store takes to append a batch.',
      buckets: WRITE_BUCKETS,
      registers,
    }),
    retries: counter('write_retries_total', 'Batches offered to the store again after it had failed.'),
    dropped: counter('dropped_records_total', 'Records given up; stays 0.'),
    refreshErrors: counter('refresh_errors_total', 'Failures to bring summaries up to date (they are tried again).'),
    rotations: counter('rotations_total', 'Followed files that were replaced, by kind.', ['kind']),
    missedFiles: counter('missed_files_total', 'Files that vanished before they were read to the end.'),
    sourceErrors: counter(
      'source_errors_total',
      'Failures to read or list files, or to get blocks from a node (they are tried again).',
    ),
    blockFiles: counter('block_files_total', 'Block files read.'),
    deliveredBlocks: counter('delivered_blocks_total', 'Blocks that nodes delivered.'),
  };
}

/** Takes the collector's metrics out of the registry, so that another collector may be started in the process. */
export function removeCollectorMetrics(registry: Registry): void {
  for (const { name } of registry.getMetricsAsArray()) {
    if (name.startsWith('ftl_collector_')) registry.removeSingleMetric(name);
  }
}

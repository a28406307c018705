import { Registry } from 'prom-client';
import { createBeatsMetrics } from '#collector/beats/metrics.ts';
import { createCollectorMetrics } from '#collector/metrics.ts';
import { labelNamesOf } from '#node/operations/statsdExporter.ts';
import { createMetrics } from '#server/metrics.ts';
import { NodeClient } from '#server/monitoring/nodeClient.ts';
import { Scraper } from '#server/monitoring/scraper.ts';
import { createTraceGauges } from '#server/traceMetrics/metrics.ts';

/** By what tells them. */
const PARTS: readonly (readonly [title: string, about: string, declare: (registry: Registry) => void])[] = [
  ['Of traces', 'What follows from the traces, whoever wrote the records.', (all) => createTraceGauges(all, () => {})],
  [
    'Of the collector',
    'Files, blocks and the store.',
    (all) => createCollectorMetrics(all, { queued: () => 0, lags: () => [] }),
  ],
  [
    'Of Beats',
    'Where `--beats` takes what Filebeats and Logstash ship.',
    (all) => createBeatsMetrics(all, { connections: () => 0, waiting: () => 0 }),
  ],
  ['Of the server', 'Requests and live streams.', serverMetrics],
  [
    'Of its own scrapes',
    'Where FTL reads the nodes itself.',
    (registry) => new Scraper({}, { targets: () => [], client: new NodeClient({ timeoutMs: 0 }), registry }),
  ],
];

/** `docs/reference/ftl-metrics.md`. */
export function ftlMetricsPage(): string {
  const parts = PARTS.map(([title, about, declare]) => {
    const registry = new Registry();
    declare(registry);
    return `## ${title}\n\n${about}\n\n${table(registry)}\n`;
  });
  return `<!-- Made by \`npm run docs\` from what FTL declares; a test proves it current. -->
# Metrics of FTL

What FTL itself tells at \`/metrics\` of its page's address, to whoever asks for Prometheus' format or OpenMetrics; the latter has exemplars. Those of peers and orderers:
[metrics.md](metrics.md). Beside these there are prom-client's \`process_…\` and \`nodejs_…\`. Counters begin with the process; one with labels is there from its first event on.

${parts.join('\n')}`;
}

function serverMetrics(registry: Registry): void {
  for (const metric of createMetrics(registry).registry.getMetricsAsArray()) {
    if (metric.name.startsWith('ftl_')) registry.registerMetric(metric as never);
  }
}

function table(registry: Registry): string {
  const rows = registry
    .getMetricsAsArray()
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((metric) => {
      const { name, type, help } = metric;
      return `| \`${name}\` | ${String(type)} | ${labelNamesOf(metric).join(', ')} | ${help.replaceAll('|', '\\|')} |`;
    });
  return ['| name | type | labels | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

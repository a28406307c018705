import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import './elasticsearchTemplates.ts';
import { loggingSpecPage } from '#collector/decoders/loggingSpec.ts';
import { configurationPage } from '#config/configurationPage.ts';
import { nodeConfigurationPage } from '#config/fabric/nodeConfigurationPage.ts';
import { metricsPage } from '#node/operations/metricsPage.ts';
import { openApiText } from '#server/api/writeOpenApi.ts';
import { evidencePage } from '#test/truth/evidencePage.ts';
import { findingsPage } from '#trace/findings/cataloguePage.ts';
import { recordSchemaPage, tracePointsPage } from '#trace/recordPages.ts';
import { ftlMetricsPage } from './ftlMetricsPage.ts';
import { GRAFANA_FILES } from './grafana.ts';

/** Writes every generated page; `npm run docs`. Each page's own test proves the committed one current. */
const pages: Readonly<Record<string, () => string | Promise<string>>> = {
  'docs/reference/configuration.md': configurationPage,
  'docs/reference/node-configuration.md': nodeConfigurationPage,
  'docs/reference/metrics.md': () =>
    metricsPage(
      JSON.parse(readFileSync(new URL('../test/vectors/fabric-metrics/metrics.json', import.meta.url), 'utf8')),
    ),
  'docs/reference/ftl-metrics.md': ftlMetricsPage,
  'docs/reference/trace-points.md': tracePointsPage,
  'docs/reference/record.schema.json': recordSchemaPage,
  'docs/reference/findings.md': findingsPage,
  'docs/reference/logging-spec.md': loggingSpecPage,
  'docs/reference/openapi.json': openApiText,
  'docs/evidence-levels.md': evidencePage,
  ...GRAFANA_FILES,
};

for (const [path, make] of Object.entries(pages)) {
  const url = new URL(`../${path}`, import.meta.url);
  const fresh = !existsSync(url);
  writeFileSync(url, await make());
  process.stdout.write(`${fresh ? 'made' : 'wrote'} ${path}\n`);
}

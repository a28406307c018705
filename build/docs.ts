import { existsSync, writeFileSync } from 'node:fs';
import { configurationPage } from '#config/configurationPage.ts';
import { recordSchemaPage, tracePointsPage } from '#trace/recordPages.ts';

/** Writes every generated page; `npm run docs`. Each page's own test proves the committed one current. */
const pages: Readonly<Record<string, () => string | Promise<string>>> = {
  'docs/reference/configuration.md': configurationPage,
  'docs/reference/trace-points.md': tracePointsPage,
  'docs/reference/record.schema.json': recordSchemaPage,
};

for (const [path, make] of Object.entries(pages)) {
  const url = new URL(`../${path}`, import.meta.url);
  const fresh = !existsSync(url);
  writeFileSync(url, await make());
  process.stdout.write(`${fresh ? 'made' : 'wrote'} ${path}\n`);
}

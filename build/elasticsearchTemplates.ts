import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { templateFiles } from '#trace/store/elasticsearch/templateFiles.ts';

/** Writes the templates of Elasticsearch under elk/elasticsearch; part of `npm run docs`. A test proves the committed ones current. */
for (const [path, text] of templateFiles()) {
  const file = fileURLToPath(new URL(`../${path}`, import.meta.url));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  process.stdout.write(`wrote ${path}\n`);
}

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { recordJsonSchema } from '#trace/record.ts';

/** The record's schema on one line, for the filter of Logstash that checks records against it. */
export const LOGSTASH_FILES: Readonly<Record<string, () => string>> = {
  'elk/logstash/ruby/record.schema.ndjson': () => `${JSON.stringify(recordJsonSchema())}\n`,
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, make] of Object.entries(LOGSTASH_FILES)) {
    writeFileSync(new URL(`../${path}`, import.meta.url), make());
    process.stdout.write(`wrote ${path}\n`);
  }
}

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { read } from './elkFiles.ts';

/** What the filter made of a line: a document with its ID, or why it is no record. */
export type FilterOutput =
  | { readonly id: string; readonly document: Readonly<Record<string, unknown>> }
  | { readonly why: string };

export interface FilterRun {
  readonly ruby: string;
  /** The script's own tests. */
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  readonly outputs: Readonly<Record<string, readonly FilterOutput[]>>;
}

/** What Logstash's filter really made of the lines beside it, with the Ruby that Logstash itself runs on (JRuby). */
export interface Golden extends FilterRun {
  /** SHA-256 over the scripts: a change of them asks for a new run. */
  readonly scripts: string;
}

const VECTORS = fileURLToPath(new URL('../../vectors/elk/', import.meta.url));
export const LINE_FILES = ['records.ndjson', 'odd.ndjson'] as const;
export const GOLDEN = `${VECTORS}golden.json`;

export function linesOf(file: (typeof LINE_FILES)[number]): string[] {
  return readFileSync(VECTORS + file, 'utf8')
    .split('\n')
    .slice(0, -1);
}

export function scriptsHash(): string {
  const hash = createHash('sha256');
  for (const path of ['logstash/ruby/ftl_record.rb', 'logstash/ruby/record_filter.rb']) hash.update(read(path));
  return hash.digest('hex');
}

/** `RUBY`, such as `java -jar jruby-complete.jar`, else the system's `ruby`; null if there is none. */
export function rubyCommand(): readonly string[] | null {
  const given = process.env['RUBY'];
  if (given !== undefined && given !== '') return given.split(' ');
  return spawnSync('ruby', ['--version']).status === 0 ? ['ruby'] : null;
}

/** Runs the filter's script over the lines of all files. */
export function runFilter([program, ...args]: readonly string[]): FilterRun {
  const standIn = fileURLToPath(new URL('logstashStandIn.rb', import.meta.url));
  const script = fileURLToPath(new URL('../../../elk/logstash/ruby/record_filter.rb', import.meta.url));
  const { status, stdout, stderr } = spawnSync(
    program as string,
    [...args, standIn, script, ...LINE_FILES.map((file) => VECTORS + file)],
    { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}`);
  return JSON.parse(stdout) as FilterRun;
}

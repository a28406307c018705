import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { elasticsearchHome, elasticsearchPlace } from './harness/elasticsearchDistribution.ts';
import { NOT_THERE } from './interop/notThere.ts';

/**
 * Every suite, one after the other: types, lint and format (one test each), then unit, end-to-end and browser tests, those with Go
 * Fabric's programs where FABRIC_BIN names their folder, and those with Elasticsearch where it can be run or reached. Ends with the
 * skipped tests by name and reason, the failures by name, and one line `N passed, N failed, N skipped`.
 */
interface Tally {
  passed: number;
  readonly failures: string[];
  readonly skips: string[];
}

interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

const root = fileURLToPath(new URL('..', import.meta.url));
const reports = mkdtempSync(join(tmpdir(), 'ftl-test-'));
const tally: Tally = { passed: 0, failures: [], skips: [] };

function node(script: string, args: readonly string[]): boolean {
  return spawnSync(process.execPath, [join(root, script), ...args], { cwd: root, stdio: 'inherit' }).status === 0;
}

function check(name: string, ok: () => boolean): void {
  process.stdout.write(`\n── ${name}\n`);
  if (ok()) tally.passed += 1;
  else tally.failures.push(name);
}

function vitest(project: string): void {
  process.stdout.write(`\n── ${project} tests\n`);
  const output = join(reports, `${project}.json`);
  const ok = node('node_modules/vitest/vitest.mjs', [
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${output}`,
  ]);
  const failuresBefore = tally.failures.length;
  let report: VitestReport;
  try {
    report = JSON.parse(readFileSync(output, 'utf8')) as VitestReport;
  } catch {
    tally.failures.push(`${project}: the suite did not finish`);
    return;
  }
  let ran = 0;
  for (const file of report.testResults) {
    if (file.status === 'failed' && file.assertionResults.length === 0)
      tally.failures.push(`${project}: ${file.name} did not load`);
    for (const { fullName, status } of file.assertionResults) {
      ran += 1;
      if (status === 'passed') tally.passed += 1;
      else if (status === 'failed') tally.failures.push(`${project}: ${fullName}`);
      else tally.skips.push(`${project}: ${fullName}`);
    }
  }
  if (ran === 0) tally.failures.push(`${project}: no test ran`);
  if (!ok && tally.failures.length === failuresBefore) tally.failures.push(`${project}: errors outside of tests`);
}

/** Gets the distribution, if need be. */
async function whyNoElasticsearch(): Promise<string | null> {
  const place = elasticsearchPlace();
  if ('notThere' in place) return place.notThere;
  if ('url' in place) return null;
  try {
    await elasticsearchHome(place.javaHome);
    return null;
  } catch (error) {
    return `the distribution cannot be got: ${(error as Error).message.split('\n', 2).join(' ')}`;
  }
}

check(
  'types',
  () =>
    node('node_modules/typescript/bin/tsc', ['--noEmit']) &&
    node('node_modules/typescript/bin/tsc', ['--noEmit', '-p', 'web/tsconfig.json']),
);
check('lint', () => node('node_modules/oxlint/bin/oxlint', ['--type-aware', '--deny-warnings']));
check('format', () => node('node_modules/@biomejs/biome/bin/biome', ['format']));
vitest('unit');
check('the page builds', () => node('build/web.ts', ['--if-stale']));
vitest('e2e');
vitest('browser');
if ((process.env['FABRIC_BIN'] ?? '') === '') tally.skips.push(`interop: ${NOT_THERE}`);
else vitest('interop');
const withoutElasticsearch = await whyNoElasticsearch();
if (withoutElasticsearch === null) vitest('elasticsearch');
else tally.skips.push(`elasticsearch: ${withoutElasticsearch}`);
rmSync(reports, { recursive: true, force: true });

for (const name of tally.skips) process.stdout.write(`skipped: ${name}\n`);
for (const name of tally.failures) process.stdout.write(`failed: ${name}\n`);
process.stdout.write(`\n${tally.passed} passed, ${tally.failures.length} failed, ${tally.skips.length} skipped\n`);
process.exitCode = tally.failures.length === 0 ? 0 : 1;

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { grown } from '../../../build/grafana/panels.ts';
import { findProgram, PROMETHEUS_PACKAGES } from '#test/harness/program.ts';

const run = promisify(execFile);
const promtool = findProgram('promtool');

/** Values a minute, and what an expression is of them then. */
async function check(values: string, expr: string, course: Readonly<Record<string, number>>): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'ftl-panels-'));
  try {
    const file = join(folder, 'test.yml');
    const steps = Object.entries(course).map(([at, value]) => ({
      expr,
      eval_time: at,
      exp_samples: [{ labels: '{}', value }],
    }));
    const test = { interval: '1m', input_series: [{ series: 'x{code="c"}', values }], promql_expr_test: steps };
    writeFileSync(file, stringify({ rule_files: [], evaluation_interval: '1m', tests: [test] }));
    return (await run(promtool!, ['test', 'rules', file])).stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.skipIf(promtool === null)(
  `what a panel asks (skipped where it is not on PATH: ${PROMETHEUS_PACKAGES})`,
  () => {
    it('sees the first event of a counter, for an hour, and those that follow', async () => {
      const sum = `sum(${grown('x{code="c"}')}) or vector(0)`;
      const course = { '8m': 0, '15m': 1, '65m': 1, '80m': 0 };
      expect(await check('_x9 1x100', sum, course)).toContain('SUCCESS');
      // 120 a minute apart, so that what Prometheus adds at the edges is nothing.
      expect(await check('0x90 0+1x120 120x90', sum, { '89m': 0, '180m': 60, '300m': 0 })).toContain('SUCCESS');
    });
  },
);

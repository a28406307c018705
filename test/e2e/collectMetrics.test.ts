import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, it } from 'vitest';
import { finished, runFtl, spawnFtl } from '../harness/ftlProcess.ts';
import { familiesOf } from '../harness/operationsBodies.ts';
import { selectorsOf } from '../harness/promql.ts';
import { RULES } from '../harness/ruleFiles.ts';

const folder = mkdtempSync(join(tmpdir(), 'ftl-collect-metrics-'));
afterAll(() => rmSync(folder, { recursive: true }));
const log = join(folder, 'node.log');
writeFileSync(log, 'this is no record\n');
const ARGUMENTS = ['collect', '--store', `sqlite:${join(folder, 'ftl.db')}`, '--logs', log];

it('a collector without a page tells how it does, in what the rules ask for', { timeout: 60_000 }, async () => {
  const child = spawnFtl([...ARGUMENTS, '--metrics', '127.0.0.1:0']);
  const over = finished(child);
  try {
    let url: string | undefined;
    for await (const line of createInterface(child.stdout!)) {
      url = /^Metrics are at (http:\S+)\/metrics$/.exec(line)?.[1];
      if (url !== undefined) break;
    }
    const text = async (): Promise<string> => (await fetch(`${url}/metrics`)).text();
    await expect.poll(text, { timeout: 20_000 }).toContain('\nftl_collector_lines_total 1\n');
    const told = new Set(familiesOf(await text()));
    const asked = RULES.flatMap(({ expr }) => selectorsOf(expr)).map(({ name }) => name);
    const ours = asked.filter((name) => name.startsWith('ftl_collector_') || name === 'process_start_time_seconds');
    expect(ours.length).toBeGreaterThan(5);
    expect(ours.filter((name) => !told.has(name))).toEqual([]);
    const accept = 'application/openmetrics-text;version=1.0.0';
    expect(await (await fetch(`${url}/metrics`, { headers: { accept } })).text()).toMatch(/\n# EOF\n$/);
    const health = await fetch(`${url}/healthz`);
    expect([health.status, await health.json()]).toEqual([200, { status: 'OK', time: expect.any(String) }]);
  } finally {
    child.kill('SIGTERM');
  }
  expect(await over).toMatchObject({ status: 0 });
});

it('says what is wrong with the address', { timeout: 60_000 }, async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => {
    taken.listen(0, '127.0.0.1', resolve);
  });
  const { port } = taken.address() as { port: number };
  try {
    const { status, stderr } = await runFtl([...ARGUMENTS, '--metrics', `127.0.0.1:${port}`]);
    expect([status, stderr]).toEqual([1, expect.stringContaining(`127.0.0.1:${port}`)]);
    expect(stderr).toContain('is taken by another process');
  } finally {
    taken.close();
  }
  const wrong = await runFtl([...ARGUMENTS, '--metrics', 'here']);
  expect(wrong.status).not.toBe(0);
  expect(wrong.stderr).toContain('HOST:PORT, such as 127.0.0.1:3851');
});

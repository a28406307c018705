import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { testServer } from '#server/test/runningServer.ts';
import { ftlMetricsPage } from '../../build/ftlMetricsPage.ts';
import { familiesOf } from '#test/harness/operationsBodies.ts';
import { RULES } from '#test/harness/ruleFiles.ts';
import { selectorsOf } from '#test/harness/promql.ts';

const page = readFileSync('docs/reference/ftl-metrics.md', 'utf8');
const named = new Set([...page.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name!));

describe('the page of FTL’s own metrics', () => {
  it('is the one that is in docs', () => {
    expect(page).toBe(ftlMetricsPage());
  });

  it('names all that a server tells', async () => {
    const server = await testServer({ traceMetrics: {} });
    try {
      const told = familiesOf(await (await server.get('/metrics')).text()).filter((name) => name.startsWith('ftl_'));
      expect(told.length).toBeGreaterThan(15);
      expect(told.filter((name) => !named.has(name))).toEqual([]);
    } finally {
      await server.stop();
    }
  });

  it('has no two that are one family in OpenMetrics, where a counter’s name ends before `_total`', () => {
    const rows = [...page.matchAll(/^\| `(\w+)` \| (\w+)/gm)];
    const families = rows.map(([, name, type]) => (type === 'counter' ? name!.replace(/_total$/, '') : name!));
    expect(families.filter((name, index) => families.indexOf(name) !== index)).toEqual([]);
  });

  it('and that of nodes name all of ours that rules ask for', () => {
    const nodes = readFileSync('docs/reference/metrics.md', 'utf8');
    const asked = RULES.flatMap(({ expr }) => selectorsOf(expr)).map(({ name }) => name);
    const ours = asked.filter((name) => name.startsWith('ftl_'));
    expect(ours.length).toBeGreaterThan(5);
    expect(ours.filter((name) => !named.has(name) && !nodes.includes(`\`${name}\``))).toEqual([]);
  });
});

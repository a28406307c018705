import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { PROMETHEUS_UID } from '../../../build/grafana/alertRules.ts';
import { DASHBOARDS, GRAFANA_FILES } from '../../../build/grafana.ts';
import { metricsPage } from '#node/operations/metricsPage.ts';
import { selectorsOf } from '#test/harness/promql.ts';
import { ALERTS, GRAFANA, RULES } from '#test/harness/ruleFiles.ts';

const PROVISIONING = join(GRAFANA, 'provisioning');
const provisioned = (file: string) => parse(readFileSync(join(PROVISIONING, file), 'utf8'));

it.each(Object.entries(GRAFANA_FILES))('%s is current (node build/grafana.ts)', (path, make) => {
  expect(readFileSync(join(GRAFANA, '..', path), 'utf8')).toBe(make());
});

describe('dashboards', () => {
  it('are all that Grafana is told to read, with IDs and titles of their own', () => {
    expect(readdirSync(join(PROVISIONING, 'dashboards/ftl')).toSorted()).toEqual(
      Object.keys(DASHBOARDS)
        .map((name) => `${name}.json`)
        .toSorted(),
    );
    const specs = Object.values(DASHBOARDS);
    expect(new Set(specs.map(({ uid }) => uid)).size).toBe(specs.length);
    expect(new Set(specs.map(({ title }) => title)).size).toBe(specs.length);
  });

  it('have their links in sight, not in a menu', () => {
    for (const name of Object.keys(DASHBOARDS)) {
      const text = readFileSync(join(GRAFANA, 'dashboards', `${name}.json`), 'utf8');
      expect((JSON.parse(text) as { links: unknown[] }).links.length).toBeGreaterThan(1);
      expect(text).not.toContain('inControlsMenu');
    }
  });

  it('have panels that say what they show, do not overlap, and ask the chosen data source', () => {
    for (const name of Object.keys(DASHBOARDS)) {
      const { panels } = JSON.parse(readFileSync(join(GRAFANA, 'dashboards', `${name}.json`), 'utf8')) as {
        panels: {
          id: number;
          type: string;
          title: string;
          description?: string;
          datasource?: { uid: string };
          gridPos: { x: number; y: number; w: number; h: number };
        }[];
      };
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
      const cells = new Set<string>();
      for (const { type, title, description, datasource, gridPos } of panels) {
        const { x, y, w, h } = gridPos;
        expect(x + w, `${name}: ${title}`).toBeLessThanOrEqual(24);
        for (let row = y; row < y + h; row++) {
          for (let column = x; column < x + w; column++) {
            const cell = `${row}:${column}`;
            expect(cells.has(cell), `${name}: ${title} at ${cell}`).toBe(false);
            cells.add(cell);
          }
        }
        if (type === 'row') continue;
        expect(description, `${name}: ${title}`).toMatch(/\S/);
        expect(datasource?.uid).toBe(type === 'table' ? '${api}' : '${datasource}');
      }
    }
  });
});

/** Where each name comes from that a panel or a rule asks for; that it is exported, an end-to-end test shows. */
describe('metrics that are asked for', () => {
  const known = new Set([
    'up',
    'ALERTS',
    ...RULES.flatMap(({ record }) => record ?? []),
    ...metricsPage(JSON.parse(readFileSync(join(GRAFANA, '../test/vectors/fabric-metrics/metrics.json'), 'utf8')))
      .split('\n')
      .flatMap((line) => /^\| `([a-zA-Z0-9_]+)` \|/.exec(line)?.[1] ?? []),
  ]);
  const expressions = [
    ...RULES.map(({ alert, record, expr }): [string, string] => [alert ?? record ?? '', expr]),
    ...Object.values(DASHBOARDS).flatMap(({ title, rows }) =>
      rows.flatMap(({ panels }) =>
        panels.flatMap((panel) =>
          panel.kind === 'table'
            ? []
            : panel.queries.map(([expr]): [string, string] => [`${title}: ${panel.title}`, expr]),
        ),
      ),
    ),
  ];

  it.each(expressions)('%s: %s', (_, expr) => {
    const selectors = selectorsOf(expr);
    expect(selectors.length).toBeGreaterThan(0);
    for (const { name } of selectors) {
      // Those of FTL's server and of processes are not on the page of the nodes.
      if (/^(?:ftl_|process_|nodejs_|go_)/.test(name)) continue;
      const family = name.replace(/_(?:bucket|sum|count)$/, '');
      expect(known.has(name) || known.has(family), name).toBe(true);
    }
  });
});

describe('alert rules of Grafana', () => {
  const rules = provisioned('alerting/rules.yaml').groups.flatMap((group: { rules: object[] }) => group.rules) as {
    title: string;
    uid: string;
    data: { datasourceUid: string; model: { expr?: string } }[];
    annotations: Record<string, string>;
  }[];

  it('are those of Prometheus, one for one', () => {
    expect(rules.map(({ title }) => title)).toEqual(ALERTS.map(({ alert }) => alert));
    expect(rules.map(({ data }) => data[0]?.model.expr)).toEqual(ALERTS.map(({ expr }) => expr.trim()));
    expect(new Set(rules.map(({ uid }) => uid)).size).toBe(rules.length);
  });

  it('ask the data source that is provisioned', () => {
    const [{ uid }] = provisioned('datasources/prometheus.yaml').datasources;
    expect(uid).toBe(PROMETHEUS_UID);
    expect(new Set(rules.flatMap(({ data }) => data.map((one) => one.datasourceUid)))).toEqual(
      new Set([uid, '__expr__']),
    );
  });

  it('name no value as Prometheus alone understands it', () => {
    for (const { annotations } of rules) expect(JSON.stringify(annotations)).not.toMatch(/\$value\b/);
  });
});

it('whoever is to be told of alerts is a contact point', () => {
  const { contactPoints, policies } = provisioned('alerting/contactPoints.yaml');
  const names = contactPoints.map(({ name }: { name: string }) => name);
  const [{ receiver, routes }] = policies;
  for (const one of [receiver, ...routes.map((route: { receiver: string }) => route.receiver)])
    expect(names).toContain(one);
});

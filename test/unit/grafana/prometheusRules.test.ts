import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, matchesGlob } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { NetworkFolder } from '#node/network/networkFolder.ts';
import { OWN_ALERT_NAMES } from '#server/monitoring/ownAlerts.ts';
import { doctorCommand } from '../../../cli/commands/doctor.ts';
import { importCommand } from '../../../cli/commands/import.ts';
import { ledgerCommand } from '../../../cli/commands/ledger.ts';
import { DEFAULT_FOLDER, networkCommand } from '../../../cli/commands/network.ts';
import { collectCommand, startCommand } from '../../../cli/commands/start.ts';
import { findProgram, PROMETHEUS_PACKAGES } from '#test/harness/program.ts';
import { ALERTS, GRAFANA, RULES, yamlFiles } from '#test/harness/ruleFiles.ts';

const run = promisify(execFile);
const promtool = findProgram('promtool');
const amtool = findProgram('amtool');
const RUNBOOKS = join(GRAFANA, '../docs/runbooks');

interface RuleTest {
  readonly promql_expr_test: readonly {
    readonly expr: string;
    readonly eval_time: string;
    readonly exp_samples: readonly unknown[];
  }[];
}

const tests = yamlFiles('prometheus/tests').flatMap(
  (file) => (parse(readFileSync(file, 'utf8')) as { tests: RuleTest[] }).tests,
);

describe.skipIf(promtool === null)(`promtool (skipped where it is not on PATH: ${PROMETHEUS_PACKAGES})`, () => {
  it.each(['prometheus.yml', 'local.yml'])('takes %s and the rules that it names', async (file) => {
    const { stdout } = await run(promtool!, ['check', 'config', `${GRAFANA}prometheus/${file}`]);
    expect(stdout).toContain('2 rule files found');
    expect(stdout).toContain(`${ALERTS.length} rules found`);
    expect(stdout).toContain('is valid prometheus config file syntax');
  });

  it.each(yamlFiles('prometheus/tests').map((file) => [basename(file), file]))(
    'finds every rule as tests/%s says',
    { timeout: 120_000 },
    async (_, file) => {
      const { stdout } = await run(promtool!, ['test', 'rules', file]);
      expect(stdout).toContain('SUCCESS');
    },
  );
});

it('local.yml reads what `ftl network create` writes by default', () => {
  const { scrape_configs: jobs } = parse(readFileSync(`${GRAFANA}prometheus/local.yml`, 'utf8')) as {
    scrape_configs: { file_sd_configs?: { files: string[] }[] }[];
  };
  const files = jobs.flatMap(({ file_sd_configs: found = [] }) => found.flatMap((one) => one.files));
  const { prometheusTargets } = new NetworkFolder(DEFAULT_FOLDER);
  expect(files.filter((file) => matchesGlob(prometheusTargets, join('grafana/prometheus', file)))).toHaveLength(1);
});

describe.skipIf(amtool === null)(`amtool (skipped where it is not on PATH: ${PROMETHEUS_PACKAGES})`, () => {
  it('takes the example of a configuration', async () => {
    const { stdout } = await run(amtool!, ['check-config', `${GRAFANA}alertmanager/alertmanager.yml`]);
    expect(stdout).toContain('SUCCESS');
    expect(stdout).toContain('2 receivers');
  });
});

describe('each alert', () => {
  it.each(ALERTS.map((rule) => [rule.alert, rule]))('%s is tested: quiet, firing, quiet again', (name) => {
    const courses = tests.map(({ promql_expr_test: steps }) =>
      steps
        .filter(({ expr }) => expr.includes(`alertname="${name}"`) && expr.includes('alertstate="firing"'))
        .map(({ exp_samples: samples }) => (samples.length > 0 ? 'F' : '-'))
        .join(''),
    );
    expect(courses.filter((course) => /^-+F+-+$/.test(course)).length).toBeGreaterThan(0);
  });

  it.each(ALERTS.map((rule) => [rule.alert, rule]))(
    '%s says how grave it is, what it is about, what to do first and where to read on',
    (name, { labels, annotations }) => {
      expect(name).toMatch(/^Ftl[A-Z]/);
      expect(labels?.['severity']).toMatch(/^(?:critical|warning)$/);
      expect(annotations?.['summary']).toMatch(/\S/);
      expect(annotations?.['description']).toMatch(/First /);
      expect(annotations?.['runbook_url']).toBe(`docs/runbooks/${name}.md`);
      const page = readFileSync(join(RUNBOOKS, `${name}.md`), 'utf8');
      const headings = page.match(/^#+ .*$/gm);
      expect(headings).toEqual([`# ${name}`, '## Meaning', '## Impact', '## How to check', '## How to mend']);
    },
  );

  it('stands in docs/monitoring.md, with how grave it is', () => {
    const table = readFileSync(join(RUNBOOKS, '../monitoring.md'), 'utf8').matchAll(
      /^\| \[(\w+)\]\(runbooks\/\1\.md\) \| (\w+) \|/gm,
    );
    expect(Array.from(table, ([, name, severity]) => [name, severity])).toEqual(
      ALERTS.map(({ alert, labels }) => [alert, labels?.['severity']]),
    );
  });

  it('has a name of its own', () => {
    expect(new Set(ALERTS.map(({ alert }) => alert)).size).toBe(ALERTS.length);
  });
});

it.each(RULES.flatMap(({ record }) => (record === undefined ? [] : [record])))('%s is tested with values', (name) => {
  const steps = tests.flatMap(({ promql_expr_test: all }) => all);
  expect(steps.filter(({ expr, exp_samples: samples }) => expr.includes(name) && samples.length > 0)).not.toEqual([]);
});

describe('docs/runbooks', () => {
  const pages = readdirSync(RUNBOOKS);

  it('has no page of an alert that is not there', () => {
    const names = new Set([...ALERTS.map(({ alert }) => alert), ...OWN_ALERT_NAMES]);
    expect(pages.filter((page) => !names.has(page.replace(/\.md$/, '')))).toEqual([]);
  });

  it('has a page of each alert that FTL gives itself', () => {
    expect(OWN_ALERT_NAMES.filter((name) => !pages.includes(`${name}.md`))).toEqual([]);
  });

  it('names only commands and options of FTL that there are', () => {
    const texts = pages.map((page) => readFileSync(join(RUNBOOKS, page), 'utf8')).join('\n');
    const commands = [
      collectCommand(),
      doctorCommand(),
      importCommand(),
      ledgerCommand(),
      networkCommand(),
      startCommand(),
    ];
    const below = commands.flatMap((command) => command.commands.map((one) => `${command.name()} ${one.name()}`));
    const known = new Set(commands.map((command) => command.name()).concat(below));
    const named = [...texts.matchAll(/`ftl ([a-z]+(?: [a-z]+)?)/g)].map(([, name]) => name!);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
    const flags = new Set(
      commands
        .concat(commands.flatMap((command) => command.commands))
        .flatMap(({ options }) => options.map(({ long }) => long)),
    );
    const others = new Set(['--cacert', '--cert', '--key', '--csr.keyrequest.reusekey', '--max-depth']);
    const unknown = [...texts.matchAll(/`[^`]*?(--[a-z][a-z.-]*)/g)]
      .map(([, flag]) => flag!)
      .filter((flag) => !flags.has(flag) && !others.has(flag));
    expect(unknown).toEqual([]);
  });

  it('links only to pages that are there', () => {
    const broken = pages.flatMap((page) =>
      [...readFileSync(join(RUNBOOKS, page), 'utf8').matchAll(/\]\(([^)]+)\)/g)]
        .map(([, link]) => link!)
        .filter((link) => !existsSync(join(RUNBOOKS, link)))
        .map((link) => `${page}: ${link}`),
    );
    expect(broken).toEqual([]);
  });
});

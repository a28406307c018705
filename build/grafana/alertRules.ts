import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';

interface Rule {
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Group {
  readonly name: string;
  readonly rules: readonly Rule[];
}

const RULES = new URL('../../grafana/prometheus/rules/', import.meta.url);
/** Of the provisioned data source. */
export const PROMETHEUS_UID = 'ftl-prometheus';
const ABOUT = `# Made from ../../prometheus/rules/ by \`node build/grafana.ts\`. Recording rules stay in Prometheus, which these ask.
# Where Alertmanager notifies by Prometheus' rules already, delete this file and contactPoints.yaml: one of the two is enough.
`;

/**
 * Grafana's alert rules: Prometheus' own. Such a rule gives a value only where it fires, whatever the value, so the condition is that
 * there is one.
 */
export function grafanaAlertRules(): string {
  const groups = readdirSync(RULES)
    .filter((file) => file.endsWith('.yml'))
    .toSorted()
    .flatMap((file) => (parse(readFileSync(new URL(file, RULES), 'utf8')) as { groups: Group[] }).groups)
    .map(({ name, rules }) => ({
      orgId: 1,
      name,
      folder: 'FTL',
      interval: '1m',
      rules: rules.flatMap((rule) => (rule.alert === undefined ? [] : [grafanaRule(rule.alert, rule)])),
    }))
    .filter(({ rules }) => rules.length > 0);
  return ABOUT + stringify({ apiVersion: 1, groups }, { lineWidth: 0 });
}

function grafanaRule(title: string, { expr, labels, annotations, for: duration = '0s' }: Rule): object {
  return {
    uid: createHash('sha256').update(title).digest('hex').slice(0, 16),
    title,
    condition: 'B',
    data: [
      {
        refId: 'A',
        relativeTimeRange: { from: 600, to: 0 },
        datasourceUid: PROMETHEUS_UID,
        model: { refId: 'A', expr: expr.trim(), instant: true, range: false },
      },
      {
        refId: 'B',
        datasourceUid: '__expr__',
        model: { refId: 'B', type: 'math', expression: 'is_number($A)' },
      },
    ],
    noDataState: 'OK',
    execErrState: 'Error',
    for: duration,
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations: mapped(annotations) }),
    isPaused: false,
  };
}

/** `$value` is one number in Prometheus' templates and a text about all of them in Grafana's. */
function mapped(annotations: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(annotations).map(([name, text]) => [name, text.replaceAll(/\$value\b/g, '$$values.A.Value')]),
  );
}

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** The folder `grafana/`. */
export const GRAFANA = fileURLToPath(new URL('../../grafana/', import.meta.url));

/** An alert or recording rule, as Prometheus reads it. */
export interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly Rule[];
}

/** Paths of the YAML files in a folder of `grafana/`, in order. */
export function yamlFiles(folder: string): readonly string[] {
  const files = readdirSync(GRAFANA + folder).filter((file) => file.endsWith('.yml'));
  return files.toSorted().map((file) => `${GRAFANA}${folder}/${file}`);
}

export function readRuleGroups(): readonly RuleGroup[] {
  return yamlFiles('prometheus/rules').flatMap(
    (file) => (parse(readFileSync(file, 'utf8')) as { groups: RuleGroup[] }).groups,
  );
}

export const RULES: readonly Rule[] = readRuleGroups().flatMap(({ rules }) => rules);
export const ALERTS = RULES.filter((rule): rule is Rule & { readonly alert: string } => rule.alert !== undefined);

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunningPrometheus } from './prometheus.ts';
import { GRAFANA } from './ruleFiles.ts';

const TURN_MS = 500;
const PATIENCE_MS = 90_000;
const HOUR_MS = 3_600_000;

/** What a panel asks Prometheus, or FTL's API. */
interface Target {
  readonly expr?: string;
  readonly url?: string;
  readonly root_selector?: string;
  readonly columns?: readonly { readonly selector: string; readonly text: string }[];
}

/** A dashboard as Grafana reads it, as far as what it asks goes. */
export interface Dashboard {
  readonly title: string;
  readonly panels: readonly {
    readonly title: string;
    readonly targets?: readonly Target[];
  }[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly query?: { readonly query?: string } }[];
  };
}

/** What a panel asks. */
export interface Expression {
  /** Title of the dashboard, then of the panel. */
  readonly panel: string;
  readonly expr: string;
}

/** What a table asks FTL's API. */
export interface TableQuery extends Required<Omit<Target, 'expr'>> {
  /** Title of the dashboard, then of the panel. */
  readonly panel: string;
}

export const DASHBOARDS: readonly Dashboard[] = readdirSync(join(GRAFANA, 'dashboards')).map(
  (file) => JSON.parse(readFileSync(join(GRAFANA, 'dashboards', file), 'utf8')) as Dashboard,
);

/** Every question of every panel, with all nodes, channels and chaincodes chosen. */
export const PANELS: readonly Expression[] = DASHBOARDS.flatMap(({ title, panels }) =>
  panels.flatMap((panel) =>
    (panel.targets ?? []).flatMap(({ expr }) =>
      expr === undefined ? [] : { panel: `${title}: ${panel.title}`, expr: substituted(expr) },
    ),
  ),
);

/** Every question of a table to FTL's API. */
export const TABLES: readonly TableQuery[] = DASHBOARDS.flatMap(({ title, panels }) =>
  panels.flatMap((panel) =>
    (panel.targets ?? []).flatMap(({ url, root_selector = '', columns = [] }) =>
      url === undefined ? [] : { panel: `${title}: ${panel.title}`, url, root_selector, columns },
    ),
  ),
);

function substituted(expr: string): string {
  return expr.replaceAll(/\$(?:node|channel|chaincode)\b/g, '.*').replaceAll('$__rate_interval', '20s');
}

/** Whether it asks for what only FTL and its nodes tell. */
export function isOfFtl({ expr }: Expression): boolean {
  return /\bftl_|job="ftl"|nodejs_/.test(expr);
}

/** Whether the answer has a number in it. */
export async function answers(prometheus: RunningPrometheus, expr: string): Promise<boolean> {
  return (await prometheus.query(expr)).some(({ value }) => Number.isFinite(value));
}

/** Asks until all expressions have an answer, or patience ends. Gives those without. */
export async function unanswered(
  prometheus: RunningPrometheus,
  asked: readonly Expression[],
): Promise<readonly Expression[]> {
  let open = asked;
  const deadline = Date.now() + PATIENCE_MS;
  while (open.length > 0 && Date.now() < deadline) {
    const left: Expression[] = [];
    for (const one of open) if (!(await answers(prometheus, one.expr))) left.push(one);
    open = left;
    if (open.length > 0) await delay(TURN_MS);
  }
  return open;
}

/** Waits until all nodes answer and no peer lacks blocks or is told of as behind: of an alert Alertmanager tells again only when it was over. */
export async function caughtUp(prometheus: RunningPrometheus): Promise<boolean> {
  const expr =
    '(max(node_channel:ledger_blockchain_height:behind) == 0 and count(up == 1) == count(up)) unless on () ALERTS{alertname="FtlPeerBehind"}';
  return (await unanswered(prometheus, [{ panel: 'all peers', expr }])).length === 0;
}

/** What Grafana's plugin makes of the API's answer, for the last hour. @throws Error where it is none */
export async function rowsOf(
  ftl: string,
  { panel, url, root_selector, columns }: TableQuery,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const now = Date.now();
  const path = url
    .replace('${__from:date:iso}', new Date(now - HOUR_MS).toISOString())
    .replace('${__to:date:iso}', new Date(now).toISOString());
  const response = await fetch(ftl + path);
  if (!response.ok) throw new Error(`${panel}: ${path}: ${response.status} ${await response.text()}`);
  const rows = at(await response.json(), root_selector) as readonly unknown[];
  return rows.map((row) => Object.fromEntries(columns.map(({ selector, text }) => [text, at(row, selector)])));
}

function at(value: unknown, selector: string): unknown {
  return selector
    .split('.')
    .reduce((found, name) => (found as Record<string, unknown> | null | undefined)?.[name], value);
}

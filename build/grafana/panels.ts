import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  GraphDrawStyle,
  LegendDisplayMode,
  LegendPlacement,
  TooltipDisplayMode,
} from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardBuilder,
  DashboardLinkBuilder,
  DashboardLinkPlacement,
  DashboardLinkType,
  DatasourceVariableBuilder,
  type Panel,
  QueryVariableBuilder,
  RowBuilder,
  TextBoxVariableBuilder,
  type ThresholdsConfig,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as LinesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { API_PLUGIN, tableOf, type TableSpec } from './tables.ts';

/** An expression with the text of its legend, in which `{{label}}` stands for a label's value. */
export type Query = readonly [expr: string, legend: string];

export interface PanelSpec {
  readonly title: string;
  /** What it shows, and what to make of it. */
  readonly about: string;
  readonly queries: readonly Query[];
  /** Grafana's name of a unit; default: a number. */
  readonly unit?: string;
  /** `lines` over time unless told; `number` is the newest value. */
  readonly kind?: 'lines' | 'number';
  /** Where the value turns red. */
  readonly redFrom?: number;
  /** Out of 24; default: 8 of lines, 4 of a number. */
  readonly width?: number;
  /** Of FTL, to which a value leads: title, and what follows its address. */
  readonly leadsTo?: readonly [title: string, path: string];
  /** Whether single transactions are shown as dots that lead to their traces. */
  readonly exemplars?: boolean;
}

export interface DashboardSpec {
  readonly uid: string;
  readonly title: string;
  readonly about: string;
  /** Beyond the data source and FTL's address; `api` is the data source of tables. */
  readonly variables: readonly ('node' | 'orderer' | 'channel' | 'chaincode' | 'transaction' | 'api')[];
  readonly rows: readonly { readonly title: string; readonly panels: readonly (PanelSpec | TableSpec)[] }[];
}

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };
const TAG = 'ftl';
const LINES_HEIGHT = 8;
const NUMBER_HEIGHT = 4;

/** What may be chosen: label of the metric's series. */
const CHOICES = {
  node: ['ledger_blockchain_height{kind="peer"}', 'node'],
  orderer: ['ledger_blockchain_height{kind="orderer"}', 'node'],
  channel: ['ledger_blockchain_height', 'channel'],
  chaincode: ['endorser_proposal_duration_count', 'chaincode'],
} as const;

/** A dashboard as Grafana keeps it. */
export function dashboardOf(spec: DashboardSpec): object {
  const builder = new DashboardBuilder(spec.title)
    .uid(spec.uid)
    .description(spec.about)
    .tags([TAG])
    .timezone('browser')
    .time({ from: 'now-1h', to: 'now' })
    .refresh('30s')
    .link(
      new DashboardLinkBuilder('FTL dashboards')
        .type(DashboardLinkType.Dashboards)
        .tags([TAG])
        .asDropdown(true)
        .keepTime(true),
    )
    .link(new DashboardLinkBuilder('FTL').type(DashboardLinkType.Link).url('${ftl}/').targetBlank(true))
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .withVariable(new TextBoxVariableBuilder('ftl').label('FTL').defaultValue('http://localhost:3850'));
  for (const variable of spec.variables) {
    if (variable === 'api') {
      builder.withVariable(new DatasourceVariableBuilder('api').label('FTL’s API').type(API_PLUGIN));
      continue;
    }
    if (variable === 'transaction') {
      builder
        .withVariable(new TextBoxVariableBuilder('transaction').label('Transaction ID').defaultValue(''))
        .link(
          new DashboardLinkBuilder('This transaction’s trace')
            .type(DashboardLinkType.Link)
            .url('${ftl}/trace/${transaction}')
            .tooltip('The page of the transaction whose ID stands in the box')
            .targetBlank(true),
        );
      continue;
    }
    const [metric, label] = CHOICES[variable];
    builder.withVariable(
      new QueryVariableBuilder(variable === 'orderer' ? 'node' : variable)
        .datasource(DATASOURCE)
        .query({ query: `label_values(${metric}, ${label})`, refId: variable })
        .refresh(VariableRefresh.OnTimeRangeChanged)
        // oxlint-disable-next-line unicorn/no-array-sort -- of a builder, not of an array
        .sort(VariableSort.AlphabeticalAsc)
        .multi(true)
        .includeAll(true)
        .allValue('.*')
        .current({ selected: true, text: 'All', value: '$__all' }),
    );
  }
  let id = 0;
  for (const row of spec.rows) {
    builder.withRow(new RowBuilder(row.title).id(++id));
    for (const panel of row.panels) builder.withPanel(panelOf(panel, ++id));
  }
  return inSight(builder.build());
}

/** The SDK puts links into a menu that has to be opened first; by Grafana's own default they stand above the panels. */
function inSight(dashboard: object): object {
  return JSON.parse(
    JSON.stringify(dashboard, (key, value: unknown) =>
      key === 'placement' && value === DashboardLinkPlacement.InControlsMenu ? undefined : value,
    ),
  ) as object;
}

function panelOf(spec: PanelSpec | TableSpec, id: number): Builder<Panel> {
  if (spec.kind === 'table') return tableOf(spec, id);
  return spec.kind === 'number' ? numberOf(spec, id) : linesOf(spec, id);
}

function linesOf(spec: PanelSpec, id: number): LinesBuilder {
  const panel = described(new LinesBuilder(), spec, id)
    .height(LINES_HEIGHT)
    .span(spec.width ?? 8)
    .drawStyle(GraphDrawStyle.Line)
    .fillOpacity(8)
    .axisSoftMin(0)
    .legend({
      build: () => ({
        displayMode: LegendDisplayMode.List,
        placement: LegendPlacement.Bottom,
        showLegend: true,
        calcs: [],
      }),
    })
    .tooltip({ build: () => ({ mode: TooltipDisplayMode.Multi, sort: 'desc' as never }) });
  for (const [index, [expr, legend]] of spec.queries.entries()) {
    panel.withTarget(
      query(index, expr, legend)
        .range()
        .exemplar(spec.exemplars === true),
    );
  }
  return panel;
}

function numberOf(spec: PanelSpec, id: number): StatBuilder {
  const panel = described(new StatBuilder(), spec, id)
    .height(NUMBER_HEIGHT)
    .span(spec.width ?? 4);
  for (const [index, [expr, legend]] of spec.queries.entries()) panel.withTarget(query(index, expr, legend).instant());
  return panel;
}

function query(index: number, expr: string, legend: string): DataqueryBuilder {
  return new DataqueryBuilder()
    .refId(String.fromCharCode('A'.charCodeAt(0) + index))
    .datasource(DATASOURCE)
    .expr(expr)
    .legendFormat(legend);
}

function described<P extends LinesBuilder | StatBuilder>(panel: P, spec: PanelSpec, id: number): P {
  panel
    .id(id)
    .title(spec.title)
    .description(spec.about)
    .datasource(DATASOURCE)
    .unit(spec.unit ?? 'short')
    .thresholds(thresholds(spec.redFrom));
  if (spec.leadsTo !== undefined) {
    const [title, path] = spec.leadsTo;
    panel.dataLinks([
      new DashboardLinkBuilder(title).type(DashboardLinkType.Link).url(`\${ftl}${path}`).targetBlank(true),
    ]);
  }
  return panel;
}

function thresholds(redFrom: number | undefined): Builder<ThresholdsConfig> {
  const steps = [{ value: null, color: 'green' }, ...(redFrom === undefined ? [] : [{ value: redFrom, color: 'red' }])];
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps);
}

/** The value below which 95 of 100 observations of a histogram lie. */
export function p95(metric: string, by: string, selector: string): string {
  return `histogram_quantile(0.95, sum by (${by}, le) (rate(${metric}_bucket${selector}[$__rate_interval])))`;
}

/** What one observation of a histogram is on the average. */
export function mean(metric: string, by: string, selector: string): string {
  return `${rate(`${metric}_sum`, by, selector)} / ${rate(`${metric}_count`, by, selector)}`;
}

/** How often a second. */
export function rate(metric: string, by: string, selector: string): string {
  return `sum by (${by}) (rate(${metric}${selector}[$__rate_interval]))`;
}

/**
 * By how much a counter rose within the last hour. One with labels comes into being with its first event, of which `increase` sees
 * nothing: what was not there an hour ago counts as a whole.
 */
export function grown(selector: string): string {
  return `(${selector} unless ${selector} offset 1h or increase(${selector}[1h]))`;
}

/** What a node's process takes. */
export function processPanels(selector: string): readonly PanelSpec[] {
  return [
    {
      title: 'Processor',
      about: 'Cores in use.',
      queries: [[`rate(process_cpu_seconds_total${selector}[$__rate_interval])`, '{{node}}']],
    },
    {
      title: 'Memory',
      about: 'Resident.',
      queries: [[`process_resident_memory_bytes${selector}`, '{{node}}']],
      unit: 'bytes',
    },
  ];
}

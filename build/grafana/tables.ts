import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';

/** A table of what FTL's API answers; asked by Grafana's plugin for any API that speaks JSON. */
export interface TableSpec {
  readonly kind: 'table';
  readonly title: string;
  /** What it shows, and what to make of it. */
  readonly about: string;
  /** Of FTL's API, with Grafana's variables. */
  readonly path: string;
  readonly columns: readonly Column[];
  /** Out of 24; default 24. */
  readonly width?: number;
}

/** Of each element of the answer's `items`. */
export interface Column {
  /** Where in the element, such as `block.number`. */
  readonly selector: string;
  readonly title: string;
  /** Default: text. */
  readonly type?: 'timestamp' | 'number';
  /** Grafana's name of a unit. */
  readonly unit?: string;
  /** Of FTL, to which a value leads: title, and what follows its address. */
  readonly leadsTo?: readonly [title: string, path: string];
}

/** Infinity, which Grafana does not come with: https://grafana.com/grafana/plugins/yesoreyeram-infinity-datasource/. */
export const API_PLUGIN = 'yesoreyeram-infinity-datasource';

const DATASOURCE = { type: API_PLUGIN, uid: '${api}' };
const HEIGHT = 9;

export function tableOf({ title, about, path, columns, width }: TableSpec, id: number): TableBuilder {
  const table = new TableBuilder()
    .id(id)
    .title(title)
    .description(about)
    .datasource(DATASOURCE)
    .height(HEIGHT)
    .span(width ?? 24)
    .withTarget(apiQuery(path, columns));
  for (const column of columns) {
    const properties = [
      ...(column.unit === undefined ? [] : [{ id: 'unit', value: column.unit }]),
      ...(column.leadsTo === undefined ? [] : [{ id: 'links', value: [link(column.leadsTo)] }]),
    ];
    if (properties.length > 0) table.overrideByName(column.title, properties);
  }
  return table;
}

function link([title, path]: readonly [string, string]): object {
  return { title, url: `\${ftl}${path}`, targetBlank: true };
}

function apiQuery(url: string, columns: readonly Column[]): Builder<Dataquery> {
  const query = {
    refId: 'A',
    datasource: DATASOURCE,
    type: 'json',
    source: 'url',
    parser: 'backend',
    format: 'table',
    url,
    url_options: { method: 'GET', data: '' },
    root_selector: 'items',
    columns: columns.map(({ selector, title, type = 'string' }) => ({ selector, text: title, type })),
    filters: [],
  };
  return { build: () => query as unknown as Dataquery };
}

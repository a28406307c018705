import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Point } from '#trace/points.ts';
import { behind, indexNames } from '#trace/store/elasticsearch/indices.ts';

const { records, network, traces } = indexNames();

interface DataView {
  readonly id: string;
  readonly name: string;
  readonly indices: string;
  readonly formats: Readonly<Record<string, object>>;
}

const MICROSECONDS = {
  id: 'duration',
  params: {
    inputFormat: 'microseconds',
    outputFormat: 'asMilliseconds',
    outputPrecision: 3,
    showSuffix: true,
    useShortSuffix: true,
  },
};
/** A number to know something by, not to reckon with. */
const PLAIN_NUMBER = { id: 'number', params: { pattern: '0' } };

export const RECORD_VIEW: DataView = {
  id: 'ftl-records',
  name: 'FTL records',
  indices: `${behind(records)},${network}`,
  formats: { 'ftl.duration_us': MICROSECONDS, 'ftl.block.number': PLAIN_NUMBER },
};
export const TRACE_VIEW: DataView = {
  id: 'ftl-traces',
  name: 'FTL traces',
  indices: behind(traces),
  formats: { duration: MICROSECONDS, block: PLAIN_NUMBER },
};

/** Kibana brings objects of these versions up to its own. */
const VERSIONS = { coreMigrationVersion: '8.8.0', typeMigrationVersion: '8.0.0' };

export interface SavedSearch {
  readonly view: DataView;
  readonly id: string;
  readonly title: string;
  readonly description: string;
  /** KQL. */
  readonly query: string;
  readonly columns: readonly string[];
  readonly order: 'asc' | 'desc';
}

const at = (...points: readonly Point[]) => `ftl.point: (${points.map((point) => `"${point}"`).join(' or ')})`;
const WHO = ['service.node.name', 'ftl.sender.id', 'ftl.receiver.id'];

export const SEARCHES: readonly SavedSearch[] = [
  {
    view: TRACE_VIEW,
    id: 'ftl-traces-failed',
    title: 'FTL: transactions that failed',
    description: 'Committed as invalid, or never committed (NONE), with what was found about them.',
    query: 'not code: "VALID"',
    columns: ['code', 'channel', 'chaincode', 'function', 'creator', 'duration', 'block', 'findings', 'txId'],
    order: 'desc',
  },
  {
    view: RECORD_VIEW,
    id: 'ftl-transaction',
    title: 'FTL: way of a transaction',
    description: 'Every hand-over of single transactions; add `ftl.tx_id: "…"` to see one.',
    query: 'ftl.tx_id: *',
    columns: ['ftl.point', ...WHO, 'ftl.status', 'ftl.duration_us', 'ftl.chaincode', 'ftl.function', 'ftl.tx_id'],
    order: 'asc',
  },
  {
    view: RECORD_VIEW,
    id: 'ftl-endorsements-refused',
    title: 'FTL: endorsements refused',
    description: 'What peers answered with an error, and to whom.',
    query: `${at('endorse.response', 'chaincode.invoke')} and ftl.status >= 400`,
    columns: [...WHO, 'ftl.status', 'ftl.error', 'ftl.chaincode', 'ftl.function', 'ftl.tx_id'],
    order: 'desc',
  },
  {
    view: RECORD_VIEW,
    id: 'ftl-broadcasts-refused',
    title: 'FTL: refused by orderers',
    description: 'Transactions that an orderer did not take.',
    query: `${at('broadcast.response')} and ftl.status >= 400`,
    columns: [...WHO, 'ftl.status', 'ftl.error', 'ftl.tx_type', 'ftl.tx_id'],
    order: 'desc',
  },
  {
    view: RECORD_VIEW,
    id: 'ftl-blocks',
    title: 'FTL: blocks on their way',
    description:
      'From the orderer that cut a block to the peers that committed it; add `ftl.block.number: 5` to see one.',
    query: at('order.block', 'deliver.send', 'deliver.block', 'gossip.send', 'gossip.receive', 'gossip.commit'),
    columns: ['ftl.channel', 'ftl.block.number', 'ftl.point', 'ftl.stage', ...WHO, 'ftl.tx_count', 'ftl.duration_us'],
    order: 'asc',
  },
  {
    view: RECORD_VIEW,
    id: 'ftl-nodes',
    title: 'FTL: starts and leaders',
    description: 'When nodes started, and who led whom.',
    query: at('node.start', 'leader.gossip', 'leader.consensus'),
    columns: ['ftl.point', 'ftl.stage', 'service.type', 'service.node.name', 'ftl.channel', 'ftl.node_version'],
    order: 'desc',
  },
  {
    view: RECORD_VIEW,
    id: 'ftl-streams',
    title: 'FTL: broken record streams',
    description: 'Records of nodes that are missing or not as the node wrote them, as collectors saw it.',
    query: `${at('stream.check')} and not ftl.stage: "read"`,
    columns: ['service.node.name', 'ftl.stage', 'message'],
    order: 'desc',
  },
];

/** Data views and saved searches, an object a line, as Kibana exports and imports them. */
export function kibanaObjects(): string {
  const objects = [...[RECORD_VIEW, TRACE_VIEW].map(dataView), ...SEARCHES.map(search)];
  return `${objects.map((object) => JSON.stringify(object)).join('\n')}\n`;
}

function dataView({ id, name, indices, formats }: DataView): object {
  return {
    type: 'index-pattern',
    id,
    attributes: {
      title: indices,
      name,
      timeFieldName: '@timestamp',
      fields: '[]',
      sourceFilters: '[]',
      runtimeFieldMap: '{}',
      fieldAttrs: '{}',
      allowHidden: false,
      fieldFormatMap: JSON.stringify(formats),
    },
    references: [],
    ...VERSIONS,
  };
}

function search({ view, id, title, description, query, columns, order }: SavedSearch): object {
  const index = 'kibanaSavedObjectMeta.searchSourceJSON.index';
  return {
    type: 'search',
    id,
    attributes: {
      title,
      description,
      columns,
      sort: [['@timestamp', order]],
      grid: {},
      hideChart: false,
      isTextBasedQuery: false,
      timeRestore: false,
      kibanaSavedObjectMeta: {
        searchSourceJSON: JSON.stringify({
          query: { query, language: 'kuery' },
          filter: [],
          indexRefName: index,
        }),
      },
    },
    references: [{ name: index, type: 'index-pattern', id: view.id }],
    ...VERSIONS,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL('../elk/kibana/saved-objects.ndjson', import.meta.url), kibanaObjects());
  process.stdout.write('wrote elk/kibana/saved-objects.ndjson\n');
}

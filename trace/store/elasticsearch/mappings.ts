import { recordJsonSchema } from '../../record.ts';
import { indexNames, SCHEMA_VERSION, type IndexNames } from './indices.ts';

/**
 * The mappings, made from the schema of a record. Every mapping is closed (`dynamic: false`): what the schema does not know is
 * kept in the document and makes no field; what it does know must fit, else the document is refused.
 */
type Mapping = Readonly<Record<string, unknown>>;

/** Fields that lookups ask for: inverted index and column. */
const SEARCHED: ReadonlySet<string> = new Set([
  'ftl.point',
  'ftl.channel',
  'ftl.tx_id',
  'ftl.tx_id_prefix',
  'ftl.block.number',
  'ftl.block.last',
  'ftl.txs.id',
  'service.node.name',
]);
/** Fields that people filter and group by (Kibana): column only, half of the cost. */
const FILTERED: ReadonlySet<string> = new Set([
  'log.level',
  'service.type',
  'ftl.sender.id',
  'ftl.receiver.id',
  'ftl.status',
  'ftl.code',
  'ftl.chaincode',
  'ftl.function',
  'ftl.stage',
  'ftl.source',
  'ftl.tx_type',
  'ftl.duration_us',
]);
/** Longer text is kept but not found: an ID has 256 characters at most, and a term 32,766 bytes. */
const LONGEST_TEXT = 1024;
const LONGEST_ID = 256;
const IDS: ReadonlySet<string> = new Set(['ftl.tx_id', 'ftl.tx_id_prefix', 'ftl.txs.id']);

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

/** The properties of a record's mapping, as `PUT /index` takes them; nested as Elasticsearch understands dotted names. */
export function recordMapping(): Mapping {
  const fields: Record<string, Mapping> = {};
  collect(recordJsonSchema(), '', fields);
  const properties = nest(fields);
  return {
    dynamic: false,
    properties: { ...properties, ftl_record: { type: 'keyword', index: false, doc_values: false } },
  };
}

/** Leaves that are searched or filtered by; all others stay in the document alone. */
function collect(schema: Schema, path: string, fields: Record<string, Mapping>): void {
  if (path === '@timestamp') {
    // A time that is none (a 30th of February) is no reason to lose the record.
    fields[path] = { type: 'date_nanos', ignore_malformed: true };
    return;
  }
  const { properties } = schema.items ?? schema;
  if (properties !== undefined) {
    for (const [name, property] of Object.entries(properties)) {
      collect(property, path === '' ? name : `${path}.${name}`, fields);
    }
    return;
  }
  const searched = SEARCHED.has(path);
  if (!searched && !FILTERED.has(path)) return;
  fields[path] = { ...typeOf(schema, path), ...(!searched && { index: false }) };
}

function typeOf(schema: Schema, path: string): Mapping {
  if (schema.type === 'integer') return { type: 'long' };
  if (schema.type === 'number') return { type: 'double' };
  if (schema.type === 'boolean') return { type: 'boolean' };
  return { type: 'keyword', ignore_above: IDS.has(path) ? LONGEST_ID : LONGEST_TEXT };
}

function nest(fields: Readonly<Record<string, Mapping>>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [path, mapping] of Object.entries(fields).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const names = path.split('.');
    let properties = root;
    for (const name of names.slice(0, -1)) {
      const object = (properties[name] ??= { dynamic: false, properties: {} }) as {
        properties: Record<string, unknown>;
      };
      properties = object.properties;
    }
    properties[names.at(-1) as string] = mapping;
  }
  return root;
}

const keyword = { type: 'keyword', ignore_above: LONGEST_TEXT };
const id = { type: 'keyword', ignore_above: LONGEST_ID };
const long = { type: 'long' };
const unsearched = { type: 'object', enabled: false };

export const SUMMARY_MAPPING: Mapping = {
  dynamic: false,
  properties: {
    traceId: id,
    channel: keyword,
    txId: id,
    txIdLower: id,
    '@timestamp': { type: 'date_nanos', ignore_malformed: true },
    started: long,
    duration: long,
    block: long,
    code: keyword,
    chaincode: keyword,
    function: keyword,
    creator: keyword,
    participants: keyword,
    findings: keyword,
    findingKinds: keyword,
    words: keyword,
    stages: { properties: { endorse: long, order: long, deliver: long, commit: long } },
    edges: {
      type: 'nested',
      dynamic: false,
      properties: { key: { type: 'keyword', ignore_above: 4096 }, failed: { type: 'boolean' }, us: long },
    },
    blocks: long,
    firstRecord: long,
    lastRecord: long,
    summary: unsearched,
    digest: { type: 'keyword', index: false },
    revision: long,
  },
};

export const BLOCK_MAPPING: Mapping = {
  dynamic: false,
  properties: { channel: keyword, number: long, revision: long },
};

export const STATE_MAPPING: Mapping = {
  dynamic: false,
  properties: { kind: keyword, name: keyword, channel: keyword, node: keyword },
};

interface Template {
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What every index of a store has in common; replicas come by themselves where there is a second node. */
function settings(refreshInterval: string): Mapping {
  return { index: { number_of_shards: 1, auto_expand_replicas: '0-1', refresh_interval: refreshInterval } };
}

/**
 * Component templates, then the index templates made of them. Who wants other settings (shards, codec, lifecycle) adds them to the
 * component `<prefix>-custom`, which is made empty and never overwritten.
 */
export function templatesOf(names: IndexNames = indexNames()): {
  readonly components: readonly Template[];
  readonly custom: Template;
  readonly indices: readonly Template[];
} {
  const { prefix } = names;
  const meta = { version: SCHEMA_VERSION, _meta: { description: 'Made by FTL from the schema of a record.' } };
  const kinds = [
    { name: names.records, pattern: `${names.records}-*`, mappings: recordMapping(), refresh: '5s' },
    { name: names.traces, pattern: `${names.traces}-*`, mappings: SUMMARY_MAPPING, refresh: '1s' },
    { name: names.network, pattern: names.network, mappings: recordMapping(), refresh: '1s' },
    { name: names.blocks, pattern: names.blocks, mappings: BLOCK_MAPPING, refresh: '1s' },
    { name: names.state, pattern: names.state, mappings: STATE_MAPPING, refresh: '1s' },
  ];
  const custom = `${prefix}-custom`;
  return {
    components: kinds.map(({ name, mappings, refresh }) => ({
      name,
      body: { template: { settings: settings(refresh), mappings }, ...meta },
    })),
    custom: {
      name: custom,
      body: { template: {}, _meta: { description: 'Settings of your own for all indices of FTL.' } },
    },
    indices: kinds.map(({ name, pattern }) => ({
      name,
      body: { index_patterns: [pattern], composed_of: [name, custom], priority: 500, ...meta },
    })),
  };
}

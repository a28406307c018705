import { POINTS } from '#trace/points.ts';
import { RECORD_VERSION, TraceRecord } from '#trace/record.ts';
import type { Decoded, DecoderFactory, StreamDecoder } from './decoder.ts';
import { RecordStreams } from './recordStream/recordStreams.ts';

/**
 * The decoder of our own records, one JSON object a line: tolerant of unknown fields, strict on known ones. ECS fields may come
 * nested, as Elasticsearch clients and Filebeat processors leave them (`{"log":{"level":"info"}}`), and are made dotted.
 */
export const ftlRecord: DecoderFactory = {
  name: 'ftl',
  accepts: (line) => line.startsWith('{') && !isStockEntry(line) && line.includes('"ftl":'),
  create: (options, snapshot) => (options.checkRecords === false ? unchecked : new CheckingDecoder(snapshot)),
};

/** Level first, the logger's name soon after: known without a search through the whole of a long line. */
function isStockEntry(line: string): boolean {
  if (!line.startsWith('{"level":"')) return false;
  const name = line.indexOf('"name":"');
  return name > 0 && name < 120;
}

/** Largest record that is parsed, in characters: a block's record with some thousand transactions fits. */
const MAX_RECORD = 4_000_000;

const NOTHING: Decoded = Object.freeze({ records: Object.freeze([]) });

/** What a collector says of a stream no line in it may say. */
function decodeLine(text: string): Decoded {
  const decoded = decodeRecord(text);
  return decoded.records[0]?.ftl.point === 'stream.check'
    ? dead('bad_record', 'a stream.check is the word of a collector that follows the stream, not of a line in it')
    : decoded;
}

const unchecked: StreamDecoder = {
  line: decodeLine,
  flush: () => NOTHING,
  // Each record stands alone.
  snapshot: () => ({}),
};

/** Records of nodes that number and hash them, with what does not hold in their streams. */
class CheckingDecoder implements StreamDecoder {
  readonly #streams: RecordStreams;

  constructor(snapshot: unknown) {
    this.#streams = new RecordStreams(snapshot);
  }

  line(text: string): Decoded {
    const decoded = decodeLine(text);
    const [record] = decoded.records;
    if (record === undefined) return decoded;
    const found = this.#streams.check(record, text);
    return found.length === 0 ? decoded : { records: [...found, record], earlier: found.length };
  }

  newFile(): void {
    this.#streams.newFile();
  }

  flush(): Decoded {
    const records = this.#streams.flush();
    return records.length === 0 ? NOTHING : { records };
  }

  snapshot(): unknown {
    return this.#streams.snapshot();
  }
}

/** One line to a record, or why it is none. */
export function decodeRecord(text: string): Decoded {
  if (text.length > MAX_RECORD) {
    return dead('too_long', `a record of ${text.length} characters; at most ${MAX_RECORD} are parsed`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return dead('bad_json', error instanceof Error ? error.message.slice(0, 200) : 'not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return dead('bad_record', 'not a JSON object');
  }
  const record = dotted(value as Record<string, unknown>);
  // A key of this name would become the object's prototype in a copy; the schema deals with it.
  if (isPlainRecord(record) && !text.includes('__proto__')) return { records: [record] };
  const parsed = TraceRecord.safeParse(record);
  if (parsed.success) return { records: [parsed.data] };
  const [issue] = parsed.error.issues;
  const path = issue === undefined || issue.path.length === 0 ? '(record)' : issue.path.join('.');
  return dead('bad_record', `${path}: ${issue?.message ?? 'does not fit the schema'}`.slice(0, 500));
}

function dead(code: string, reason: string): Decoded {
  return { records: [], dead: { code, reason } };
}

/** ECS fields of the schema: nested path → dotted name. */
const NESTED: readonly (readonly [string, readonly string[]])[] = [
  ['log', ['level', 'logger']],
  ['ecs', ['version']],
  ['trace', ['id']],
];

function dotted(value: Record<string, unknown>): Record<string, unknown> {
  for (const [group, names] of NESTED) lift(value, value[group], group, names);
  const { service } = value;
  if (isObject(service)) {
    lift(value, service['node'], 'service.node', ['name']);
    if (isObject(service['node']) && Object.keys(service['node']).length === 0) delete service['node'];
    lift(value, service, 'service', ['type']);
  }
  return value;
}

/** Moves `group.name` to the top; a dotted field that is there already stands. What is unknown in the group stays in it. */
function lift(top: Record<string, unknown>, group: unknown, path: string, names: readonly string[]): void {
  if (!isObject(group)) return;
  for (const name of names) {
    if (!Object.hasOwn(group, name)) continue;
    const key = `${path}.${name}`;
    if (!Object.hasOwn(top, key)) top[key] = group[name];
    delete group[name];
  }
  if (Object.keys(group).length === 0 && !path.includes('.')) delete top[path];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * A fast answer to whether the schema accepts a record as it is: true only if it does; false means ask the schema. The property
 * test beside this file holds the two together. Rare fields (configuration, definitions, read-write sets) are left to the schema.
 */
function isPlainRecord(record: Record<string, unknown>): record is TraceRecord {
  for (const key in record) {
    const value = record[key];
    switch (key) {
      case '@timestamp':
        if (!isTimestamp(value)) return false;
        break;
      case 'log.level':
      case 'log.logger':
      case 'message':
      case 'ecs.version':
      case 'service.node.name':
        if (typeof value !== 'string') return false;
        break;
      case 'service.type':
        if (value !== 'fabric-peer' && value !== 'fabric-orderer') return false;
        break;
      case 'trace.id':
        if (!isHex(value, 32)) return false;
        break;
      case 'ftl':
        if (!isObject(value) || !isPlainFtl(value)) return false;
        break;
      default:
    }
  }
  return record['@timestamp'] !== undefined && record['ftl'] !== undefined;
}

function isPlainFtl(ftl: Record<string, unknown>): boolean {
  for (const key in ftl) {
    const value = ftl[key];
    switch (key) {
      case 'version':
        if (value !== RECORD_VERSION) return false;
        break;
      case 'point':
        if (typeof value !== 'string' || !Object.hasOwn(POINTS, value)) return false;
        break;
      case 'tx_id':
        if (typeof value !== 'string' || value.length < 1 || value.length > 256) return false;
        break;
      case 'tx_id_prefix':
        if (typeof value !== 'string' || !/^.{4,63}$/su.test(value)) return false;
        break;
      case 'channel':
      case 'tx_type':
      case 'code':
      case 'error':
      case 'chaincode':
      case 'function':
      case 'stage':
      case 'node_version':
      case 'commit_hash':
      case 'chain':
        if (typeof value !== 'string') return false;
        break;
      case 'tx_index':
      case 'tx_count':
      case 'seq':
        if (!isCount(value)) return false;
        break;
      case 'status':
        if (!Number.isSafeInteger(value)) return false;
        break;
      case 'duration_us':
        if (typeof value !== 'number' || !(value >= 0 && value < Infinity)) return false;
        break;
      case 'client_time':
        if (!isTimestamp(value)) return false;
        break;
      case 'source':
        if (value !== 'record' && value !== 'log' && value !== 'block') return false;
        break;
      case 'sender':
      case 'receiver':
      case 'creator':
        if (!isIdentity(value)) return false;
        break;
      case 'endorsers':
      case 'signers':
        if (!Array.isArray(value) || !value.every(isIdentity)) return false;
        break;
      case 'block':
        if (!isBlock(value)) return false;
        break;
      case 'txs':
        if (!Array.isArray(value) || !value.every(isTx)) return false;
        break;
      case 'consensus':
        if (!isObject(value) || !isOptionalInt(value['node']) || !isOptionalInt(value['leader'])) return false;
        break;
      case 'rw_sets':
      case 'config':
      case 'definition':
      case 'check':
        return false;
      default:
    }
  }
  return ftl['version'] !== undefined && ftl['point'] !== undefined;
}

function isIdentity(value: unknown): boolean {
  if (!isObject(value)) return false;
  for (const key in value) {
    const part = value[key];
    switch (key) {
      case 'kind':
        if (part !== 'client' && part !== 'peer' && part !== 'orderer' && part !== 'chaincode') return false;
        break;
      case 'id':
      case 'msp':
      case 'name':
      case 'address':
      case 'fingerprint':
      case 'pki_id':
        if (typeof part !== 'string') return false;
        break;
      default:
    }
  }
  return true;
}

function isBlock(value: unknown): boolean {
  if (!isObject(value) || !isCount(value['number'])) return false;
  const { last, hash, previous_hash: previous, data_hash: data } = value;
  return (
    (last === undefined || isCount(last)) &&
    (hash === undefined || isHex(hash, 64)) &&
    (previous === undefined || previous === '' || isHex(previous, 64)) &&
    (data === undefined || isHex(data, 64))
  );
}

function isTx(value: unknown): boolean {
  if (!isObject(value) || typeof value['id'] !== 'string') return false;
  const { type, code } = value;
  return (type === undefined || typeof type === 'string') && (code === undefined || typeof code === 'string');
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isOptionalInt(value: unknown): boolean {
  return value === undefined || Number.isSafeInteger(value);
}

const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;

function isTimestamp(value: unknown): boolean {
  return typeof value === 'string' && TIMESTAMP.test(value);
}

function isHex(value: unknown, length: number): boolean {
  if (typeof value !== 'string' || value.length !== length) return false;
  for (let at = 0; at < length; at += 1) {
    const code = value.charCodeAt(at);
    if (!((code >= 48 && code <= 57) || (code >= 97 && code <= 102))) return false;
  }
  return true;
}

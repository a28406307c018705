/**
 * Lines of which the sender has made fields (Filebeat's `ndjson` parser and `json.*` settings), put together again. The sender
 * writes an event's members in another order each time it sends it, so the order here is always the same: the record's ID hangs on it.
 */

type Json = Readonly<Record<string, unknown>>;

/** Members of a record that stand outside `ftl`, by their path. */
const RECORD_FIELDS = [
  '@timestamp',
  'log.level',
  'log.logger',
  'message',
  'ecs.version',
  'service.type',
  'service.node.name',
  'trace.id',
] as const;

/** The members of a stock JSON entry that come first, as the node writes them. */
const STOCK_FIELDS = ['level', 'ts', 'name', 'caller', 'msg'] as const;

/** Of our own record; null if these fields are none. */
export function recordLine(fields: Json): string | null {
  const ftl = fields['ftl'];
  if (!isObject(ftl)) return null;
  const record: Record<string, unknown> = {};
  for (const name of RECORD_FIELDS) {
    // What the sender adds of its own is nested: `ecs.version` of the record is the dotted one if there is one.
    const value = fields[name] ?? at(fields, name.split('.'));
    if (value !== undefined) record[name] = value;
  }
  record['ftl'] = sorted(ftl);
  return JSON.stringify(record);
}

/** Of an entry of a stock node's log in JSON; null if these fields are none. */
export function stockLine(fields: Json): string | null {
  const { level, name, msg } = fields;
  if (typeof level !== 'string' || typeof name !== 'string' || typeof msg !== 'string') return null;
  const entry: Record<string, unknown> = {};
  for (const key of [...STOCK_FIELDS, 'stacktrace']) if (fields[key] !== undefined) entry[key] = sorted(fields[key]);
  for (const key of Object.keys(fields).toSorted()) {
    if (!Object.hasOwn(entry, key) && !ADDED.has(key)) entry[key] = sorted(fields[key]);
  }
  return JSON.stringify(entry);
}

/** What senders add on their way; whatever else there is, the node has written. */
const ADDED = new Set([
  '@timestamp',
  '@metadata',
  '@version',
  'agent',
  'beat',
  'cloud',
  'container',
  'docker',
  'ecs',
  'event',
  'fields',
  'host',
  'input',
  'kubernetes',
  'log',
  'orchestrator',
  'prospector',
  'service',
  'stream',
  'tags',
]);

function at(fields: Json, path: readonly string[]): unknown {
  let value: unknown = fields;
  for (const name of path) {
    if (!isObject(value)) return undefined;
    value = value[name];
  }
  return value;
}

/** The same value with the members of every object in the order of their names. Deep nesting is cut off: no record has it. */
function sorted(value: unknown, depth = 0): unknown {
  if (depth > 64) return null;
  if (Array.isArray(value)) return value.map((item) => sorted(item, depth + 1));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map((key) => [key, sorted(value[key], depth + 1)]),
  );
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

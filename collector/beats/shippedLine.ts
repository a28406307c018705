import type { DeadLetter } from '../decoders/decoder.ts';
import { streamNameOf, streamPathOf } from '../sources/rotation.ts';
import { recordLine, stockLine } from './decodedFields.ts';

/** What an event says of the line that it was made of. */
export interface ShippedLine {
  /** Host and file whose lines are one stream; rotated files belong to the file that they were. Without a file, container or node. */
  readonly host: string;
  readonly path: string;
  /** Tells files at one path apart, where the sender says it (device and inode, fingerprint); '' otherwise. */
  readonly file: string;
  /** Name of the writer if the sender's configuration gives it in `service.node.name`. */
  readonly node: string | undefined;
  /** Stands in for that name while the lines do not tell a better one. */
  readonly name: string;
  /** Byte offset of the line in its file; undefined where there is no file. */
  readonly offset: number | undefined;
  /** Bytes that the line takes up there, its line feed included; undefined if the event does not show them. */
  readonly size: number | undefined;
  /** As the node wrote it; several lines if the sender joined them. */
  readonly text: string;
  /** The sender took the line's JSON apart, and `text` was put together again of the fields. */
  readonly rebuilt: boolean;
}

type Json = Readonly<Record<string, unknown>>;

const MAX_NAME = 512;

/**
 * Reads an event of Filebeat (any version from 6), or of Logstash: the line in `message`, or the fields that a JSON parser of the
 * sender has made of it.
 */
export function readEvent(text: string): ShippedLine | { readonly dead: DeadLetter } {
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch (error) {
    return dead('bad_json', `the event is no JSON: ${(error as Error).message.slice(0, 200)}`);
  }
  if (!isObject(event)) return dead('bad_event', 'the event is no JSON object');
  const line = lineOf(event);
  if (line === null) {
    return dead('bad_event', 'the event has neither a line (message) nor the fields of a record or a log entry');
  }
  const log = objectAt(event, 'log');
  const file = objectAt(log, 'file');
  const path = textOf(file?.['path'] ?? event['log.file.path'] ?? event['source'] ?? event['path']) ?? '';
  const offset = log?.['offset'] ?? event['log.offset'] ?? event['offset'];
  const of = path === '' ? NO_FILE : familyOf(path);
  const isWrapped = event['stream'] !== undefined;
  const host = hostOf(event);
  const node = line.rebuilt ? undefined : nodeOf(event);
  const container = containerOf(event);
  const isFile = path !== '' && Number.isSafeInteger(offset) && (offset as number) >= 0;
  return {
    host,
    path: path === '' ? (container ?? node ?? '') : of.path,
    file: fileOf(file),
    node,
    name: `${container ?? of.name}@${host}`,
    offset: isFile ? (offset as number) : undefined,
    // Inside a container runtime's wrapper the line is shorter than what the file holds.
    size: isFile && !isWrapped && line.size !== null ? line.size : undefined,
    text: line.text,
    rebuilt: line.rebuilt,
  };
}

/** An event of protocol version 1: Logstash's lumberjack output puts what its codec makes into one field. */
export function readPairs(pairs: ReadonlyMap<string, string>): ShippedLine | { readonly dead: DeadLetter } {
  const line = pairs.get('line');
  if (line?.startsWith('{') === true) {
    const event = readEvent(line);
    if (!('dead' in event)) return event;
  }
  const fields: Record<string, unknown> = { message: line, ...Object.fromEntries(pairs) };
  if (typeof fields['offset'] === 'string') fields['offset'] = Number(fields['offset']);
  return readEvent(JSON.stringify(fields));
}

interface Family {
  /** Of the file that those that were rotated once were. */
  readonly path: string;
  readonly name: string;
}

const NO_FILE: Family = { path: '', name: 'events' };
/** Senders name few files again and again. */
const MAX_FAMILIES = 4096;
const families = new Map<string, Family>();

function familyOf(path: string): Family {
  let family = families.get(path);
  if (family === undefined) {
    if (families.size >= MAX_FAMILIES) families.clear();
    family = { path: streamPathOf(path), name: streamNameOf(path) };
    families.set(path, family);
  }
  return family;
}

interface Line {
  readonly text: string;
  readonly rebuilt: boolean;
  readonly size: number | null;
}

function lineOf(event: Json): Line | null {
  const original = textOf(objectAt(event, 'event')?.['original']);
  const under = objectAt(event, 'json');
  for (const fields of [event, under]) {
    if (fields === undefined) continue;
    const rebuilt = recordLine(fields) ?? stockLine(fields);
    if (rebuilt !== null) return original === undefined ? { text: rebuilt, rebuilt: true, size: null } : raw(original);
  }
  const message = textOf(event['message']);
  return message === undefined ? null : raw(message);
}

function raw(text: string): Line {
  return { text, rebuilt: false, size: Buffer.byteLength(text) + 1 };
}

function hostOf(event: Json): string {
  const host = event['host'];
  const agent = objectAt(event, 'agent') ?? objectAt(event, 'beat');
  const name =
    textOf(isObject(host) ? (host['name'] ?? host['hostname']) : (host ?? event['host.name'])) ??
    textOf(agent?.['hostname'] ?? agent?.['name']);
  return shortened(name ?? 'unknown');
}

function nodeOf(event: Json): string | undefined {
  const name = objectAt(objectAt(event, 'service'), 'node')?.['name'] ?? event['service.node.name'];
  const text = textOf(name);
  return text === undefined || text === '' ? undefined : shortened(text);
}

/** A container's file is named by a hash; its own name tells more. */
function containerOf(event: Json): string | undefined {
  const pod = textOf(objectAt(objectAt(event, 'kubernetes'), 'pod')?.['name']);
  const name = pod ?? textOf(objectAt(event, 'container')?.['name']);
  return name === undefined || name === '' ? undefined : shortened(name);
}

function fileOf(file: Json | undefined): string {
  if (file === undefined) return '';
  const { fingerprint, inode, device_id: device } = file;
  if (typeof fingerprint === 'string' && fingerprint !== '') return shortened(fingerprint);
  if (typeof inode !== 'string' && typeof inode !== 'number') return '';
  return shortened(JSON.stringify([device, inode]));
}

function shortened(text: string): string {
  return text.length <= MAX_NAME ? text : text.slice(0, MAX_NAME);
}

function objectAt(parent: Json | undefined, key: string): Json | undefined {
  const value = parent?.[key];
  return isObject(value) ? value : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function dead(code: string, reason: string): { readonly dead: DeadLetter } {
  return { dead: { code, reason } };
}

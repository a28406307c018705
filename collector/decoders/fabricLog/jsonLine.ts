import type { DeadLetter } from '../decoder.ts';
import type { Entry, Located } from './entry.ts';
import { fromClock, fromEpoch } from './timestamp.ts';

const NAME = '"name":"';
const MESSAGE = '"msg":"';

/** Whether a line is, or was meant to be, an entry in Go Fabric's JSON format (zap writes the level first). */
export function looksLikeJson(line: string): boolean {
  return line.startsWith('{"level":"');
}

/**
 * The logger and where the message begins, by string search alone: most lines are of no interest, and a search costs a
 * twentieth of a parse. A quote inside a JSON string is escaped, so a key can't be found within a value.
 */
export function locateJson(line: string): Located | undefined {
  const name = line.indexOf(NAME);
  if (name < 0) return undefined;
  const end = line.indexOf('"', name + NAME.length);
  if (end < 0) return undefined;
  let message = line.indexOf(MESSAGE, end);
  if (message < 0) message = line.indexOf(MESSAGE);
  if (message < 0) return undefined;
  return { logger: line.slice(name + NAME.length, end), at: message + MESSAGE.length };
}

/** Parses a whole line; a dead letter if it is no JSON object or lacks a usable time. */
export function parseJson(line: string): Entry | DeadLetter {
  let value: Record<string, unknown>;
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
      return { code: 'bad_json', reason: 'not a JSON object' };
    }
    value = parsed as Record<string, unknown>;
  } catch (error) {
    return { code: 'bad_json', reason: error instanceof Error ? shorten(error.message) : 'not JSON' };
  }
  const time = timeOf(line, value['ts']);
  if (time === undefined)
    return { code: 'bad_time', reason: `no usable time in "ts": ${shorten(String(value['ts']))}` };
  return new JsonEntry(value, time);
}

function shorten(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}

/** The time from the line's own digits, since a float of seconds in nanoseconds has more of them than a double holds. */
function timeOf(line: string, ts: unknown): string | undefined {
  if (typeof ts === 'string') return fromClock(ts) ?? fromEpoch(ts);
  if (typeof ts !== 'number') return undefined;
  const key = line.indexOf('"ts":');
  if (key >= 0) {
    let end = key + 5;
    while (end < line.length && !',} '.includes(line[end] as string)) end += 1;
    const text = line.slice(key + 5, end);
    // Another "ts" before the entry's own (in a nested object) would not be the number that was parsed.
    if (Number(text) === ts) return fromEpoch(text);
  }
  return fromEpoch(String(ts));
}

class JsonEntry implements Entry {
  readonly time: string;
  readonly #value: Record<string, unknown>;

  constructor(value: Record<string, unknown>, time: string) {
    this.#value = value;
    this.time = time;
  }

  get level(): string {
    return this.field('level') ?? '';
  }

  get logger(): string {
    return this.field('name') ?? '';
  }

  get message(): string {
    return this.field('msg') ?? '';
  }

  get caller(): string {
    return this.field('caller') ?? '';
  }

  field(name: string): string | undefined {
    if (!Object.hasOwn(this.#value, name)) return undefined;
    const value = this.#value[name];
    if (typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    return undefined;
  }
}

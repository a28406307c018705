import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** One line of a stock log, as little interpreted as possible. */
export interface RawLine {
  /** Line of the file, from 1. */
  readonly n: number;
  /** UTC, microseconds, truncated. */
  readonly at: string;
  readonly level: string;
  readonly logger: string;
  readonly msg: string;
  /** Structured fields (JSON) or `key=value` pairs (console). */
  readonly fields: Readonly<Record<string, string>>;
  readonly raw: string;
}

/** Epoch seconds as the digits in the log → ISO 8601 with microseconds, truncated. */
export function isoOf(seconds: string): string {
  const [whole, fraction = ''] = seconds.split('.');
  return `${new Date(Number(whole) * 1000).toISOString().slice(0, 19)}.${fraction.padEnd(6, '0').slice(0, 6)}Z`;
}

const JSON_TIME = /"ts":(\d+(?:\.\d+)?)/;
/** Colour codes of the console format. */
const COLOUR = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');
const CONSOLE = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d{3}) UTC [0-9a-f]+ (\w+) \[([^\]]+)\] \S+ -> (.*)$/;
const PAIR = /(?:^| )([A-Za-z][\w.-]*)=("(?:[^"\\]|\\.)*"|\S+)/g;

function jsonLine(raw: string, n: number): RawLine | null {
  try {
    const { level, name, msg, ts: _ts, caller: _caller, ...rest } = JSON.parse(raw) as Record<string, unknown>;
    const at = isoOf(JSON_TIME.exec(raw)?.[1] ?? '0');
    const fields = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, String(value)]));
    return { n, at, level: String(level), logger: String(name), msg: String(msg), fields, raw };
  } catch {
    return null;
  }
}

function consoleLine(raw: string, n: number): RawLine | null {
  const match = CONSOLE.exec(raw.replace(COLOUR, ''));
  if (match === null) return null;
  const [, day, time, level, logger, msg] = match as unknown as [string, string, string, string, string, string];
  const fields: Record<string, string> = {};
  for (const [, key, value] of msg.matchAll(PAIR)) fields[key as string] = (value as string).replace(/^"|"$/g, '');
  return { n, at: `${day}T${time}000Z`, level: level.toLowerCase(), logger, msg, fields, raw };
}

export function readLog(file: string): RawLine[] {
  const text = gunzipSync(readFileSync(file)).toString('utf8');
  return text.split('\n').flatMap((raw, i) => jsonLine(raw, i + 1) ?? consoleLine(raw, i + 1) ?? []);
}

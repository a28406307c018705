/** A JSON entry as the console format would have shown it: the same logger and fields through Fabric's other encoder. */

export type ConsoleOrder = '2.2' | '2.5';

const LEVELS: Readonly<Record<string, string>> = { debug: 'DEBU', info: 'INFO', warn: 'WARN', error: 'ERRO' };
const OWN_KEYS = new Set(['level', 'ts', 'name', 'caller', 'msg', 'stacktrace']);

export function asConsole(line: string, order: ConsoleOrder, colour: boolean): string {
  if (!line.startsWith('{')) return line;
  const entry = JSON.parse(line) as Record<string, unknown> & { ts: number; name: string; level: string; msg: string };
  const time = new Date(Math.floor(entry.ts * 1000 + 1e-4)).toISOString().replace('T', ' ').replace('Z', ' UTC');
  const on = colour ? '\u001b[34m' : '';
  const bold = colour ? '\u001b[34;1m' : '';
  const off = colour ? '\u001b[0m' : '';
  const level = LEVELS[entry.level] ?? 'INFO';
  const head =
    order === '2.5'
      ? `${on}${time} 0a1f ${level}${off} [${entry.name}] ${bold}func1${off} -> `
      : `${on}${time} [${entry.name}] func1 -> ${level} a1f${off} `;
  const fields = Object.entries(entry)
    .filter(([key]) => !OWN_KEYS.has(key))
    .map(([key, value]) => ` ${key}=${quote(typeof value === 'string' ? value : JSON.stringify(value))}`);
  return `${head}${entry.msg}${fields.join('')}`;
}

/** As zap's logfmt encoder writes a value. */
export function quote(value: string): string {
  return /[\s="]/.test(value) ? JSON.stringify(value) : JSON.stringify(value).slice(1, -1);
}

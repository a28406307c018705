import type { DeadLetter } from '../decoder.ts';
import type { Entry, Located } from './entry.ts';
import { fieldsOf } from './logfmt.ts';
import { fromClock } from './timestamp.ts';

/**
 * The console format, with and without colour, in both default orders:
 *
 *     2026-11-21 01:24:48.082 UTC 0001 INFO [nodeCmd] serve -> message key=value     (2.4 and newer)
 *     2026-11-21 01:24:48.082 UTC [nodeCmd] serve -> INFO 001 message key=value      (2.2, 2.3)
 *
 * The order is Fabric's `FABRIC_LOGGING_FORMAT` default of each release (common/flogging/global.go).
 */

const ESC = 0x1b;

/** Where the time begins if the line is the head of an entry, after a colour code; -1 for a continuation line. */
export function consoleHead(line: string): number {
  let at = 0;
  if (line.charCodeAt(0) === ESC) {
    at = line.indexOf('m') + 1;
    if (at === 0 || at > 12) return -1;
  }
  // 2026-11-21 01:24:48
  return line.charCodeAt(at + 4) === 45 &&
    line.charCodeAt(at + 7) === 45 &&
    line.charCodeAt(at + 13) === 58 &&
    line.charCodeAt(at + 16) === 58 &&
    isDigit(line.charCodeAt(at)) &&
    isDigit(line.charCodeAt(at + 18))
    ? at
    : -1;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

export interface LocatedConsole extends Located {
  /** Offset of ` [` before the logger. */
  readonly bracket: number;
  /** Offset of ` -> `. */
  readonly arrow: number;
  readonly order: 'id-first' | 'module-first';
}

/** What an entry's head must look like before the module, colour codes aside: zone, number and level; or the zone alone. */
const HEAD = /^[.,\d]*(?: [A-Z+-][A-Z\d:+-]{0,5}|Z)?(?: [0-9a-f]{1,16} [A-Za-z]{4,6})?$/;

/**
 * The logger and where the message begins. Undefined if the line only happens to begin with a time; a dead letter if it is an
 * entry by its head, cut off before the message.
 */
export function locateConsole(line: string, head: number): LocatedConsole | DeadLetter | undefined {
  const bracket = line.indexOf(' [', head + 19);
  if (bracket < 0 || bracket - head > 90) return undefined;
  const close = line.indexOf(']', bracket);
  const order = bracket - head - 19 < 16 ? 'module-first' : 'id-first';
  const arrow = close < 0 ? -1 : line.indexOf(' -> ', close);
  if (arrow < 0 || arrow - close > 200) {
    const known = HEAD.test(withoutColour(line.slice(head + 19, bracket)));
    return known ? { code: 'bad_console', reason: 'the entry ends before its message' } : undefined;
  }
  let at = arrow + 4;
  if (order === 'module-first') {
    // INFO 001 before the message, the colour's end between.
    const level = line.indexOf(' ', at);
    const id = level < 0 ? -1 : endOfId(line, level + 1);
    if (id < 0) return undefined;
    at = id;
  }
  return { logger: line.slice(bracket + 2, close), at, bracket, arrow, order };
}

function endOfId(line: string, from: number): number {
  let at = from;
  while (at < line.length && at - from < 17 && isHex(line.charCodeAt(at))) at += 1;
  if (at === from) return -1;
  if (line.charCodeAt(at) === ESC) at = line.indexOf('m', at) + 1;
  if (at === 0) return -1;
  return line.charCodeAt(at) === 32 ? at + 1 : at === line.length ? at : -1;
}

function isHex(code: number): boolean {
  return isDigit(code) || (code >= 97 && code <= 102);
}

const COLOUR = new RegExp(`${String.fromCharCode(ESC)}\\[[0-9;]*m`, 'g');

export function withoutColour(text: string): string {
  return text.includes('\u001b') ? text.replace(COLOUR, '') : text;
}

const LEVELS: Readonly<Record<string, string>> = {
  DEBU: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERRO: 'error',
  DPAN: 'dpanic',
  PANI: 'panic',
  FATA: 'fatal',
};

function levelOf(text: string): string {
  return LEVELS[text.slice(0, 4).toUpperCase()] ?? text.toLowerCase();
}

/** Parses an entry; `text` is its head line and any continuation lines, joined by line feeds. */
export function parseConsole(text: string, head: number, located: LocatedConsole): Entry | DeadLetter | undefined {
  const before = withoutColour(text.slice(head, located.bracket));
  let clock = before;
  let level: string;
  if (located.order === 'id-first') {
    const match = /^(.*) [0-9a-f]{1,16} ([A-Za-z]{4,6})$/.exec(before);
    if (match === null) return undefined;
    clock = match[1] as string;
    level = levelOf(match[2] as string);
  } else {
    level = levelOf(text.slice(located.arrow + 4, text.indexOf(' ', located.arrow + 4)));
  }
  const time = fromClock(clock);
  if (time === undefined) return { code: 'bad_time', reason: `no usable time: ${clock.slice(0, 60)}` };
  const close = text.indexOf(']', located.bracket);
  return new ConsoleEntry(
    time,
    level,
    located.logger,
    withoutColour(text.slice(located.at)),
    withoutColour(text.slice(close + 2, located.arrow)),
  );
}

class ConsoleEntry implements Entry {
  readonly time: string;
  readonly level: string;
  readonly logger: string;
  readonly message: string;
  readonly caller: string;
  #fields: ReadonlyMap<string, string> | undefined;

  constructor(time: string, level: string, logger: string, message: string, caller: string) {
    this.time = time;
    this.level = level;
    this.logger = logger;
    this.message = message;
    this.caller = caller;
  }

  field(name: string): string | undefined {
    this.#fields ??= fieldsOf(this.message);
    return this.#fields.get(name);
  }
}

/**
 * Time stamps of stock logs to the record's form `YYYY-MM-DDTHH:MM:SS.ffffffZ`. Digits are moved as text, never through a
 * float: a Go `ts` of `1795220418.5886686` keeps its microseconds exactly (what is finer is cut off).
 */

let lastSecond = -1;
let lastSecondText = '';

/** Seconds since the epoch as `YYYY-MM-DDTHH:MM:SS`; the last one is kept, since neighbouring lines share it. */
function secondText(second: number): string | undefined {
  if (second !== lastSecond) {
    // Up to the year 9999: beyond it ISO 8601 needs more than four digits.
    if (!(second >= 0 && second <= 253_402_300_799)) return undefined;
    lastSecondText = new Date(second * 1000).toISOString().slice(0, 19);
    lastSecond = second;
  }
  return lastSecondText;
}

function micros(digits: string): string {
  return digits.length >= 6 ? digits.slice(0, 6) : digits.padEnd(6, '0');
}

/**
 * Epoch time as a JSON number's text: seconds with a fraction (zap's default), or integers of milli-, micro- or nanoseconds,
 * told apart by their size. Undefined if it is no such number.
 */
export function fromEpoch(text: string): string | undefined {
  const match = /^(\d{1,19})(?:\.(\d+))?$/.exec(text);
  if (match === null) {
    // An exponent, as other encoders write large floats.
    const value = /^\d(?:\.\d+)?[eE]\+?\d+$/.test(text) ? Number(text) : Number.NaN;
    return Number.isFinite(value) && value < 1e20 ? fromEpoch(value.toFixed(6)) : undefined;
  }
  const whole = match[1] as string;
  // Seconds have at most 11 digits (until the year 5138), milliseconds 12 to 14, microseconds 15 to 17, nanoseconds 18 and 19.
  const scale = whole.length <= 11 ? 0 : whole.length <= 14 ? 3 : whole.length <= 17 ? 6 : 9;
  const cut = whole.length - scale;
  const second = secondText(Number(whole.slice(0, cut)));
  if (second === undefined) return undefined;
  return `${second}.${micros(whole.slice(cut) + (match[2] ?? ''))}Z`;
}

const CLOCK = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(?: ?(Z|[A-Z]{1,5}|[+-]\d\d(?::?\d\d)?))?$/;

let lastClock = '';

/**
 * A written-out time, as the console format or an ISO time encoder prints it: `2026-11-21 01:24:48.082 UTC`,
 * `2026-11-21T01:24:48.082+01:00`. A zone given as an offset is applied; a zone known only by its letters (and none at all)
 * is taken for UTC, since letters alone don't tell an offset. Undefined if it is no valid time.
 */
export function fromClock(text: string): string | undefined {
  const match = CLOCK.exec(text);
  if (match === null) return undefined;
  const second = `${match[1] as string}T${match[2] as string}`;
  const zone = match[4];
  const offset = zone !== undefined && (zone[0] === '+' || zone[0] === '-') ? offsetMinutes(zone) : 0;
  if (offset === 0) {
    if (second !== lastClock) {
      if (!isRealTime(second)) return undefined;
      lastClock = second;
    }
    return `${second}.${micros(match[3] ?? '')}Z`;
  }
  if (!isRealTime(second)) return undefined;
  const shifted = secondText(Date.parse(`${second}Z`) / 1000 - offset * 60);
  return shifted === undefined ? undefined : `${shifted}.${micros(match[3] ?? '')}Z`;
}

/** Whether the calendar and the clock have it: `Date.parse` alone takes 31 February for 3 March. */
function isRealTime(second: string): boolean {
  const time = Date.parse(`${second}Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(second);
}

function offsetMinutes(zone: string): number {
  const digits = zone.slice(1).replace(':', '');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2) || '0');
  return zone[0] === '-' ? -minutes : minutes;
}

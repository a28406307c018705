/**
 * Times in the store are integer microseconds since 1970. A timestamp goes in as microseconds plus the number of fraction
 * digits it was written with, and comes back letter by letter; what this cannot give back exactly (more than six digits, a
 * month 13) the codec keeps as text.
 */
const dayStarts = new Map<string, number>();

/** Microseconds of a day's midnight; NaN unless `day` is a real `YYYY-MM-DD`. */
function dayStart(day: string): number {
  const known = dayStarts.get(day);
  if (known !== undefined) return known;
  const ms = Date.parse(`${day}T00:00:00.000Z`);
  const us = Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== day ? Number.NaN : ms * 1000;
  if (dayStarts.size > 1000) dayStarts.clear();
  dayStarts.set(day, us);
  return us;
}

const SCALES = [1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];

/** Number of fraction digits of a timestamp as the record schema writes it (without a fraction: 0). */
export function fractionDigits(timestamp: string): number {
  return timestamp.length > 20 ? timestamp.length - 21 : 0;
}

/** The latest time that counts as one: beyond it (the year 2112), and before 1970, timestamps are kept as text. */
export const LATEST_TIME = 2 ** 52;

/** Microseconds of `YYYY-MM-DDTHH:MM:SS[.f{1,6}]Z`; NaN for anything that `formatTime` would not give back as it was. */
export function parseTime(timestamp: string): number {
  const length = timestamp.length;
  if (length < 20 || length === 21 || length > 27 || timestamp.charCodeAt(length - 1) !== 90) return Number.NaN;
  if (timestamp.charCodeAt(10) !== 84 || timestamp.charCodeAt(13) !== 58 || timestamp.charCodeAt(16) !== 58) {
    return Number.NaN;
  }
  const hours = twoDigits(timestamp, 11);
  const minutes = twoDigits(timestamp, 14);
  const seconds = twoDigits(timestamp, 17);
  if (!(hours < 24 && minutes < 60 && seconds < 60)) return Number.NaN;
  let fraction = 0;
  if (length > 20) {
    if (timestamp.charCodeAt(19) !== 46) return Number.NaN;
    for (let at = 20; at < length - 1; at++) {
      const digit = timestamp.charCodeAt(at) - 48;
      if (digit < 0 || digit > 9) return Number.NaN;
      fraction = fraction * 10 + digit;
    }
    fraction *= SCALES[length - 21] ?? Number.NaN;
  }
  const us = dayStart(timestamp.slice(0, 10)) + (hours * 3600 + minutes * 60 + seconds) * 1_000_000 + fraction;
  return us >= 0 && us <= LATEST_TIME ? us : Number.NaN;
}

function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

/** The nearest microsecond of any timestamp, for order and retention, cut to what the store can hold; 0 if it is no time at all. */
export function approximateTime(timestamp: string): number {
  const exact = parseTime(timestamp);
  if (!Number.isNaN(exact)) return exact;
  const cut = parseTime(`${timestamp.slice(0, 26)}Z`);
  if (!Number.isNaN(cut)) return cut;
  const ms = Date.parse(timestamp);
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms * 1000, 0), LATEST_TIME);
}

const DAY = 86_400_000_000;
const PAIRS = Array.from({ length: 100 }, (_, n) => String(n).padStart(2, '0'));
let lastDay = Number.NaN;
let lastDayText = '';

/** ISO 8601 UTC with `digits` (0 to 6) fraction digits. */
export function formatTime(us: number, digits = 6): string {
  const day = Math.floor(us / DAY);
  if (day !== lastDay) {
    lastDay = day;
    lastDayText = new Date(day * 86_400_000).toISOString().slice(0, 11);
  }
  const rest = us - day * DAY;
  const seconds = Math.floor(rest / 1_000_000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const head = `${lastDayText}${PAIRS[hours]}:${PAIRS[minutes - hours * 60]}:${PAIRS[seconds - minutes * 60]}`;
  if (digits === 0) return `${head}Z`;
  const fraction = String(rest - seconds * 1_000_000 + 1_000_000);
  return `${head}.${fraction.slice(1, 1 + digits)}Z`;
}

/** ISO 8601 UTC to microseconds since the epoch; null for null and for what is no time. Exact: 2^53 microseconds last until 2255. */
export function microsOf(iso: string | null | undefined): number | null {
  if (iso === null || iso === undefined) return null;
  const millis = Date.parse(iso);
  if (Number.isNaN(millis)) return null;
  const fraction = /\.(\d+)/.exec(iso)?.[1] ?? '';
  return Math.floor(millis / 1000) * 1_000_000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}

/** Three digits that matter and the unit a person would use: `840 µs`, `2.10 ms`, `538 ms`, `21.4 s`, `3 min 5 s`, `2 h 10 min`. */
export function formatDuration(us: number | null | undefined): string {
  if (us === null || us === undefined || !Number.isFinite(us)) return 'unknown';
  const sign = us < 0 ? '−' : '';
  const value = Math.abs(us);
  if (value < 999.5) return `${sign}${Math.round(value)} µs`;
  if (value < 999_500) return `${sign}${digits(value / 1000)} ms`;
  if (value < 59_950_000) return `${sign}${digits(value / 1_000_000)} s`;
  const seconds = Math.round(value / 1_000_000);
  if (seconds < 3600) return `${sign}${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60 * 24) return `${sign}${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  const hours = Math.round(minutes / 60);
  return `${sign}${Math.floor(hours / 24)} d ${hours % 24} h`;
}

function digits(value: number): string {
  if (value >= 99.95) return value.toFixed(0);
  if (value >= 9.995) return value.toFixed(1).replace(/\.0$/, '');
  return value.toFixed(2).replace(/\.?0+$/, '');
}

/** Milliseconds since 1970 as ISO 8601 UTC. */
export const isoOf = (millis: number): string => new Date(millis).toISOString();

const two = (n: number) => String(n).padStart(2, '0');
const dayOf = (millis: number) => formatDateTime(isoOf(millis)).slice(0, 10);

/** Local clock time with milliseconds, `00:20:43.026`. */
export function formatClock(iso: string | null | undefined): string {
  const us = microsOf(iso);
  if (us === null) return 'unknown';
  const date = new Date(Math.floor(us / 1000));
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/** Local date and clock time, `2026-11-21 00:20:43.026`. */
export function formatDateTime(iso: string | null | undefined): string {
  const us = microsOf(iso);
  if (us === null) return 'unknown';
  const date = new Date(Math.floor(us / 1000));
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${formatClock(iso)}`;
}

/** Clock time, with the day before it where that is not the day of `nowMillis`: `11-21 00:20:43.026`. */
export function formatWhen(iso: string | null, nowMillis: number): string {
  const us = microsOf(iso);
  if (us === null) return 'unknown';
  const own = dayOf(us / 1000);
  return own === dayOf(nowMillis) ? formatClock(iso) : `${own.slice(5)} ${formatClock(iso)}`;
}

/** `1st`, `2nd`, `3rd`, `11th`. */
export function ordinal(n: number): string {
  const tens = n % 100;
  if (tens >= 11 && tens <= 13) return `${n}th`;
  return `${n}${{ 1: 'st', 2: 'nd', 3: 'rd' }[n % 10] ?? 'th'}`;
}

/**
 * Times as integer microseconds since 1970 (UTC): 16 digits, well inside what a number holds exactly. Parsed and written by
 * hand, since this runs for every record of a bulk load and a `Date` has only milliseconds.
 */
const DAY_US = 86_400_000_000;
const PAD2 = Array.from({ length: 100 }, (_, n) => String(n).padStart(2, '0'));
const PAD3 = Array.from({ length: 1000 }, (_, n) => String(n).padStart(3, '0'));

let parsedDay = -1;
let parsedDayUs = 0;

const two = (text: string, at: number) => (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48;

/** Microseconds of `2026-11-21T00:20:43.511123Z` (up to nanoseconds, cut to microseconds). Expects what the record schema lets through. */
export function parseMicros(text: string): number {
  const year = two(text, 0) * 100 + two(text, 2);
  const day = (year * 12 + two(text, 5)) * 31 + two(text, 8);
  if (day !== parsedDay) {
    parsedDayUs = Date.UTC(year, two(text, 5) - 1, two(text, 8)) * 1000;
    parsedDay = day;
  }
  let fraction = 0;
  if (text.charCodeAt(19) === 46) {
    let digits = 0;
    for (let at = 20; digits < 6; digits++, at++) {
      const digit = text.charCodeAt(at) - 48;
      if (!(digit >= 0 && digit <= 9)) break;
      fraction = fraction * 10 + digit;
    }
    for (; digits < 6; digits++) fraction *= 10;
  }
  return parsedDayUs + (two(text, 11) * 3600 + two(text, 14) * 60 + two(text, 17)) * 1_000_000 + fraction;
}

let formattedDay = Number.NaN;
let formattedDayText = '';

/** `2026-11-21T00:20:43.511123Z`, always with six digits. */
export function formatMicros(us: number): string {
  const day = Math.floor(us / DAY_US);
  if (day !== formattedDay) {
    formattedDayText = new Date(day * 86_400_000).toISOString().slice(0, 11);
    formattedDay = day;
  }
  const rest = us - day * DAY_US;
  const seconds = Math.floor(rest / 1_000_000);
  const micros = rest - seconds * 1_000_000;
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const millis = Math.floor(micros / 1000);
  return `${formattedDayText}${PAD2[hours]}:${PAD2[minutes - hours * 60]}:${PAD2[seconds - minutes * 60]}.${PAD3[millis]}${PAD3[micros - millis * 1000]}Z`;
}

/** How far the charts of a node's page reach. */
export const RANGES = [
  { key: '15m', label: '15 min', ms: 15 * 60_000 },
  { key: '1h', label: '1 h', ms: 3_600_000 },
  { key: '6h', label: '6 h', ms: 6 * 3_600_000 },
] as const;
export type RangeKey = (typeof RANGES)[number]['key'];

/** A chart of less would be all noise. */
const LEAST_MS = 2 * 60_000;

export interface ChartRange {
  readonly key: RangeKey;
  /** Milliseconds since 1970 that are in the middle; null for up to now. */
  readonly around: number | null;
}

export interface TimeWindow {
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
}

/** As the page's address has it: `?range=1h&at=2026-11-21T00:20:43Z`. */
export function readRange(params: { get(name: string): string | null }): ChartRange {
  const key = RANGES.find((one) => one.key === params.get('range'))?.key ?? '15m';
  const at = params.get('at');
  const around = at === null || !/^\d{4}-/.test(at) ? Number.NaN : Date.parse(at);
  return { key, around: Number.isFinite(around) ? around : null };
}

/** What is drawn of a window: not the time before anything could be known, nor what is still to come. */
export function knownPart({ from, to }: TimeWindow, sinceMillis: number | null, nowMillis: number): TimeWindow {
  const end = Math.max(from + LEAST_MS, Math.min(to, nowMillis));
  return { from: Math.max(from, Math.min(sinceMillis ?? from, end - LEAST_MS)), to: end };
}

export function windowOf({ key, around }: ChartRange, nowMillis: number): TimeWindow {
  const ms = RANGES.find((one) => one.key === key)?.ms ?? RANGES[0].ms;
  return around === null ? { from: nowMillis - ms, to: nowMillis } : { from: around - ms / 2, to: around + ms / 2 };
}

import type { MetricPanel } from '../api/types.ts';
import { formatDuration } from './time.ts';

/** Colours that lines of a chart have; further ones differ by their dashes. */
export const LINE_COLOURS = 6;

export type Unit = MetricPanel['unit'];
export interface ChartLine {
  readonly name: string;
  readonly points: MetricPanel['lines'][number]['points'];
  /** Which colour and dashes it has; its place among the panel's lines unless told. */
  readonly look?: number;
}

/** What one chart shows. */
export interface ChartPanel {
  readonly id: string;
  readonly title: string;
  /** What it is limited to, such as a channel. */
  readonly of?: string;
  readonly unit: Unit;
  readonly metric: string;
  readonly lines: readonly ChartLine[];
  /** Lines that there are besides. */
  readonly more: number;
}

/** Times that any line has, and each line's values at them; null where it has none. */
export interface Aligned {
  readonly times: readonly number[];
  readonly values: readonly (readonly (number | null)[])[];
}

export function aligned(lines: readonly ChartLine[]): Aligned {
  const times = [...new Set(lines.flatMap(({ points }) => points.map(([at]) => at)))].toSorted((a, b) => a - b);
  return {
    times,
    values: lines.map(({ points }) => {
      const byTime = new Map(points);
      return times.map((at) => byTime.get(at) ?? null);
    }),
  };
}

export const hasValues = ({ points }: ChartLine): boolean => points.some(([, value]) => value !== null);

/** Index of the time nearest to this one; null where there are none. */
export function nearest(times: readonly number[], at: number): number | null {
  let best: number | null = null;
  for (const [index, time] of times.entries()) {
    if (best === null || Math.abs(time - at) < Math.abs((times[best] ?? 0) - at)) best = index;
  }
  return best;
}

const BYTES = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

function short(value: number): string {
  const size = Math.abs(value);
  if (value === 0 || size >= 99.95) return Math.round(value).toLocaleString('en');
  if (size < 0.0005) return '<0.001';
  return String(Number(value.toPrecision(size < 1 ? 2 : 3)));
}

/** As a person reads it: `0.12 cores`, `48.2 MiB`, `5 blocks`, `21.4 ms`, `3.4 /s`. */
export function formatValue(value: number | null, unit: Unit): string {
  if (value === null) return 'no value';
  switch (unit) {
    case 'cores':
      return `${short(value)} ${value === 1 ? 'core' : 'cores'}`;
    case 'bytes': {
      const power = Math.min(BYTES.length - 1, value < 1 ? 0 : Math.floor(Math.log2(value) / 10));
      return `${short(value / 1024 ** power)} ${BYTES[power]}`;
    }
    case 'blocks':
      return `${short(value)} ${value === 1 ? 'block' : 'blocks'}`;
    case 'seconds':
      return value === 0 ? '0 ms' : formatDuration(value * 1e6);
    case 'perSecond':
      return `${short(value)} /s`;
    case 'count':
      break;
  }
  return short(value);
}

/** The same on an axis, where the unit stands once for all. */
export function formatTick(value: number, unit: Unit): string {
  if (value === 0) return '0';
  return unit === 'bytes' || unit === 'seconds' ? formatValue(value, unit).replace(/ min 0 s$/, ' min') : short(value);
}

/** What a chart counts; empty where its ticks say so themselves. */
export const UNIT_NAMES: Readonly<Record<Unit, string>> = {
  cores: 'cores',
  bytes: '',
  blocks: 'blocks',
  seconds: '',
  perSecond: '/s',
  count: '',
};

export interface LineFacts {
  readonly last: number;
  /** Milliseconds since 1970. */
  readonly lastAt: number;
  readonly lowest: number;
  readonly highest: number;
}

/** Null for a line without any value. */
export function factsOf({ points }: ChartLine): LineFacts | null {
  const values = points.flatMap(([, value]) => (value === null ? [] : [value]));
  const [lastAt, last] = points.findLast(([, value]) => value !== null) ?? [];
  if (lastAt === undefined || last === undefined || last === null) return null;
  return {
    last,
    lastAt,
    lowest: values.reduce((a, b) => Math.min(a, b)),
    highest: values.reduce((a, b) => Math.max(a, b)),
  };
}

const MOST_LINES_TOLD = 6;

/** The chart as a sentence, for who cannot see it. */
export function describe({ title, of, unit, lines }: Omit<ChartPanel, 'id' | 'metric' | 'more'>): string {
  const told = lines.flatMap((line) => {
    const facts = factsOf(line);
    if (facts === null) return [];
    const [last, lowest, highest] = [facts.last, facts.lowest, facts.highest].map((value) => formatValue(value, unit));
    return [`${line.name === '' ? '' : `${line.name} `}last ${last}, lowest ${lowest}, highest ${highest}`];
  });
  const head = of === undefined ? title : `${title}, ${of}`;
  if (told.length === 0) return `${head}: no values in this time.`;
  const more = told.length - MOST_LINES_TOLD;
  return `${head}: ${told.slice(0, MOST_LINES_TOLD).join('; ')}${more > 0 ? `; and ${more} more lines` : ''}.`;
}

/** Steps between ticks that make whole numbers of the unit. */
export function tickSteps(unit: Unit): number[] | undefined {
  if (unit === 'blocks' || unit === 'count') {
    return Array.from({ length: 13 }, (_, power) => [1, 2, 5].map((one) => one * 10 ** power)).flat();
  }
  return unit === 'bytes' ? Array.from({ length: 44 }, (_, power) => 2 ** power) : undefined;
}

/** What the axis reaches over: from nothing on, but for heights, whose distance from nothing says nothing. */
export function axisRange(lowest: number | null, highest: number | null, unit: Unit, id: string): [number, number] {
  if (lowest === null || highest === null) return [0, 1];
  if (id === 'height') return [Math.max(0, lowest - 1), highest + 1];
  const least = { cores: 0.01, bytes: 1024, blocks: 4, seconds: 0.000_01, perSecond: 0.1, count: 1 }[unit];
  return [Math.min(0, lowest), Math.max(least, highest * 1.08)];
}

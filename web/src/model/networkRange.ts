import type { Statistics } from '../api/types.ts';
import type { TimeWindow } from './range.ts';
import { isoOf } from './time.ts';

const MINUTE = 60_000;

/** How much time the slider of the network's page spans. */
export const REACHES = [
  { key: '15m', label: '15 min', ms: 15 * MINUTE },
  { key: '1h', label: '1 h', ms: 60 * MINUTE },
  { key: '6h', label: '6 h', ms: 6 * 60 * MINUTE },
  { key: '24h', label: '24 h', ms: 24 * 60 * MINUTE },
  { key: '7d', label: '7 d', ms: 7 * 24 * 60 * MINUTE },
] as const;
export type ReachKey = (typeof REACHES)[number]['key'];

/** Steps of the slider; each is a bar of the histogram above it. */
export const STEPS = 60;
/** What play begins with where all of the time is shown: five of the steps. */
const PLAYED = 5;

/** Steps [first, end) of the slider, 0 to `STEPS`. */
export type StepRange = readonly [first: number, end: number];
export const ALL_STEPS: StepRange = [0, STEPS];

export interface NetworkRange {
  readonly reach: ReachKey;
  /** Milliseconds since 1970 at which the slider ends; null for now. */
  readonly until: number | null;
  /** What of it is shown. */
  readonly steps: StepRange;
}

const lengthOf = (key: ReachKey): number => REACHES.find((one) => one.key === key)?.ms ?? REACHES[0].ms;
export const stepOf = (key: ReachKey): number => lengthOf(key) / STEPS;

/** The slider's time, which ends with a whole step, so that a moment later it is still the same. */
export function reachWindow(key: ReachKey, untilMillis: number): TimeWindow {
  const step = stepOf(key);
  const to = Math.ceil(untilMillis / step) * step;
  return { from: to - lengthOf(key), to };
}

export function windowOfSteps({ from, to }: TimeWindow, [first, end]: StepRange): TimeWindow {
  const step = (to - from) / STEPS;
  return { from: from + first * step, to: from + end * step };
}

/** One step later; null behind the end. */
export function nextSteps([first, end]: StepRange): StepRange | null {
  return end >= STEPS ? null : [first + 1, end + 1];
}

/**
 * Where play begins: where the slider stands, or, if there is nowhere to go from there, where something happened first.
 * `counts`: transactions of each step.
 */
export function firstPlayed(steps: StepRange, counts: readonly number[]): StepRange {
  const [first, end] = steps;
  if (end < STEPS) return steps;
  const long = first === 0 ? PLAYED : end - first;
  const start = Math.min(
    Math.max(
      0,
      counts.findIndex((count) => count > 0),
    ),
    STEPS - long,
  );
  return [start, start + long];
}

/** Transactions of a step of the slider. */
export interface StepCount {
  readonly all: number;
  /** Of them, committed as invalid. */
  readonly invalid: number;
}

/** @param throughput in buckets no wider than a step */
export function stepCounts(throughput: Statistics['throughput'], { from, to }: TimeWindow): StepCount[] {
  const counts = Array.from({ length: STEPS }, () => ({ all: 0, invalid: 0 }));
  for (const { at, outcomes } of throughput) {
    const count = counts[Math.floor(((Date.parse(at) - from) / (to - from)) * STEPS)];
    if (count === undefined) continue;
    for (const [code, transactions] of Object.entries(outcomes)) {
      count.all += transactions;
      if (code !== 'VALID' && code !== 'NONE') count.invalid += transactions;
    }
  }
  return counts;
}

/** As the page's address has it: `?range=1h&until=2026-11-21T00:24:00.000Z&from=…&to=…`; what makes no sense is left out. */
export function readNetworkRange(params: { get(name: string): string | null }): NetworkRange {
  const reach = REACHES.find((one) => one.key === params.get('range'))?.key ?? REACHES[0].key;
  const until = timeOf(params.get('until'));
  if (until === null) return { reach, until, steps: ALL_STEPS };
  const [from, to] = [timeOf(params.get('from')), timeOf(params.get('to'))];
  const whole = reachWindow(reach, until);
  const place = (time: number) => Math.max(0, Math.min(STEPS, Math.round((time - whole.from) / stepOf(reach))));
  const [first, end] = [place(from ?? whole.from), place(to ?? whole.to)];
  return { reach, until, steps: first < end ? [first, end] : ALL_STEPS };
}

/** The same as parameters; those that say nothing are null. */
export function writeNetworkRange({ reach, until, steps }: NetworkRange): Readonly<Record<string, string | null>> {
  const [first, end] = steps;
  const part =
    until === null || (first === 0 && end === STEPS) ? null : windowOfSteps(reachWindow(reach, until), steps);
  return {
    range: reach === REACHES[0].key ? null : reach,
    until: until === null ? null : isoOf(until),
    from: part === null ? null : isoOf(part.from),
    to: part === null ? null : isoOf(part.to),
  };
}

function timeOf(text: string | null): number | null {
  const millis = text === null || !/^\d{4}-/.test(text) ? Number.NaN : Date.parse(text);
  return Number.isFinite(millis) ? millis : null;
}

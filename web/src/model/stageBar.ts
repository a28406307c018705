import type { TraceSummary } from '../api/types.ts';
import { niceStep } from './timeline.ts';
import { formatDuration } from './time.ts';

export const STAGES = ['endorse', 'order', 'deliver', 'commit'] as const;
export type StageName = (typeof STAGES)[number];

export interface StagePart {
  readonly stage: StageName;
  readonly durationUs: number;
  /** Shares of the scale, 0 to 1. */
  readonly start: number;
  readonly width: number;
}
export interface StageBar {
  readonly parts: readonly StagePart[];
  /** Longer than the scale: its end is cut off, and the bar says so. */
  readonly cut: boolean;
  readonly label: string;
}

/**
 * One scale for all rows: a round figure that nine rows of ten fit into, but near the
 * usual row: a few that took very long must not flatten the rest. */
export function commonScale(rows: readonly Pick<TraceSummary, 'stages'>[]): number {
  const totals = rows
    .map((row) => STAGES.reduce((sum, stage) => sum + Math.max(0, row.stages[stage] ?? 0), 0))
    .filter((total) => total > 0)
    .toSorted((a, b) => a - b);
  const share = (part: number) => totals[Math.max(0, Math.ceil(totals.length * part) - 1)] ?? 1_000_000;
  return niceStep(Math.min(share(0.9), share(0.5) * 1.8));
}

/** The four stages of one row, end to end, to the common scale. Stages of unknown length are left out and named. */
export function stageBarOf(stages: TraceSummary['stages'], scaleUs: number): StageBar {
  let room = 1;
  let cut = false;
  const parts: StagePart[] = [];
  const words: string[] = [];
  for (const stage of STAGES) {
    const durationUs = stages[stage];
    words.push(`${stage} ${formatDuration(durationUs)}`);
    if (durationUs === null || durationUs <= 0) continue;
    const width = Math.min(room, durationUs / scaleUs);
    cut ||= durationUs / scaleUs > room + 1e-9;
    if (width > 0) parts.push({ stage, durationUs, start: 1 - room, width });
    room -= width;
  }
  return { parts, cut, label: words.join(', ') };
}

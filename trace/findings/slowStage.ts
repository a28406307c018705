import { STAGE_NAMES } from '../trace.ts';
import type { FindingRule } from './rule.ts';
import { distinct, durationOf } from './wording.ts';

/** What a stage may take before it is worth a look, microseconds. */
export const SLOW_STAGE_US: Readonly<Record<(typeof STAGE_NAMES)[number], number>> = {
  endorse: 1_000_000,
  order: 5_000_000,
  deliver: 1_000_000,
  commit: 2_000_000,
};

const POINTS_OF = {
  endorse: ['endorse'],
  order: ['broadcast'],
  deliver: ['deliver', 'gossip'],
  commit: ['commit'],
} as const;

export const slowStage: FindingRule = {
  code: 'slow_stage',
  severity: 'warning',
  title: 'A stage took unusually long',
  explanation:
    'Endorsing took more than 1 s, ordering more than 5 s, delivering more than 1 s or committing more than 2 s. Peers that were started later and caught up do not count.',
  find({ stages, edges }) {
    const slow = STAGE_NAMES.filter((name) => (stages[name].durationUs ?? 0) > SLOW_STAGE_US[name]);
    if (slow.length === 0) return null;
    const told = slow.map(
      (name) => `${name} took ${durationOf(stages[name].durationUs!)} (more than ${durationOf(SLOW_STAGE_US[name])})`,
    );
    const points = new Set<string>(slow.flatMap((name) => POINTS_OF[name]));
    return {
      severity: 'warning',
      message: `${told.join('; ').replace(/^./, (letter) => letter.toUpperCase())}.`,
      records: distinct(edges.filter(({ point }) => points.has(point)).flatMap(({ records }) => records)),
    };
  },
};

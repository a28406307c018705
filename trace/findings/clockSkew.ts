import type { FindingRule } from './rule.ts';
import { durationOf, listOf, nameOf } from './wording.ts';

/** Below this an offset is corrected without a word: log resolution and scheduling explain it. */
export const CLOCK_SKEW_US = 10_000;
/** From here on people read a log in the wrong order: a warning. */
export const CLOCK_SKEW_WARNING_US = 1_000_000;

export const clockSkew: FindingRule = {
  code: 'clock_skew',
  severity: 'warning',
  title: 'A node’s clock is off',
  explanation:
    'By the times that the nodes wrote, an effect came before its cause, for example a block arrived before it was sent. The trace shows times with the smallest corrections that put this right, and keeps the times as written. Reported from 10 ms on, as a warning from 1 s on. Synchronise the node’s clock (NTP).',
  find({ clockOffsets, skewRecords }) {
    const off = Object.entries(clockOffsets)
      .filter(([, offset]) => Math.abs(offset) >= CLOCK_SKEW_US)
      .toSorted(([a, x], [b, y]) => Math.abs(y) - Math.abs(x) || (a < b ? -1 : 1));
    if (off.length === 0) return null;
    const told = off
      .slice(0, 5)
      .map(
        ([id, offset]) => `${nameOf(id)} by at least ${durationOf(Math.abs(offset))} (${offset < 0 ? 'fast' : 'slow'})`,
      );
    const rest = off.length > 5 ? `, also ${listOf(off.slice(5).map(([id]) => id))}` : '';
    const [, worst] = off[0]!;
    return {
      severity: Math.abs(worst) >= CLOCK_SKEW_WARNING_US ? 'warning' : 'info',
      message: `${off.length === 1 ? 'A clock is' : 'Clocks are'} off: ${told.join(', ')}${rest}; the times shown are corrected.`,
      records: [...skewRecords],
    };
  },
};

import { expect, test } from 'vitest';
import { changeWords, costsMuch } from './logSpec.ts';

const now = Date.parse('2026-11-21T00:20:00Z');
const change = (until: string, problem: string | null = null) => ({
  change: { spec: 'gossip=debug:info', restores: 'info', until, by: 'operator', problem },
});

test('who changed it, for how long it holds, and what comes back', () => {
  expect(changeWords(change('2026-11-21T00:30:04Z'), now)).toMatch(
    /^Changed by operator until \d\d:\d0, 10 min from now; then info comes back\.$/,
  );
  expect(changeWords(change('2026-11-21T00:20:20Z'), now)).toMatch(/, less than a minute from now/);
  expect(changeWords({ change: null }, now)).toBeNull();
  expect(changeWords(change('2026-11-21T00:19:00Z', 'peer0 cannot be reached: nobody listens there'), now)).toBe(
    'Changed by operator. info was to come back, and could not be set: peer0 cannot be reached: nobody listens there. FTL tries again.',
  );
});

test('debug costs', () => {
  expect(costsMuch('gossip=debug:info')).toBe(true);
  expect(costsMuch('info')).toBe(false);
});

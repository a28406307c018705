import { describe, expect, test } from 'vitest';
import {
  ALL_STEPS,
  firstPlayed,
  nextSteps,
  reachWindow,
  readNetworkRange,
  stepCounts,
  STEPS,
  windowOfSteps,
  writeNetworkRange,
} from './networkRange.ts';

const NOW = Date.parse('2026-11-21T00:23:07.968Z');
const read = (text: string) => readNetworkRange(new URLSearchParams(text));

test('the time ends with a whole step, and is the same a moment later', () => {
  const { from, to } = reachWindow('15m', NOW);
  expect(new Date(to).toISOString()).toBe('2026-11-21T00:23:15.000Z');
  expect(to - from).toBe(15 * 60_000);
  expect(reachWindow('15m', NOW + 7000)).toEqual({ from, to });
  expect(reachWindow('15m', to)).toEqual({ from, to });
  expect(reachWindow('15m', to + 1).to).toBe(to + 15_000);
});

describe('the page’s address', () => {
  test('says nothing of what is usual', () => {
    expect(read('')).toEqual({ reach: '15m', until: null, steps: ALL_STEPS });
    expect(writeNetworkRange(read(''))).toEqual({ range: null, until: null, from: null, to: null });
  });

  test.each(['15m', '1h', '6h', '24h', '7d'] as const)('comes back as it was written: %s', (reach) => {
    const { to } = reachWindow(reach, NOW);
    for (const steps of [ALL_STEPS, [0, 1], [59, 60], [17, 22]] as const) {
      const range = { reach, until: to, steps };
      const params = new URLSearchParams();
      for (const [name, value] of Object.entries(writeNetworkRange(range))) if (value !== null) params.set(name, value);
      expect(readNetworkRange(params)).toEqual(range);
    }
  });

  test.each([
    'range=3y',
    'until=yesterday',
    'from=2026-11-21T00:20:00Z&to=2026-11-21T00:21:00Z',
    'range=constructor&until=2026',
  ])('what makes no sense is left out: %s', (text) => {
    expect(read(text)).toMatchObject({ reach: '15m', steps: ALL_STEPS });
  });

  test('a part that lies outside or ends before it begins is the whole', () => {
    const until = 'until=2026-11-21T00:23:15Z';
    expect(read(`${until}&from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z`).steps).toEqual(ALL_STEPS);
    expect(read(`${until}&from=2026-11-21T00:21:00Z&to=2026-11-21T00:20:00Z`).steps).toEqual(ALL_STEPS);
    expect(read(`${until}&from=2020-01-01T00:00:00Z&to=2026-11-21T00:20:00Z`).steps).toEqual([0, 47]);
  });
});

test('play goes step by step to the end, and begins where something happened', () => {
  const counts = Array.from({ length: STEPS }, (_, step): number => (step === 48 || step === 50 ? 3 : 0));
  let steps: readonly [number, number] | null = firstPlayed(ALL_STEPS, counts);
  expect(steps).toEqual([48, 53]);
  let last = steps;
  for (; steps !== null; steps = nextSteps(steps)) last = steps;
  expect(last).toEqual([55, 60]);
  expect(firstPlayed([3, 9], counts)).toEqual([3, 9]);
  expect(firstPlayed([50, 60], counts)).toEqual([48, 58]);
  expect(
    firstPlayed(
      ALL_STEPS,
      Array.from({ length: STEPS }, () => 0),
    ),
  ).toEqual([0, 5]);
  // Never beyond the end.
  expect(firstPlayed(ALL_STEPS, counts.with(48, 0).with(50, 0).with(59, 1))).toEqual([55, 60]);
});

test('transactions are counted into the step in which they began', () => {
  const reach = reachWindow('15m', NOW);
  const at = (step: number) => new Date(windowOfSteps(reach, [step, step + 1]).from).toISOString();
  const counts = stepCounts(
    [
      { at: at(0), outcomes: { VALID: 2 } },
      { at: at(48), outcomes: { VALID: 5, MVCC_READ_CONFLICT: 2, NONE: 1 } },
      { at: new Date(reach.to).toISOString(), outcomes: { VALID: 9 } },
      { at: new Date(reach.from - 1).toISOString(), outcomes: { VALID: 9 } },
    ],
    reach,
  );
  expect(counts).toHaveLength(STEPS);
  expect(counts[0]).toEqual({ all: 2, invalid: 0 });
  expect(counts[48]).toEqual({ all: 8, invalid: 2 });
  expect(counts.reduce((sum, { all }) => sum + all, 0)).toBe(10);
});

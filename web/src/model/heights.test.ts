import { expect, test } from 'vitest';
import type { NetworkNode, NodeHealth } from '../api/types.ts';
import { heightMeasure, heightNotes } from './heights.ts';

const LAST_RECORD = '2026-11-21T00:20:43.123456Z';
const BEFORE = '2026-11-21T00:20:43.000Z';
const AFTER = '2026-11-21T00:20:44.000Z';

function recorded(id: string, heights: Readonly<Record<string, number>>): NetworkNode {
  const channels = Object.entries(heights).map(([channel, height]) => ({ channel, height }));
  const none = { msp: null, pkiId: null, firstSeenAt: null, starts: [], streamBreaks: [] };
  return { id, kind: 'peer', observed: true, lastSeenAt: LAST_RECORD, channels, ...none };
}
function read(heights: Readonly<Record<string, number>>, at: string): NodeHealth {
  const told = Object.entries(heights).map(([channel, height]) => ({ channel, height, at }));
  const none = {
    failedChecks: [],
    problem: null,
    version: null,
    checkedAt: '',
    heightsProblem: null,
    logSpecChange: null,
  };
  return { id: 'A/p', node: 'p', msp: 'A', kind: 'peer', health: 'ok', heights: told, ...none };
}
const nothing = heightMeasure({ nodes: [], channels: [] });

test('the newer of what records and metrics tell, each channel for itself', () => {
  const node = recorded('A/p', { a: 5, b: 5, c: 5 });
  const heights = nothing(node, read({ d: 0, b: 7, a: 4 }, BEFORE));
  expect(heights.map(({ channel, height, readAt }) => [channel, height, readAt])).toEqual([
    ['a', 5, null],
    ['b', 7, BEFORE],
    ['c', 5, null],
    ['d', 0, BEFORE],
  ]);
});

test('of a ledger that was set back what was read after the last record counts', () => {
  expect(nothing(recorded('A/p', { a: 5 }), read({ a: 0 }, AFTER))).toMatchObject([{ height: 0, readAt: AFTER }]);
});

test('what is not known is not there, and is no height of 0', () => {
  expect(nothing(undefined, undefined)).toEqual([]);
  expect(nothing(undefined, null)).toEqual([]);
  expect(nothing(recorded('A/p', {}), read({}, AFTER))).toEqual([]);
  expect(nothing(undefined, read({ a: 0 }, AFTER))).toEqual([{ channel: 'a', height: 0, behind: 0, readAt: AFTER }]);
});

test('behind is who lacks what the channel had a minute ago, wherever its height is from', () => {
  const measure = heightMeasure({
    nodes: [recorded('A/far', { a: 900 })],
    channels: [{ channel: 'a', heightMinuteAgo: 8 }],
  });
  const behind = (node: NetworkNode | undefined, health: NodeHealth | null) =>
    measure(node, health).map((height) => height.behind);
  expect(behind(undefined, read({ a: 8 }, AFTER))).toEqual([0]);
  expect(behind(undefined, read({ a: 0 }, AFTER))).toEqual([8]);
  expect(behind(recorded('A/p', { a: 7 }), null)).toEqual([1]);
  expect(behind(recorded('A/p', { a: 9 }), null)).toEqual([0]);
});

test('where no metrics tell of the channel records are measured by records, and what was read is not said to be behind', () => {
  const measure = heightMeasure({ nodes: [recorded('A/far', { a: 9 })], channels: undefined });
  expect(measure(recorded('A/p', { a: 7 }), null)).toMatchObject([{ behind: 2 }]);
  expect(measure(undefined, read({ a: 7 }, AFTER))).toMatchObject([{ behind: 0 }]);
});

test('a height is noted to be behind, and to be old', () => {
  const now = Date.parse('2026-11-21T00:30:00Z');
  const height = { channel: 'a', height: 5, behind: 0, readAt: null };
  expect(heightNotes(height, now)).toBe('');
  expect(heightNotes({ ...height, behind: 3 }, now)).toBe(' 3 behind');
  expect(heightNotes({ ...height, readAt: '2026-11-21T00:29:30Z' }, now)).toBe('');
  expect(heightNotes({ ...height, behind: 1, readAt: '2026-11-21T00:20:44Z' }, now)).toMatch(
    /^ 1 behind, as of \d\d:\d\d$/,
  );
});

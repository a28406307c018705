import { expect, test } from 'vitest';
import { formatDuration, microsOf, ordinal } from './time.ts';

test('microseconds are kept exactly', () => {
  const base = Date.parse('2026-11-21T00:20:42Z') * 1000;
  expect(microsOf('2026-11-21T00:20:42.882123Z')).toBe(base + 882_123);
  expect(microsOf('2026-11-21T00:20:42.8821239Z')).toBe(base + 882_123);
  expect(microsOf('2026-11-21T00:20:42Z')).toBe(base);
  expect(microsOf('not a time')).toBeNull();
  expect(microsOf(null)).toBeNull();
});

test.each([
  [0, '0 µs'],
  [840, '840 µs'],
  [2_100, '2.1 ms'],
  [96_400, '96.4 ms'],
  [538_000, '538 ms'],
  [999_600, '1 s'],
  [21_420_000, '21.4 s'],
  [185_000_000, '3 min 5 s'],
  [7_800_000_000, '2 h 10 min'],
  [180_000_000_000, '2 d 2 h'],
  [-1_200, '−1.2 ms'],
  [null, 'unknown'],
])('%s µs reads %s', (us, text) => {
  expect(formatDuration(us)).toBe(text);
});

test('ordinals', () => {
  expect([1, 2, 3, 4, 11, 12, 13, 21, 112].map(ordinal)).toEqual(
    '1st 2nd 3rd 4th 11th 12th 13th 21st 112th'.split(' '),
  );
});

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { aligned, axisRange, describe, factsOf, formatTick, formatValue, nearest, tickSteps } from './panel.ts';

test.each([
  [0.1234, 'cores', '0.12 cores'],
  [1, 'cores', '1 core'],
  [0.00001, 'cores', '<0.001 cores'],
  [0, 'cores', '0 cores'],
  [50_554_470, 'bytes', '48.2 MiB'],
  [812, 'bytes', '812 bytes'],
  [1, 'blocks', '1 block'],
  [12_345, 'blocks', '12,345 blocks'],
  [0.0214, 'seconds', '21.4 ms'],
  [0, 'seconds', '0 ms'],
  [3.4, 'perSecond', '3.4 /s'],
  [7, 'count', '7'],
  [null, 'bytes', 'no value'],
] as const)('%s %s is read as %s', (value, unit, text) => {
  expect(formatValue(value, unit)).toBe(text);
});

test('ticks leave the unit to the axis where it is the same for all', () => {
  expect([0, 0.25].map((value) => formatTick(value, 'cores'))).toEqual(['0', '0.25']);
  expect([0, 0.02, 60].map((value) => formatTick(value, 'seconds'))).toEqual(['0', '20 ms', '1 min']);
  expect(formatTick(2 ** 26, 'bytes')).toBe('64 MiB');
  expect(tickSteps('blocks')?.slice(0, 4)).toEqual([1, 2, 5, 10]);
  expect(tickSteps('seconds')).toBeUndefined();
});

const lines = [
  {
    name: 'mychannel',
    points: [
      [1000, 4],
      [2000, null],
      [3000, 6],
    ] as [number, number | null][],
  },
  { name: 'other', points: [[2000, 1]] as [number, number | null][] },
];

test('lines with different times stand over the same axis', () => {
  expect(aligned(lines)).toEqual({
    times: [1000, 2000, 3000],
    values: [
      [4, null, 6],
      [null, 1, null],
    ],
  });
  expect(nearest([1000, 2000, 3000], 2400)).toBe(1);
  expect(nearest([], 1)).toBeNull();
});

test('a chart says in a sentence what it shows', () => {
  const panel = { title: 'Block height', unit: 'blocks', lines } as const;
  expect(describe(panel)).toBe(
    'Block height: mychannel last 6 blocks, lowest 4 blocks, highest 6 blocks; other last 1 block, lowest 1 block, highest 1 block.',
  );
  expect(describe({ ...panel, of: 'mychannel', lines: [{ name: '', points: [[1, 2]] }] })).toBe(
    'Block height, mychannel: last 2 blocks, lowest 2 blocks, highest 2 blocks.',
  );
  expect(describe({ ...panel, lines: [{ name: '', points: [[1, null]] }] })).toBe(
    'Block height: no values in this time.',
  );
  const many = Array.from({ length: 9 }, (_, index) => ({ name: `l${index}`, points: [[1, 1]] as [number, number][] }));
  expect(describe({ ...panel, lines: many })).toMatch(/; l5 .*; and 3 more lines\.$/);
});

test('heights are seen from near, all else from nothing on; whatever there is, the axis holds it', () => {
  expect(axisRange(100, 102, 'blocks', 'height')).toEqual([99, 103]);
  expect(axisRange(5, 5, 'bytes', 'memory')[0]).toBe(0);
  expect(axisRange(null, null, 'seconds', 'commit')).toEqual([0, 1]);
  fc.assert(
    fc.property(
      fc.double({ noNaN: true, min: -1e12, max: 1e12 }),
      fc.double({ noNaN: true, min: 0, max: 1e12 }),
      (low, more) => {
        const [from, to] = axisRange(Math.max(0, low), Math.max(0, low) + more, 'seconds', 'commit');
        expect(from).toBeLessThanOrEqual(Math.max(0, low));
        expect(to).toBeGreaterThan(from);
      },
    ),
  );
  expect(factsOf(lines[0]!)).toEqual({ last: 6, lastAt: 3000, lowest: 4, highest: 6 });
});

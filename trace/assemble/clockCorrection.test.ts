import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { solveOffsets } from './clockCorrection.ts';

const bound = (before: number, after: number, least: number) => ({ before, after, least });
const mended = (offsets: readonly number[], bounds: readonly ReturnType<typeof bound>[]) =>
  bounds.every(({ before, after, least }) => offsets[after]! - offsets[before]! >= least);
const size = (offsets: readonly number[]) => offsets.reduce((sum, offset) => sum + Math.abs(offset), 0);

describe('solveOffsets', () => {
  test('leaves clocks alone that break nothing', () => {
    expect(solveOffsets(3, [bound(0, 1, -5), bound(1, 2, -7)])).toEqual([0, 0, 0]);
  });

  test('moves a slow clock forward by just what is needed', () => {
    expect(solveOffsets(3, [bound(0, 1, 500), bound(1, 2, -900), bound(2, 0, -20)])).toEqual([0, 500, 0]);
  });

  test('moves the one fast clock back rather than all others forward', () => {
    expect(solveOffsets(4, [bound(0, 1, 500), bound(0, 2, 400), bound(0, 3, 450), bound(1, 0, -900)])).toEqual([
      -500, 0, 0, 0,
    ]);
  });

  test('moves nodes together that share a wrong clock', () => {
    // 1 and 2 run on one machine whose clock is slow; 0 and 3 agree.
    const bounds = [
      bound(0, 1, 500),
      bound(1, 2, -10),
      bound(2, 1, -10),
      bound(3, 1, 490),
      bound(0, 3, -5),
      bound(3, 0, -5),
    ];
    const offsets = solveOffsets(4, bounds);
    expect(mended(offsets, bounds)).toBe(true);
    // Within the slack of 5 between 0 and 3 the smallest sum wins.
    expect(Math.abs(offsets[0]!) + Math.abs(offsets[3]!)).toBeLessThanOrEqual(5);
    expect(size(offsets)).toBeLessThanOrEqual(990);
  });

  test('ends with something where no offsets can mend all', () => {
    const offsets = solveOffsets(2, [bound(0, 1, 500), bound(1, 0, -100)]);
    expect(offsets.every(Number.isFinite)).toBe(true);
  });

  test('mends all bounds whenever that is possible, with shifts no larger than the truth’s', () => {
    const node = fc.nat({ max: 5 });
    const pair = fc.tuple(node, node, fc.nat({ max: 1000 })).filter(([a, b]) => a !== b);
    const truth = fc.array(fc.integer({ min: -1_000_000, max: 1_000_000 }), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(truth, fc.array(pair, { maxLength: 25 }), (offsets, pairs) => {
        // Bounds that the true offsets keep, with up to 1 ms to spare.
        const bounds = pairs.map(([a, b, slack]) => bound(a, b, offsets[b]! - offsets[a]! - slack));
        expect(mended(solveOffsets(6, bounds), bounds)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('one wrong clock among right ones is told from them', () => {
    const node = fc.nat({ max: 5 });
    const pair = fc.tuple(node, node).filter(([a, b]) => a !== b);
    fc.assert(
      fc.property(
        node,
        fc.integer({ min: 10_000, max: 1_000_000 }),
        fc.array(pair, { maxLength: 20 }),
        (wrong, skew, more) => {
          // Every node exchanged something with its neighbours, so that there are at least two against one.
          const ring = [0, 1, 2, 3, 4, 5].flatMap((at) => [[at, (at + 1) % 6] as const, [at, (at + 2) % 6] as const]);
          const off = (at: number) => (at === wrong ? -skew : 0);
          const bounds = [...ring, ...more].flatMap(([a, b]) => [
            bound(a, b, off(b) - off(a) - 500),
            bound(b, a, off(a) - off(b) - 500),
          ]);
          const offsets = solveOffsets(6, bounds);
          expect(mended(offsets, bounds)).toBe(true);
          expect(offsets.filter((offset) => offset !== 0)).toEqual([-skew + 500]);
          expect(size(offsets)).toBeLessThanOrEqual(skew);
        },
      ),
    );
  });
});

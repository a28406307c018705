import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlockCutter } from './blockCutter.ts';

function cutterOf(maxMessageCount: number, preferredMaxBytes: number): BlockCutter<number> {
  const batchSize = { maxMessageCount, preferredMaxBytes, absoluteMaxBytes: 1_000_000 };
  return new BlockCutter({ batchSize: () => batchSize, sizeOf: (size) => size });
}

/** What comes of the last of some messages. */
function lastCut(cutter: BlockCutter<number>, sizes: readonly number[]): ReturnType<BlockCutter<number>['ordered']> {
  return sizes.map((size) => cutter.ordered(size)).at(-1) as ReturnType<BlockCutter<number>['ordered']>;
}

describe('a message', () => {
  // As the comment on Fabric's `Ordered` lists them.
  it.each([
    ['waits where neither count nor bytes are reached', [10], [], true],
    ['completes the batch by its count', [10, 10, 10], [[10, 10, 10]], false],
    ['begins the next batch where it would go beyond the preferred bytes', [60, 50], [[60]], true],
    ['still fits where it makes exactly the preferred bytes', [60, 40], [], true],
    ['stands alone where it is larger than the preferred bytes', [101], [[101]], false],
    ['stands alone behind what waited', [10, 20, 101], [[10, 20], [101]], false],
  ] as const)('%s', (_, sizes, batches, pending) => {
    expect(lastCut(cutterOf(3, 100), sizes)).toEqual({ batches, pending });
  });

  it('of exactly the preferred bytes waits, with a count of one it does not', () => {
    expect(lastCut(cutterOf(3, 100), [100])).toEqual({ batches: [], pending: true });
    expect(lastCut(cutterOf(1, 100), [100])).toEqual({ batches: [[100]], pending: false });
  });

  it('of no bytes counts', () => {
    expect(lastCut(cutterOf(2, 100), [0, 0])).toEqual({ batches: [[0, 0]], pending: false });
  });
});

describe('any messages', () => {
  const runs = fc.record({
    sizes: fc.array(fc.integer({ min: 0, max: 150 }), { maxLength: 60 }),
    count: fc.integer({ min: 1, max: 6 }),
    bytes: fc.integer({ min: 1, max: 120 }),
  });

  it('are batched as a plain model says', () => {
    fc.assert(
      fc.property(runs, ({ sizes, count, bytes }) => {
        const cutter = cutterOf(count, bytes);
        const batches = sizes.flatMap((size) => cutter.ordered(size).batches);
        const rest = cutter.cut();
        expect([...batches, ...(rest.length === 0 ? [] : [rest])]).toEqual(model(sizes, count, bytes));
      }),
    );
  });

  it('each go into one batch, in their order, none empty, two at a time at most', () => {
    fc.assert(
      fc.property(runs, ({ sizes, count, bytes }) => {
        const cutter = cutterOf(count, bytes);
        const numbered = sizes.map((size) => ({ size }));
        const generic = new BlockCutter<{ readonly size: number }>({
          batchSize: () => ({ maxMessageCount: count, preferredMaxBytes: bytes, absoluteMaxBytes: 1_000_000 }),
          sizeOf: ({ size }) => size,
        });
        const cuts = numbered.map((one) => generic.ordered(one));
        const all = [...cuts.flatMap(({ batches }) => batches.flat()), ...generic.cut()];
        expect(all).toHaveLength(numbered.length);
        expect(all.every((one, index) => one === numbered[index])).toBe(true);
        expect(cuts.every(({ batches }) => batches.length <= 2 && batches.every((batch) => batch.length > 0))).toBe(
          true,
        );
        expect(cutter.pending).toBe(0);
      }),
    );
  });
});

/** A batch is as long as it can be: a stretch of messages within count and bytes, or one that is too large for any. */
function model(sizes: readonly number[], count: number, bytes: number): number[][] {
  const batches: number[][] = [];
  let from = 0;
  while (from < sizes.length) {
    let to = from + 1;
    const sum = (end: number): number => sizes.slice(from, end).reduce((total, size) => total + size, 0);
    if (sum(to) <= bytes) {
      while (to < sizes.length && to - from < count && sum(to + 1) <= bytes && (sizes[to] as number) <= bytes) {
        to++;
      }
    }
    batches.push(sizes.slice(from, to));
    from = to;
  }
  return batches;
}

it('measures how long a batch took to fill', () => {
  const told: number[] = [];
  const cutter = new BlockCutter<number>({
    batchSize: () => ({ maxMessageCount: 2, preferredMaxBytes: 100, absoluteMaxBytes: 100 }),
    sizeOf: (size) => size,
    onCut: (seconds) => told.push(seconds),
  });
  lastCut(cutter, [1, 1, 200]);
  expect(cutter.cut()).toEqual([]);
  expect(told).toHaveLength(2);
  expect(told[0]).toBeGreaterThanOrEqual(0);
  expect(told[1]).toBe(0);
});

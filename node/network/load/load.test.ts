import { describe, expect, it } from 'vitest';
import { AssetPool } from './assetPool.ts';
import { LatencyHistogram } from './latencyHistogram.ts';
import { LoadStatistics } from './loadStatistics.ts';
import { DEFAULT_MIX, OPERATIONS, parseMix, pick } from './mix.ts';

describe('latencies', () => {
  it('give percentiles within two per cent', () => {
    const histogram = new LatencyHistogram();
    for (let ms = 1000; ms >= 1; ms--) {
      histogram.add(ms);
    }
    const { count, mean, p50, p95, p99, max } = histogram.summary();
    expect([count, mean, max]).toEqual([1000, 500.5, 1000]);
    for (const [measured, exact] of [
      [p50, 500],
      [p95, 950],
      [p99, 990],
    ] as const) {
      expect(Math.abs(measured - exact) / exact).toBeLessThan(0.02);
    }
  });

  it('are nothing where nothing was measured, and never above the longest', () => {
    const histogram = new LatencyHistogram();
    expect(histogram.summary()).toEqual({ count: 0, mean: 0, p50: 0, p95: 0, p99: 0, max: 0 });
    histogram.add(0);
    histogram.add(7.3);
    expect(histogram.percentile(1)).toBe(7.3);
    histogram.add(1e12);
    expect(histogram.summary().max).toBe(1e12);
  });
});

describe('statistics of a load', () => {
  it('count ends, errors and valid transactions a second', () => {
    let now = 1000;
    const statistics = new LoadStatistics(() => now);
    for (let index = 0; index < 4; index++) {
      statistics.sent('create');
    }
    statistics.ended('VALID');
    statistics.ended('VALID');
    statistics.failed('not_endorsed', `transaction ${'ab'.repeat(32)} of load-1234-7 failed`);
    now = 3000;
    expect(statistics.report()).toMatchObject({
      elapsedMs: 2000,
      sent: 4,
      done: 3,
      inFlight: 1,
      throughput: 1,
      outcomes: { VALID: 2, not_endorsed: 1 },
      operations: { create: 4 },
      errors: [{ message: 'transaction … of … failed', count: 1 }],
    });
  });

  it('stay small whatever the errors say', () => {
    const statistics = new LoadStatistics(() => 0);
    for (let index = 0; index < 500; index++) {
      statistics.failed('call', `error number ${index}`);
    }
    const { errors } = statistics.report();
    expect(errors).toHaveLength(101);
    expect(errors[0]).toEqual({ message: 'others', count: 400 });
  });
});

describe('a mix', () => {
  it('is read from text', () => {
    expect(parseMix('create=8, read=2')).toEqual({ create: 8, read: 2 });
    expect(parseMix('list')).toEqual({ list: 1 });
    expect(Object.keys(DEFAULT_MIX).toSorted()).toEqual(Object.keys(OPERATIONS).toSorted());
  });

  it.each([
    ['dance=1', /dance is no operation/],
    ['', /an empty name is no operation/],
    ['create=-1', /-1 is no weight/],
    ['create=much', /much is no weight/],
    ['create=0', /something in it/],
  ])('%j is refused', (text, message) => {
    expect(() => parseMix(text)).toThrow(message);
  });

  it('is kept to', () => {
    const mix = parseMix('create=3,read=0,list=1');
    const picked = [0, 0.25, 0.74, 0.75, 0.999].map((random) => pick(mix, random));
    expect(picked).toEqual(['create', 'create', 'create', 'list', 'list']);
    expect(pick(mix, 1)).toBe('list');
  });
});

describe('the assets that a load remembers', () => {
  it('are given to one at a time, and the oldest are forgotten', () => {
    const pool = new AssetPool(2);
    expect(pool.take(0.5)).toBeNull();
    for (const id of ['a', 'b', 'c']) {
      pool.add(id);
    }
    expect(pool.size).toBe(2);
    expect(pool.look(0)).toBe('b');
    expect([pool.take(0.99), pool.take(0), pool.take(0)]).toEqual(['c', 'b', null]);
  });
});

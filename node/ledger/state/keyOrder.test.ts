import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareKeys, sortedKeys } from './keyOrder.ts';
import { SortedKeySet } from './sortedKeySet.ts';

/** Few units, of every kind that orders differently. */
const key = fc.string({
  unit: fc.constantFrom('\0', '\x01', 'a', 'b', 'é', '\u{d7ff}', '\u{e000}', '\u{ffff}', '😀', '\u{10ffff}'),
});

function bytesOrder(first: string, second: string): number {
  return Math.sign(Buffer.compare(Buffer.from(first), Buffer.from(second)));
}

describe('order of keys', () => {
  it('is that of their UTF-8 bytes', () => {
    fc.assert(
      fc.property(key, key, (first, second) => {
        expect(Math.sign(compareKeys(first, second))).toBe(bytesOrder(first, second));
      }),
      { numRuns: 2000 },
    );
    expect(compareKeys('\u{ffff}', '😀')).toBeLessThan(0);
  });
});

describe('sorted set', () => {
  it('holds what a plain set holds, in order', () => {
    const step = fc.record({ add: fc.boolean(), key });
    fc.assert(
      fc.property(fc.array(key), fc.array(step), key, key, fc.nat(20), (first, steps, start, end, limit) => {
        const plain = new Set(first);
        const set = new SortedKeySet(plain);
        for (const { add, key: one } of steps) {
          if (add) {
            plain.add(one);
            set.add(one);
          } else {
            plain.delete(one);
            set.delete(one);
          }
        }
        const sorted = [...plain].toSorted(bytesOrder);
        expect(set.slice('', '', Infinity)).toEqual(sorted);
        const within = sorted.filter((one) => bytesOrder(one, start) >= 0 && (end === '' || bytesOrder(one, end) < 0));
        expect(set.slice(start, end, limit)).toEqual(within.slice(0, limit));
      }),
    );
  });

  it('stays in order over many runs', () => {
    const set = new SortedKeySet([]);
    const keys = Array.from({ length: 5000 }, (_, index) => `key${(index * 7919) % 5000}`);
    for (const one of keys) {
      set.add(one);
      set.add(one);
    }
    expect(set.slice('', '', Infinity)).toEqual(sortedKeys(keys));
    for (const one of keys.filter((_, index) => index % 3 > 0)) {
      set.delete(one);
    }
    expect(set.slice('', '', Infinity)).toEqual(sortedKeys(keys.filter((_, index) => index % 3 === 0)));
    for (const one of keys) {
      set.delete(one);
    }
    expect(set.slice('', '', Infinity)).toEqual([]);
    set.add('again');
    expect(set.slice('', '', Infinity)).toEqual(['again']);
  });
});

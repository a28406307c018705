import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  CompositeKeyError,
  compositeKey,
  partialCompositeKeyRange,
  simpleRangeStart,
  splitCompositeKey,
} from './compositeKey.ts';
import { compareKeys } from './keyOrder.ts';

const part = fc
  .string({ unit: 'binary' })
  .filter((text) => text.isWellFormed() && !text.includes('\0') && !text.includes('\u{10ffff}'));

it('is written as the chaincode libraries write it', () => {
  expect(compositeKey('owner~asset', ['Max', 'asset1'])).toBe('\0owner~asset\0Max\0asset1\0');
  expect(compositeKey('', [])).toBe('\0\0');
});

it('comes apart again', () => {
  fc.assert(
    fc.property(part, fc.array(part), (objectType, attributes) => {
      expect(splitCompositeKey(compositeKey(objectType, attributes))).toEqual({ objectType, attributes });
    }),
  );
  expect(splitCompositeKey('asset1')).toBeNull();
  expect(splitCompositeKey('\0')).toBeNull();
});

it('lies in the range of each of its beginnings, and other types do not', () => {
  fc.assert(
    fc.property(part, part, fc.array(part, { minLength: 1 }), fc.nat(), (type, other, attributes, cut) => {
      const { start, end } = partialCompositeKeyRange(type, attributes.slice(0, cut % (attributes.length + 1)));
      const within = (key: string): boolean => compareKeys(key, start) >= 0 && compareKeys(key, end) < 0;
      expect(within(compositeKey(type, attributes))).toBe(true);
      expect(other !== type && within(compositeKey(other, attributes))).toBe(false);
    }),
  );
});

it('keeps simple and composite keys apart', () => {
  expect(simpleRangeStart('')).toBe('\x01');
  expect(simpleRangeStart('a')).toBe('a');
  expect(() => simpleRangeStart('\0a')).toThrow(CompositeKeyError);
});

it.each(['a\0', '\u{10ffff}', '\ud800'])('refuses the part %j', (bad) => {
  expect(() => compositeKey('type', [bad])).toThrow(CompositeKeyError);
});

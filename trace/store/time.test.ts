import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { ByteReader, ByteWriter } from './sqlite/bytes.ts';
import { approximateTime, formatTime, fractionDigits, LATEST_TIME, parseTime } from './time.ts';

it('gives timestamps back letter by letter, or says that it cannot', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: LATEST_TIME }), fc.integer({ min: 0, max: 6 }), (us, digits) => {
      const text = formatTime(us, digits);
      expect(fractionDigits(text)).toBe(digits);
      expect(formatTime(parseTime(text), digits)).toBe(text);
      expect(Date.parse(text)).toBe(Math.floor(parseTime(text) / 1000));
    }),
  );
  for (const text of [
    '',
    '2026-13-01T00:00:00Z',
    '2026-02-30T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:00:60Z',
  ]) {
    expect(parseTime(text)).toBeNaN();
  }
  for (const text of [
    '2026-01-01T00:00:00.1234567Z',
    '1969-12-31T23:59:59Z',
    '2999-01-01T00:00:00Z',
    '2026-01-01 00:00:00Z',
  ]) {
    expect(parseTime(text)).toBeNaN();
  }
  expect(approximateTime('2026-01-01T00:00:00.123456789Z')).toBe(parseTime('2026-01-01T00:00:00.123456Z'));
  expect(approximateTime('2026-01-01T01:00:00+01:00')).toBe(parseTime('2026-01-01T00:00:00Z'));
  expect([approximateTime('never'), approximateTime('1950-01-01T00:00:00Z')]).toEqual([0, 0]);
});

it('writes numbers, text and hex as bytes and reads them back', () => {
  const value = fc.oneof(
    fc.record({ kind: fc.constant('uint' as const), value: fc.maxSafeNat() }),
    fc.record({ kind: fc.constant('int' as const), value: fc.integer({ min: -(2 ** 52), max: 2 ** 52 - 1 }) }),
    fc.record({ kind: fc.constant('text' as const), value: fc.string({ unit: 'binary', maxLength: 200 }) }),
  );
  fc.assert(
    fc.property(fc.array(value), (values) => {
      const writer = new ByteWriter(1);
      for (const one of values) {
        if (one.kind === 'text') writer.text(one.value);
        else writer[one.kind](one.value);
      }
      writer.hex('00ff');
      const reader = new ByteReader(writer.take());
      for (const one of values) expect(reader[one.kind]()).toBe(one.value);
      expect(reader.hex(2)).toBe('00ff');
      expect(reader.atEnd).toBe(true);
      expect(() => reader.uint()).toThrow(RangeError);
    }),
  );
});

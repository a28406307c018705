import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatMicros, parseMicros } from './time.ts';

test.for([
  ['1970-01-01T00:00:00Z', 0],
  ['1970-01-01T00:00:00.5Z', 500_000],
  ['1970-01-02T00:00:00.000001Z', 86_400_000_001],
  ['2026-11-21T00:20:43.511123Z', 1_795_220_443_511_123],
  ['2024-02-29T23:59:59.999999999Z', 1_709_251_199_999_999],
  ['1969-12-31T23:59:59.999999Z', -1],
] as const)('parses %s', ([text, us]) => {
  expect(parseMicros(text)).toBe(us);
});

test('what is written is read back', () => {
  fc.assert(
    fc.property(fc.integer({ min: -62_000_000_000_000_000 / 100, max: 8_000_000_000_000_000 }), (us) => {
      const text = formatMicros(us);
      expect(parseMicros(text)).toBe(us);
      expect(Date.parse(`${text.slice(0, 23)}Z`)).toBe(Math.floor(us / 1000));
    }),
  );
});

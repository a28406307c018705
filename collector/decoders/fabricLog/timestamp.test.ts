import { assert, integer, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromClock, fromEpoch } from './timestamp.ts';

describe('epoch time', () => {
  it('keeps the microseconds that the digits show', () => {
    expect(fromEpoch('1795220418.5886686')).toBe('2026-11-21T00:20:18.588668Z');
    expect(fromEpoch('1795220418.1')).toBe('2026-11-21T00:20:18.100000Z');
    expect(fromEpoch('1795220418')).toBe('2026-11-21T00:20:18.000000Z');
    // A double of this size can't hold the last digits; the text can.
    expect(fromEpoch('1795220418.123456789')).toBe('2026-11-21T00:20:18.123456Z');
  });

  it('tells milli-, micro- and nanoseconds by their size', () => {
    for (const text of ['1795220418588', '1795220418588000', '1795220418588000000']) {
      expect(fromEpoch(text)).toBe('2026-11-21T00:20:18.588000Z');
    }
    expect(fromEpoch('1795220418588.25')).toBe('2026-11-21T00:20:18.588250Z');
    expect(fromEpoch('1.795220418e+09')).toBe('2026-11-21T00:20:18.000000Z');
  });

  it('gives every microsecond back', () => {
    assert(
      property(integer({ min: 0, max: 4_102_444_799 }), integer({ min: 0, max: 999_999 }), (second, micro) => {
        const digits = String(micro).padStart(6, '0');
        const expected = `${new Date(second * 1000).toISOString().slice(0, 19)}.${digits}Z`;
        expect(fromEpoch(`${second}.${digits}`)).toBe(expected);
      }),
    );
  });

  it('refuses what is no time', () => {
    for (const text of ['', 'x', '-1', '1.2.3', 'NaN', 'Infinity', '1e400', '99999999999999999999']) {
      expect(fromEpoch(text)).toBeUndefined();
    }
  });
});

describe('clock time', () => {
  it('reads zones by letter as UTC and by offset as they are', () => {
    expect(fromClock('2026-11-21 01:24:48.082 UTC')).toBe('2026-11-21T01:24:48.082000Z');
    expect(fromClock('2026-11-21 01:24:48.082 CET')).toBe('2026-11-21T01:24:48.082000Z');
    expect(fromClock('2026-11-21 01:24:48.082')).toBe('2026-11-21T01:24:48.082000Z');
    expect(fromClock('2026-11-21T01:24:48.082Z')).toBe('2026-11-21T01:24:48.082000Z');
    expect(fromClock('2026-11-21T01:24:48.082+01:00')).toBe('2026-11-21T00:24:48.082000Z');
    expect(fromClock('2026-11-21 01:24:48.082 +0530')).toBe('2026-11-20T19:54:48.082000Z');
    // Go prints a zone without letters by its offset.
    expect(fromClock('2026-11-21 01:24:48.082 -03')).toBe('2026-11-21T04:24:48.082000Z');
  });

  it('refuses what the calendar does not have', () => {
    for (const text of ['2026-13-01 00:00:00', '2026-02-31 00:00:00', '2026-01-01 25:00:00', '2026-01-01', 'now']) {
      expect(fromClock(text)).toBeUndefined();
    }
  });
});

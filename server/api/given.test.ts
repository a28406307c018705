import { describe, expect, it } from 'vitest';
import { asUtc, given } from './given.ts';

describe('asUtc', () => {
  it.each([
    ['2026-11-21T00:20:43Z', '2026-11-21T00:20:43Z'],
    ['2026-11-21T00:20:43.123456Z', '2026-11-21T00:20:43.123456Z'],
    ['2026-11-21T01:20:43.123456+01:00', '2026-11-21T00:20:43.123456Z'],
    ['2026-11-20T18:50:43-05:30', '2026-11-21T00:20:43Z'],
    ['2026-11-21T00:20:43.5+00:00', '2026-11-21T00:20:43.5Z'],
    ['2026-11-21T00:20:43-00:30', '2026-11-21T00:50:43Z'],
    ['2026-01-01T00:30:00+01:00', '2025-12-31T23:30:00Z'],
  ])('%s is %s', (time, utc) => {
    expect(asUtc(time)).toBe(utc);
  });
});

describe('given', () => {
  it('leaves out what is undefined and keeps the rest', () => {
    expect(Object.keys(given({ a: 1, b: undefined, c: null, d: 0, e: '' }))).toEqual(['a', 'c', 'd', 'e']);
  });
});

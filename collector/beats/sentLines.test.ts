import { describe, expect, it } from 'vitest';
import { range } from '../testing/collectorRig.ts';
import { markOf, SentLines } from './sentLines.ts';

const mark = (line: number) => markOf('', line * 100, `line ${line}`);

describe('SentLines', () => {
  it('knows lines again, after a checkpoint too', () => {
    const sent = new SentLines();
    const window = {};
    for (const line of range(0, 100)) sent.add(mark(line), window);
    const restored = new SentLines(sent.snapshot());
    for (const one of [sent, restored]) {
      expect(range(0, 100).every((line) => one.has(mark(line)))).toBe(true);
      expect(one.has(mark(100))).toBe(false);
    }
    expect(restored.snapshot()).toBe(sent.snapshot());
  });

  it('tells lines apart by file, place and content', () => {
    expect(new Set([markOf('', 1, 'a'), markOf('', 2, 'a'), markOf('', 1, 'b'), markOf('1:2', 1, 'a')]).size).toBe(4);
  });

  it('forgets all but the last lines, and all but the last windows', () => {
    const many = new SentLines();
    const window = {};
    for (const line of range(0, 20_000)) many.add(mark(line), window);
    expect(many.has(mark(19_999 - 4095))).toBe(true);
    expect(many.has(mark(19_999 - 4096))).toBe(false);
    const slow = new SentLines();
    for (const line of range(0, 1000)) slow.add(mark(line), {});
    expect(Buffer.from(slow.snapshot(), 'base64')).toHaveLength(32 * 6);
    expect(slow.has(mark(968))).toBe(true);
    expect(slow.has(mark(967))).toBe(false);
  });

  it('takes any text for a checkpoint', () => {
    for (const text of ['', '!', 'AAAA', 'A'.repeat(100_000)]) {
      expect(Buffer.from(new SentLines(text).snapshot(), 'base64').length).toBeLessThanOrEqual(4096 * 6);
    }
  });
});

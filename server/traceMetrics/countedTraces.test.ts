import { describe, expect, it } from 'vitest';
import { CountedTraces } from './countedTraces.ts';
import { OpenTraces } from './openTraces.ts';
import { Settling } from './settling.ts';
import type { TraceSummary } from '#trace/trace.ts';

const at = (second: number) => `2026-11-21T00:00:${String(second).padStart(2, '0')}.000000Z`;

describe('counted traces', () => {
  it('keep what was counted of at least half of their capacity, and know what is too old to tell', () => {
    const counted = new CountedTraces(20);
    for (let n = 0; n < 10; n++) counted.set(`t${n}`, n, at(n));
    expect(counted.get('t0')).toBe(0);
    expect(counted.mayBeForgotten(at(0))).toBe(false);
    for (let n = 10; n < 40; n++) counted.set(`t${n}`, n, at(n));
    expect(counted.get('t39')).toBe(39);
    expect(counted.get('t30')).toBe(30);
    expect(counted.get('t0')).toBeUndefined();
    expect(counted.mayBeForgotten(at(0))).toBe(true);
    expect(counted.mayBeForgotten(at(41))).toBe(false);
    expect(counted.mayBeForgotten(null)).toBe(false);
  });

  it('keep what is touched', () => {
    const counted = new CountedTraces(4);
    for (let n = 0; n < 50; n++) {
      counted.set(`t${n}`, n, at(n));
      counted.set('kept', 7, at(0));
    }
    expect(counted.get('kept')).toBe(7);
  });
});

describe('open traces', () => {
  it('count by channel and kind, until they are complete or a day has passed', () => {
    const open = new OpenTraces(3);
    open.set('a', 'one', 'never_ordered', 0);
    open.set('b', 'one', 'partially_committed', 0);
    open.set('c', 'two', 'never_ordered', 5);
    expect(Object.fromEntries(open.count('never_ordered', 10))).toEqual({ one: 1, two: 1 });
    open.set('a', 'one', 'partially_committed', 10);
    open.set('c', 'two', null, 10);
    expect(Object.fromEntries(open.count('never_ordered', 10))).toEqual({});
    expect(Object.fromEntries(open.count('partially_committed', 10))).toEqual({ one: 2 });
    expect(Object.fromEntries(open.count('partially_committed', 15, 10))).toEqual({ one: 1 });
    for (const id of ['d', 'e', 'f']) open.set(id, 'two', 'never_ordered', 20);
    expect(Object.fromEntries(open.count('partially_committed', 20))).toEqual({});
    expect(Object.fromEntries(open.count('never_ordered', 86_400_020))).toEqual({});
  });
});

const summary = (traceId: string, code: string | null) => ({ traceId, code }) as TraceSummary;
const settling = () => new Settling({ quietMs: 5, patienceMs: 30, limit: 2 });

describe('settling', () => {
  it('gives a trace once, as it was last, when it was quiet for long enough or patience ends', () => {
    const waiting = settling();
    waiting.add(summary('a', null), 0);
    waiting.add(summary('a', 'VALID'), 3);
    expect(waiting.take(7)).toEqual([]);
    expect(waiting.take(8)).toEqual([summary('a', 'VALID')]);
    expect(waiting.take(100)).toEqual([]);
    for (let now = 100; now <= 130; now += 2) waiting.add(summary('b', null), now);
    expect(waiting.take(130)).toEqual([summary('b', null)]);
  });

  it('holds no more than its limit', () => {
    const waiting = settling();
    for (const id of ['a', 'b', 'c']) waiting.add(summary(id, null), 0);
    expect(waiting.take(0)).toEqual([summary('a', null)]);
  });
});

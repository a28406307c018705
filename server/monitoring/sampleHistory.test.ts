import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_LINES, type Panel, PANELS, WINDOW_S } from './panels.ts';
import type { MetricSample } from './prometheusText.ts';
import { MAX_NODE_SERIES, SampleHistory, samplesOf, SeriesBudget, timesOf } from './sampleHistory.ts';

const STEP = 5000;
const panel = (how: Panel['how'], by: string | null = null): Panel => ({
  id: 'p',
  title: 'P',
  unit: 'count',
  of: ['peer'],
  metric: 'm',
  how,
  by,
});
const sample = (value: number, name = 'm', labels: Record<string, string> = {}): MetricSample => ({
  name,
  labels,
  value,
});
const history = (of: Panel, length = 720, budget?: SeriesBudget) => new SampleHistory([of], length, STEP, budget);
const at = (index: number): number => 1_700_000_000_000 + index * STEP;
const query = (from: number, to: number, stepMs = STEP) => ({ from: at(from), to: at(to), stepMs });
const values = (of: Panel, kept: SampleHistory, from: number, to: number) =>
  kept.lines(of, query(from, to)).lines.map(({ name, points }) => [name, points.map(([, value]) => value)]);

describe('a gauge', () => {
  const gauge = panel('gauge', 'channel');

  it('is what it was at the last scrape, for three scrapes', () => {
    const kept = history(gauge);
    kept.add(at(0), [sample(4, 'm', { channel: 'a' })]);
    kept.add(at(1), [sample(5, 'm', { channel: 'a' })]);
    expect(values(gauge, kept, -1, 5)).toEqual([['a', [null, 4, 5, 5, 5, null, null]]]);
    expect(kept.gaugeAt('m', at(1))).toEqual(new Map([['a', 5]]));
    expect(kept.gaugeAt('m', at(9))).toEqual(new Map());
  });

  it('is added up over what the panel does not tell apart', () => {
    const kept = history(gauge);
    kept.add(
      at(0),
      [1, 2, 4].map((value) => sample(value, 'm', { channel: 'a', other: `${value}` })),
    );
    expect(values(gauge, kept, 0, 0)).toEqual([['a', [7]]]);
  });

  it('has a gap where the node did not tell it, or told what is no number', () => {
    const kept = history(gauge);
    kept.add(at(0), [sample(1, 'm', { channel: 'a' }), sample(1, 'm', {})]);
    for (let index = 1; index < 6; index++) kept.add(at(index), [sample(Number.NaN, 'm', { channel: 'a' })]);
    kept.add(at(6), [sample(Infinity, 'm', { channel: 'b' }), sample(2, 'm', { channel: 'a' })]);
    expect(values(gauge, kept, 0, 6)).toEqual([
      ['', [1, 1, 1, null, null, null, null]],
      ['a', [1, 1, 1, null, null, null, 2]],
    ]);
  });

  it('is shown over long steps as it was within each', () => {
    const kept = history(gauge);
    for (let index = 0; index < 100; index++) kept.add(at(index), [sample(index, 'm', { channel: 'a' })]);
    const { lines } = kept.lines(gauge, query(0, 99, 30 * STEP));
    expect(lines[0]?.points.map(([, value]) => value)).toEqual([0, 30, 60, 90]);
  });
});

describe('a rate', () => {
  const rate = panel('rate');

  it('is by how much a counter rose a second, over a minute', () => {
    const kept = history(rate);
    for (let index = 0; index <= 24; index++) kept.add(at(index), [sample(index * 10)]);
    expect(values(rate, kept, 0, 24)[0]?.[1]).toEqual([null, ...Array.from({ length: 24 }, () => 2)]);
    const slow = history(rate);
    for (let index = 0; index <= 24; index++) slow.add(at(index), [sample(index < 12 ? 0 : 120)]);
    // The minute before includes the step, from when it happened until it is over.
    expect(values(rate, slow, 11, 24)[0]?.[1]).toEqual([0, ...Array.from({ length: 12 }, () => 2), 0]);
  });

  it('counts on from zero after the node was restarted', () => {
    const kept = history(rate);
    [100, 110, 120, 5, 15, 25].forEach((value, index) => kept.add(at(index), [sample(value)]));
    expect(values(rate, kept, 5, 5)[0]?.[1]).toEqual([(10 + 10 + 5 + 10 + 10) / 25]);
  });

  it('goes over scrapes that failed', () => {
    const kept = history(rate);
    kept.add(at(0), [sample(0)]);
    kept.add(at(6), [sample(60)]);
    expect(values(rate, kept, 0, 20)[0]?.[1]).toEqual([
      ...Array.from({ length: 6 }, () => null),
      ...Array.from({ length: 7 }, () => 2),
      ...Array.from({ length: 8 }, () => null),
    ]);
  });

  it('is taken over a step that is longer than a minute, so that nothing falls between two points', () => {
    const kept = history(rate);
    // All of it within a few seconds, long before the next point.
    for (let index = 0; index <= 60; index++) kept.add(at(index), [sample(index < 5 ? 0 : 300)]);
    const { lines } = kept.lines(rate, query(0, 60, 60 * STEP));
    expect(lines[0]?.points.map(([, value]) => value)).toEqual([null, 1]);
  });

  it('is never negative, and adds up to what was counted', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 2, maxLength: WINDOW_S / 5 }), (rises) => {
        const kept = history(rate);
        let total = 0;
        rises.forEach((rise, index) => kept.add(at(index), [sample((total += rise))]));
        const last = rises.length - 1;
        const [line] = values(rate, kept, last, last);
        expect((line?.[1]?.[0] as number) * last * 5).toBeCloseTo(total - (rises[0] as number));
      }),
    );
  });
});

const told = (sum: number, count: number) => [
  sample(sum, 'm_sum', { channel: 'a' }),
  sample(count, 'm_count', { channel: 'a' }),
  sample(count, 'm_bucket', { channel: 'a', le: '1' }),
];

describe('a mean', () => {
  const mean = panel('mean', 'channel');

  it('is that of the durations of the minute before, none where there were none', () => {
    const kept = history(mean);
    kept.add(at(0), told(1, 10));
    kept.add(at(1), told(2, 12));
    for (let index = 2; index < 30; index++) kept.add(at(index), told(2, 12));
    expect(values(mean, kept, 0, 2)).toEqual([['a', [null, 0.5, 0.5]]]);
    expect(values(mean, kept, 20, 29)).toEqual([]);
  });
});

describe('what is kept', () => {
  const gauge = panel('gauge', 'of');

  it('is as long as it was told to be', () => {
    const kept = history(gauge, 10);
    expect(kept.since).toBeNull();
    for (let index = 0; index < 35; index++) kept.add(at(index), [sample(index, 'm', { of: 'a' })]);
    expect(kept.since).toBe(at(25));
    const [line] = values(gauge, kept, 20, 34);
    expect(line?.[1]).toEqual([...Array.from({ length: 5 }, () => null), 25, 26, 27, 28, 29, 30, 31, 32, 33, 34]);
  });

  it('of one node is so many series, and it is counted what is more', () => {
    const budget = new SeriesBudget();
    const kept = history(gauge, 10, budget);
    const before = budget.left;
    const many = Array.from({ length: MAX_NODE_SERIES + 50 }, (_, index) => sample(1, 'm', { of: `${index}` }));
    expect(kept.add(at(0), many)).toBe(50);
    expect(kept.add(at(1), many)).toBe(50);
    expect([kept.size, before - budget.left]).toEqual([MAX_NODE_SERIES, MAX_NODE_SERIES]);
    expect(kept.lines(gauge, query(0, 1))).toMatchObject({ more: MAX_NODE_SERIES - MAX_LINES });
  });

  it('of all nodes is so many series; one that is forgotten makes room', () => {
    const budget = new SeriesBudget(3);
    const [one, other] = [history(gauge, 10, budget), history(gauge, 10, budget)];
    const two = ['a', 'b'].map((of) => sample(1, 'm', { of }));
    expect([one.add(at(0), two), other.add(at(0), two)]).toEqual([0, 1]);
    one.clear();
    expect([one.size, other.add(at(1), two), budget.left]).toEqual([0, 0, 1]);
  });

  it('lets go of what nobody tells any more', () => {
    const budget = new SeriesBudget();
    const kept = history(gauge, 10, budget);
    const before = budget.left;
    for (let index = 0; index < 1000; index++) kept.add(at(index), [sample(1, 'm', { of: `chaincode${index}` })]);
    expect(kept.size).toBeLessThanOrEqual(20);
    expect(before - budget.left).toBe(kept.size);
    // Also where the room is used up within what is kept.
    const full = history(gauge, 2, new SeriesBudget(4));
    const cut = Array.from({ length: 100 }, (_, index) => full.add(at(index), [sample(1, 'm', { of: `${index}` })]));
    expect(cut.reduce((sum, more) => sum + more, 0)).toBe(0);
  });

  it('has no label that is longer than any name', () => {
    const kept = history(gauge);
    expect(kept.add(at(0), [sample(1, 'm', { of: 'x'.repeat(257) }), sample(1, 'm', { of: 'x'.repeat(256) })])).toBe(1);
    expect(kept.size).toBe(1);
  });

  it('begins anew where the clock was set back', () => {
    const kept = history(gauge);
    for (let index = 0; index < 5; index++) kept.add(at(100 + index), [sample(index, 'm', { of: 'a' })]);
    kept.add(at(0), [sample(7, 'm', { of: 'a' })]);
    expect(kept.since).toBe(at(0));
    expect(values(gauge, kept, 0, 0)).toEqual([['a', [7]]]);
    expect(values(gauge, kept, 100, 104)).toEqual([]);
  });

  it('is nothing of what no panel asks for', () => {
    const kept = history(gauge);
    kept.add(at(0), [sample(1, 'other', { of: 'a' })]);
    expect(kept.size).toBe(0);
    expect(samplesOf(PANELS)).toContain('endorser_proposal_duration_count');
    expect(samplesOf(PANELS)).not.toContain('endorser_proposal_duration_bucket');
  });

  it('of an hour of two hundred nodes stays within its memory', () => {
    const budget = new SeriesBudget();
    const before = process.memoryUsage().arrayBuffers;
    const nodes = Array.from({ length: 200 }, () => history(gauge, 721, budget));
    const many = Array.from({ length: 300 }, (_, index) => sample(1, 'm', { of: `${index}` }));
    for (const node of nodes) node.add(at(0), many);
    expect(budget.left).toBe(0);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
  });
});

describe('the times of a query', () => {
  it('are its begin and each step until its end', () => {
    expect(timesOf({ from: 0, to: 10, stepMs: 5 })).toEqual([0, 5, 10]);
    expect(timesOf({ from: 0, to: 9, stepMs: 5 })).toEqual([0, 5]);
    expect(timesOf({ from: 3, to: 3, stepMs: 5 })).toEqual([3]);
  });
});

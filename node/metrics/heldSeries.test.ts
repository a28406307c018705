import { Counter, Histogram, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { ObservedRegistry } from '#node/operations/statsdExporter.ts';
import { ByLabels, HeldCounter, HeldHistogram } from './heldSeries.ts';

const BUCKETS = [0.1, 1, 2.5];
const VALUES = [0, 0.1, 0.11, 1, 2.4, 2.5, 2.500001, 1000];

async function valuesOf(histogram: Histogram<'channel'>): Promise<unknown> {
  return (await histogram.get()).values.map(({ labels, value, metricName }) => ({ labels, value, metricName }));
}

describe('series that are held', () => {
  it('of a counter come to what prom-client counts', async () => {
    const [ours, theirs] = [new Registry(), new Registry()];
    const of = { name: 'some_count', help: 'Some.', labelNames: ['channel', 'type'] as const };
    const held = new HeldCounter({ ...of, registers: [ours] });
    const plain = new Counter({ ...of, registers: [theirs] });
    for (const labels of [
      { channel: 'one', type: 'a' },
      { channel: 'one', type: 'b' },
    ]) {
      const series = held.held(labels);
      for (let i = 0; i < 5; i++) {
        series.inc();
        plain.inc(labels);
        expect(await ours.metrics()).toBe(await theirs.metrics());
      }
    }
    held.held({ channel: 'two', type: 'never' });
    expect(await ours.metrics()).toBe(await theirs.metrics());
    held.inc({ channel: 'one', type: 'a' }, 2);
    plain.inc({ channel: 'one', type: 'a' }, 2);
    expect(await ours.metrics()).toBe(await theirs.metrics());
    expect((await ours.getMetricsAsJSON())[0]?.values).toEqual((await theirs.getMetricsAsJSON())[0]?.values);
  });

  it('of a histogram come to what prom-client observes', async () => {
    const [ours, theirs] = [new Registry(), new Registry()];
    const of = { name: 'some_time', help: 'Some.', labelNames: ['channel'] as const, buckets: BUCKETS };
    const held = new HeldHistogram({ ...of, registers: [ours] });
    const plain = new Histogram({ ...of, buckets: [...BUCKETS], registers: [theirs] });
    for (const channel of ['one', 'two']) {
      const series = held.held({ channel });
      for (const value of VALUES) {
        series.observe(value);
        plain.observe({ channel }, value);
        expect(await ours.metrics()).toBe(await theirs.metrics());
      }
    }
    held.held({ channel: 'never' });
    expect(await valuesOf(held)).toEqual(await valuesOf(plain));
    expect(await ours.metrics()).toBe(await theirs.metrics());
  });

  it('without labels stand beside what prom-client starts with', async () => {
    const registry = new Registry();
    const series = new HeldHistogram({ name: 'a', help: 'A.', buckets: BUCKETS, registers: [registry] });
    const count = new HeldCounter({ name: 'b', help: 'B.', registers: [registry] });
    expect(await registry.getSingleMetricAsString('b')).toContain('b 0');
    count.held({}).inc();
    expect(await registry.getSingleMetricAsString('b')).toContain('b 1');
    series.observe(3);
    expect(await registry.getSingleMetricAsString('a')).toContain('a_sum 3');
  });

  it('tell a registry that watches each observation', async () => {
    const registry = new ObservedRegistry();
    const seen: unknown[] = [];
    registry.onObserved = (_, labels, value) => seen.push([labels, value]);
    const histogram = new HeldHistogram({
      name: 'a',
      help: 'A.',
      labelNames: ['channel'] as const,
      buckets: BUCKETS,
      registers: [registry],
    });
    const early = histogram.held({ channel: 'one' });
    await Promise.resolve();
    early.observe(1);
    histogram.held({ channel: 'two' }).observe(2);
    histogram.observe({ channel: 'three' }, 3);
    expect(seen).toEqual([
      [{ channel: 'one' }, 1],
      [{ channel: 'two' }, 2],
      [{ channel: 'three' }, 3],
    ]);
  });

  it('are made once for the same labels', () => {
    let made = 0;
    const by = new ByLabels((channel, type) => `${channel} ${type} ${++made}`);
    expect([by.of('a', 'b'), by.of('a', 'c'), by.of('a', 'b')]).toEqual(['a b 1', 'a c 2', 'a b 1']);
  });
});

import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { HeldHistogram } from '#node/metrics/heldSeries.ts';
import { exposition } from './exposition.ts';
import { peerMetrics } from './nodeMetrics.ts';

it("is prom-client's own, however often and whatever has changed", async () => {
  const registry = new Registry();
  const registers = [registry];
  const labelNames = ['channel', 'odd'] as const;
  const counter = new Counter({ name: 'a_count', help: 'Of "one"\nand \\ another.', labelNames, registers });
  const gauge = new Gauge({ name: 'a_gauge', help: 'Free.', registers });
  const levels = new Gauge({ name: 'levels', help: 'By channel.', labelNames, registers });
  const histogram = new Histogram({ name: 'a_time', help: 'Time.', labelNames, buckets: [0.1, 1, 2.5], registers });
  const held = new HeldHistogram({ name: 'held', help: 'Held.', labelNames, buckets: [0.5], registers }).held({
    channel: 'h',
    odd: '"',
  });
  registry.registerMetric(new Counter({ name: 'never', help: 'Counted.', labelNames, registers: [] }));
  const rooms = peerMetrics(registry);
  expect(await exposition(registry)).toBe(await registry.metrics());
  for (const channel of ['one', 'a "quoted"\nname \\ here', 'three']) {
    const labels = { channel, odd: 'x' };
    counter.inc(labels, 2.5);
    levels.set(labels, Number.POSITIVE_INFINITY);
    gauge.set(-1e-9);
    histogram.observe(labels, 0.3);
    histogram.observe(labels, 3);
    held.observe(0.2);
    rooms.endorser.completed({ channel, chaincode: 'cc' }, true, 0.02);
    rooms.state.height(channel, 7);
    for (let times = 0; times < 2; times++) {
      expect(await exposition(registry)).toBe(await registry.metrics());
    }
  }
  levels.remove({ channel: 'one', odd: 'x' });
  levels.set({ channel: 'three', odd: 'x' }, Number.NEGATIVE_INFINITY);
  counter.reset();
  expect(await exposition(registry)).toBe(await registry.metrics());
});

it('writes what is no number as Prometheus reads it', async () => {
  const registry = new Registry();
  new Gauge({ name: 'unknown', help: 'h', registers: [registry] }).set(Number.NaN);
  expect(await exposition(registry)).toBe('# HELP unknown h\n# TYPE unknown gauge\nunknown NaN\n');
});

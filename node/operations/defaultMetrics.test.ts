import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { PerformanceObserver } from 'node:perf_hooks';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { declareDefaultMetrics } from './defaultMetrics.ts';
import { exposition } from './exposition.ts';

const described = (registry: Registry) =>
  registry
    .getMetricsAsArray()
    .map(({ name, type, help }) => ({ name, type, help }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
const declared = (declare: (registry: Registry) => void): Registry => {
  const registry = new Registry();
  declare(registry);
  return registry;
};
const sumOf = (text: string, begin: string): number =>
  text
    .split('\n')
    .filter((line) => line.startsWith(begin))
    .reduce((sum, line) => sum + Number(line.split(' ')[1]), 0);
const valueOf = (text: string, series: string): number =>
  Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.slice(series.length + 1),
  );

it("are prom-client's by name, kind and words", async () => {
  const theirs = declared((register) => collectDefaultMetrics({ register }));
  expect(described(declared(declareDefaultMetrics))).toEqual(described(theirs));
});

it('tell what is open', async () => {
  const registry = declared(declareDefaultMetrics);
  const before = await exposition(registry);
  const servers = Array.from({ length: 5 }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.once('listening', resolve))));
  const text = await exposition(registry);
  const rise = (series: string): number => valueOf(text, series) - (valueOf(before, series) || 0);
  expect(rise('nodejs_active_handles{type="Server"}')).toBe(5);
  expect(rise('nodejs_active_resources{type="TCPServerWrap"}')).toBe(5);
  for (const what of ['handles', 'resources']) {
    expect(valueOf(text, `nodejs_active_${what}_total`)).toBe(sumOf(text, `nodejs_active_${what}{`));
  }
  expect(valueOf(text, 'process_open_fds')).toBe(readdirSync('/proc/self/fd').length - 1);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
});

it('count every garbage collection', async () => {
  const registry = declared(declareDefaultMetrics);
  let collections = 0;
  const observer = new PerformanceObserver((list) => (collections += list.getEntries().length));
  observer.observe({ entryTypes: ['gc'] });
  // Several within one turn of the event loop.
  let kept: object[] = [];
  for (let made = 0; made < 3_000_000; made++) {
    kept.push({ made });
    if (kept.length > 100_000) {
      kept = [];
    }
  }
  await expect.poll(() => collections).toBeGreaterThan(1);
  expect(sumOf(await registry.metrics(), 'nodejs_gc_duration_seconds_count{')).toBe(collections);
  observer.disconnect();
});

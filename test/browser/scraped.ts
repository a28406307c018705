import { vi } from 'vitest';
import type { RunningPrometheus } from '#test/harness/prometheus.ts';

/** Resolves when Prometheus can tell rates of so many nodes: two scrapes of each. */
export async function scraped(prometheus: RunningPrometheus, nodes: number): Promise<void> {
  const told = async () => (await prometheus.query('rate(process_cpu_seconds_total[1m])')).length >= nodes;
  await vi.waitUntil(told, { timeout: 30_000, interval: 250 });
}

import { setImmediate } from 'node:timers/promises';
import type { Registry } from 'prom-client';

/** How long others wait at most for their turn of the event loop. */
const TURN_MS = 1;

/** All metrics as Prometheus reads them, made metric by metric, so that what the node does meanwhile goes on. */
export async function exposition(registry: Registry): Promise<string> {
  const parts: string[] = [];
  let turn = performance.now();
  for (const { name } of registry.getMetricsAsArray()) {
    parts.push(await registry.getSingleMetricAsString(name));
    if (performance.now() - turn > TURN_MS) {
      await setImmediate();
      turn = performance.now();
    }
  }
  return `${parts.join('\n\n')}\n`;
}

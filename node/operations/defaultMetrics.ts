import { readdirSync, statSync } from 'node:fs';
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { collectDefaultMetrics, Gauge, Histogram, type Registry } from 'prom-client';

const OPEN_FILES = '/proc/self/fd';
const COLLECTIONS: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weakcb',
};

/** A garbage collection, as Node tells of it. */
interface Collection {
  readonly detail: { readonly kind: number };
  /** Milliseconds. */
  readonly duration: number;
}

/** Node has it, and its types do not say so. */
const activeHandles = (process as unknown as Readonly<Record<string, () => readonly object[]>>)[
  '_getActiveHandles'
]!.bind(process);

/**
 * prom-client's default metrics, some of them made otherwise under the same names: of garbage collections it counts one a turn of the
 * event loop, and of what is open it has all files listed and all handles told twice, which with a thousand connections takes most of
 * the time of all.
 */
export function declareDefaultMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  garbageCollection(registry);
  if (process.platform === 'linux') {
    openFiles(registry);
  }
  byType(registry, 'handles', 'active libuv handles grouped by handle type. Every handle type is C++ class name.', () =>
    activeHandles().map(({ constructor }) => constructor),
  );
  byType(
    registry,
    'resources',
    'active resources that are currently keeping the event loop alive, grouped by async resource type.',
    () => process.getActiveResourcesInfo(),
  );
}

function garbageCollection(registry: Registry): void {
  const name = 'nodejs_gc_duration_seconds';
  registry.removeSingleMetric(name);
  const duration = new Histogram({
    name,
    help: 'Garbage collection duration by kind, one of major, minor, incremental or weakcb.',
    labelNames: ['kind'],
    buckets: [0.001, 0.01, 0.1, 1, 2, 5],
    registers: [registry],
  });
  new PerformanceObserver((list) => {
    for (const { detail, duration: ms } of list.getEntries() as unknown as readonly Collection[]) {
      duration.observe({ kind: COLLECTIONS[detail.kind] ?? 'other' }, ms / 1000);
    }
  }).observe({ entryTypes: ['gc'] });
}

function openFiles(registry: Registry): Gauge {
  const name = 'process_open_fds';
  registry.removeSingleMetric(name);
  return new Gauge({
    name,
    help: 'Number of open file descriptors.',
    registers: [registry],
    collect() {
      // Linux tells their number as the folder's size from 6.2 on; before, one of those that are listed is for listing.
      const { size } = statSync(OPEN_FILES);
      this.set(size > 0 ? size : readdirSync(OPEN_FILES).length - 1);
    },
  });
}

/** A gauge by type, and one of all. */
function byType(
  registry: Registry,
  what: string,
  about: string,
  list: () => readonly (string | Function)[],
): readonly Gauge<'type'>[] {
  const name = `nodejs_active_${what}`;
  for (const known of [name, `${name}_total`]) {
    registry.removeSingleMetric(known);
  }
  const registers = [registry];
  const kinds = new Gauge({
    name,
    help: `Number of ${about}`,
    labelNames: ['type'],
    registers,
    collect() {
      const counts = new Map<string | Function, number>();
      const all = list();
      for (const type of all) {
        counts.set(type, (counts.get(type) ?? 0) + 1);
      }
      this.reset();
      for (const [type, count] of counts) {
        // Asked for each, the name of a class costs more than all else.
        this.set({ type: typeof type === 'string' ? type : type.name }, count);
      }
      total.set(all.length);
    },
  });
  // Told after the other, which counts.
  const total = new Gauge({ name: `${name}_total`, help: `Total number of active ${what}.`, registers });
  return [kinds, total];
}

import { statfs } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { Counter, Gauge, type Registry } from 'prom-client';
import { verificationLoad } from '#node/crypto/verify.ts';
import { declareDefaultMetrics } from './defaultMetrics.ts';

/**
 * What a node's process uses: `process_…` and `nodejs_…` as prom-client has them (memory, processor, files, event loop delay, garbage
 * collection, sockets), and what it lacks.
 * @param folder of the node's ledgers
 */
export function declareProcessMetrics(registry: Registry, folder: string): void {
  const registers = [registry];
  const gauge = (name: string, help: string, value: () => number): Gauge =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  declareDefaultMetrics(registry);
  activeTime(registry);
  gauge('ftl_worker_threads', 'Threads that check signatures.', () => verificationLoad().threads);
  gauge(
    'ftl_worker_waiting_signatures',
    'Signatures that wait for a thread to check them.',
    () => verificationLoad().waiting,
  );
  freeDisk(registry, folder);
}

function activeTime(registry: Registry): Counter {
  return new Counter({
    name: 'ftl_event_loop_active_seconds_total',
    help: 'Time that the event loop was at work; one second a second is all that it can do.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(performance.eventLoopUtilization().active / 1000);
    },
  });
}

function freeDisk(registry: Registry, folder: string): Gauge {
  return new Gauge({
    name: 'ftl_disk_free_bytes',
    help: 'Octets that the node may still write to the file system of its ledgers.',
    registers: [registry],
    async collect() {
      try {
        const { bavail, bsize } = await statfs(folder);
        this.set(bavail * bsize);
      } catch {
        // `/healthz` tells of a folder that is not there.
        this.remove();
      }
    },
  });
}

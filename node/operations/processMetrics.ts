import { statfs } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { Counter, collectDefaultMetrics, Gauge, type Registry } from 'prom-client';
import { verificationLoad } from '#node/crypto/verify.ts';

/**
 * What a node's process uses: `process_…` and `nodejs_…` as prom-client has them (memory, processor, files, event loop delay, garbage
 * collection, sockets), and what it lacks.
 * @param folder of the node's ledgers
 */
export function declareProcessMetrics(registry: Registry, folder: string): void {
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Counter({
    name: 'ftl_event_loop_active_seconds_total',
    help: 'Time that the event loop was at work; one second a second is all that it can do.',
    registers,
    collect() {
      this.reset();
      this.inc(performance.eventLoopUtilization().active / 1000);
    },
  });
  new Gauge({
    name: 'ftl_worker_threads',
    help: 'Threads that check signatures.',
    registers,
    collect() {
      this.set(verificationLoad().threads);
    },
  });
  new Gauge({
    name: 'ftl_worker_waiting_signatures',
    help: 'Signatures that wait for a thread to check them.',
    registers,
    collect() {
      this.set(verificationLoad().waiting);
    },
  });
  new Gauge({
    name: 'ftl_disk_free_bytes',
    help: 'Octets that the node may still write to the file system of its ledgers.',
    registers,
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

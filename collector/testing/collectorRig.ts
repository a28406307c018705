import { hash } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { type CollectorOptions, type RunningCollector, startCollector } from '../collector.ts';
import { MemoryRecords } from './memoryRecords.ts';

/** A collector over a folder of its own, for tests: quick polls, records in memory. */
export class CollectorRig {
  readonly folder = mkdtempSync(join(tmpdir(), 'ftl-collector-'));
  readonly store = new MemoryRecords();
  registry = new Registry();
  #running: RunningCollector | undefined;

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  get collector(): RunningCollector {
    if (this.#running === undefined) throw new Error('the collector is not running');
    return this.#running;
  }

  async start(options: Partial<CollectorOptions> = {}): Promise<RunningCollector> {
    this.registry = new Registry();
    this.#running = await startCollector(
      { logs: [this.path('*.log')], pollMs: 5, discoverMs: 10, batchMs: 5, ...options },
      { store: this.store, registry: this.registry, logger: pino({ level: 'silent' }) },
    );
    return this.#running;
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.stop();
  }

  /** Resolves when the condition holds; how long that takes is the test runner's business. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise((wake) => {
        setTimeout(wake, 5);
      });
    }
  }

  /** Waits for these sequence numbers, and shows which came instead if more did. */
  async untilSequence(count: number): Promise<number[]> {
    await this.until(() => this.store.records.size >= count);
    await this.collector.untilCaughtUp();
    return this.store.sequence;
  }

  async metric(name: string): Promise<number> {
    const metric = await this.registry.getSingleMetric(name)?.get();
    return metric?.values.reduce((sum, value) => sum + value.value, 0) ?? Number.NaN;
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A record of our own as one line, told from others by its sequence number. `padding` makes it longer. */
export function ownLine(seq: number, padding = 0): string {
  return `${JSON.stringify({
    '@timestamp': new Date(Date.UTC(2026, 0, 1) + seq * 1000).toISOString(),
    'service.node.name': 'peer0.org1.example.com',
    message: 'x'.repeat(padding),
    ftl: { version: 1, point: 'tx.seen', channel: 'mychannel', tx_id: hash('sha256', String(seq)), seq },
  })}\n`;
}

export function ownLines(from: number, to: number, padding = 0): string {
  return range(from, to)
    .map((seq) => ownLine(seq, padding))
    .join('');
}

/** [from, to) */
export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

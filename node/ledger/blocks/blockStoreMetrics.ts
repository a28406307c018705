import { Gauge, Histogram, type Registry } from 'prom-client';

const BUCKETS = [0.005, 0.01, 0.015, 0.05, 0.1, 1, 10];

/** What peers and orderers tell of their block files, under Fabric's names (common/ledger/blkstorage/metrics.go). */
export class BlockStoreMetrics {
  readonly #height: Gauge<'channel'>;
  readonly #commitTime: Histogram<'channel'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#height = new Gauge({
      name: 'ledger_blockchain_height',
      help: 'Height of the chain in blocks.',
      labelNames: ['channel'],
      registers,
    });
    this.#commitTime = new Histogram({
      name: 'ledger_blockstorage_commit_time',
      help: 'Time taken in seconds for committing the block to storage.',
      labelNames: ['channel'],
      buckets: BUCKETS,
      registers,
    });
  }

  /** Of a channel that was opened, or has grown. */
  height(channel: string, height: number): void {
    this.#height.set({ channel }, height);
  }

  committed(channel: string, height: number, seconds: number): void {
    this.#commitTime.observe({ channel }, seconds);
    this.#height.set({ channel }, height);
  }
}

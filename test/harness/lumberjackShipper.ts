import type { ConnectionOptions } from 'node:tls';
import { LumberjackClient } from './lumberjackClient.ts';

export interface ShipperOptions {
  readonly port: number;
  readonly tls: ConnectionOptions;
  /** Connections that take windows in turn, as Filebeat's `worker` does. */
  readonly workers: number;
  readonly windowSize: number;
  /** Told after every acknowledgement how many events are acknowledged in all. */
  readonly onAcknowledged: (events: number) => void;
}

/**
 * Ships events as a Filebeat with several workers does: in windows, each sent again until it is acknowledged, whoever cuts the
 * connection and however often. The events of a file are in order here; on their way they need not stay so.
 */
export async function ship(events: readonly object[], options: ShipperOptions): Promise<void> {
  const { windowSize } = options;
  const windows: object[][] = [];
  for (let at = 0; at < events.length; at += windowSize) windows.push(events.slice(at, at + windowSize));
  let acknowledged = 0;
  const count = (sent: number): void => {
    acknowledged += sent;
    options.onAcknowledged(acknowledged);
  };
  const workers = Array.from({ length: options.workers }, () => new Worker(options, windows, count));
  await Promise.all(workers.map((worker) => worker.run()));
}

const RETRY_MS = 50;

class Worker {
  readonly #options: ShipperOptions;
  readonly #windows: object[][];
  readonly #count: (events: number) => void;
  #client: LumberjackClient | null = null;

  constructor(options: ShipperOptions, windows: object[][], count: (events: number) => void) {
    this.#options = options;
    this.#windows = windows;
    this.#count = count;
  }

  async run(): Promise<void> {
    for (let window = this.#windows.shift(); window !== undefined; window = this.#windows.shift()) {
      for (let left = window; left.length > 0; ) {
        const stored = await this.#send(left);
        this.#count(stored);
        left = left.slice(stored);
      }
    }
    this.#client?.cut();
  }

  /** How many of the events, from the first, are acknowledged; none if the connection can't be had or is cut before. */
  async #send(events: readonly object[]): Promise<number> {
    let client = this.#client;
    try {
      client ??= await LumberjackClient.connect({ port: this.#options.port, tls: this.#options.tls });
      this.#client = client;
      const before = client.acks.length;
      try {
        await client.send(events, { compress: true });
      } catch {
        this.#client = null;
      }
      return Math.max(0, ...client.acks.slice(before));
    } catch {
      await new Promise((wake) => {
        setTimeout(wake, RETRY_MS);
      });
      return 0;
    }
  }
}

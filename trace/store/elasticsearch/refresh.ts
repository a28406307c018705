import { StoreError } from '../errors.ts';
import type { Parts } from './parts.ts';

export class Refresher {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async refresh(_limit: number): Promise<{ readonly refreshed: number; readonly remaining: number }> {
    return Promise.reject(new StoreError('io', `not there yet: ${this.#parts.cluster.names.records}`));
  }

  async close(): Promise<void> {
    return Promise.resolve();
  }
}

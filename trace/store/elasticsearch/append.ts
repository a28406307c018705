import type { StoredRecord } from '../../record.ts';
import { StoreError } from '../errors.ts';
import type { AppendResult } from '../traceStore.ts';
import type { Parts } from './parts.ts';

export class Appender {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async append(_records: readonly StoredRecord[], _checkpoints?: ReadonlyMap<string, string>): Promise<AppendResult> {
    return Promise.reject(new StoreError('io', `not there yet: ${this.#parts.cluster.names.records}`));
  }
}

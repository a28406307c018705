import { StoreError } from '../errors.ts';
import type { Statistics, StatisticsQuery } from '../traceStore.ts';
import type { Parts } from './parts.ts';

export async function statistics(_parts: Parts, _query: StatisticsQuery): Promise<Statistics> {
  return Promise.reject(new StoreError('io', 'not there yet'));
}

import { StoreError } from '../errors.ts';
import type { StoreInfo } from '../traceStore.ts';
import type { Parts } from './parts.ts';

export async function readInfo(_parts: Parts): Promise<StoreInfo> {
  return Promise.reject(new StoreError('io', 'not there yet'));
}

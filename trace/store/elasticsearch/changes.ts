import { StoreError } from '../errors.ts';
import type { Changes } from '../traceStore.ts';
import type { Parts } from './parts.ts';

export async function changesAfter(_parts: Parts, _revision: number, _limit: number): Promise<Changes> {
  return Promise.reject(new StoreError('io', 'not there yet'));
}

export async function newestRevision(_parts: Parts): Promise<number> {
  return Promise.reject(new StoreError('io', 'not there yet'));
}

import type { StoredRecord } from '../../record.ts';
import type { Trace } from '../../trace.ts';
import { StoreError } from '../errors.ts';
import type { TraceKey } from '../traceStore.ts';
import type { Parts } from './parts.ts';

export async function findKeys(
  _p: Parts,
  _id: string,
  _channel: string | undefined,
  _limit: number,
): Promise<TraceKey[]> {
  return Promise.reject(new StoreError('io', 'not there yet'));
}
export async function traceOf(_parts: Parts, _key: TraceKey): Promise<Trace | null> {
  return Promise.reject(new StoreError('io', 'not there yet'));
}
export async function recordsOf(_parts: Parts, _key: TraceKey): Promise<StoredRecord[]> {
  return Promise.reject(new StoreError('io', 'not there yet'));
}

import { StoreError } from '../errors.ts';
import type { Parts } from './parts.ts';

export async function dropBefore(
  _parts: Parts,
  _time: string,
): Promise<{ readonly records: number; readonly traces: number }> {
  return Promise.reject(new StoreError('io', 'not there yet'));
}

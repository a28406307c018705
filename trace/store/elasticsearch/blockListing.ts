import { StoreError } from '../errors.ts';
import type { BlockSummary, Page } from '../traceStore.ts';
import type { Parts } from './parts.ts';

export async function listBlocks(
  _parts: Parts,
  _query: { readonly channel?: string; readonly limit?: number; readonly cursor?: string },
): Promise<Page<BlockSummary>> {
  return Promise.reject(new StoreError('io', 'not there yet'));
}

export async function findBlock(_parts: Parts, _channel: string, _number: number): Promise<BlockSummary | null> {
  return Promise.reject(new StoreError('io', 'not there yet'));
}

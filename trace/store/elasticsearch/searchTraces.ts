import type { TraceSummary } from '../../trace.ts';
import { StoreError } from '../errors.ts';
import type { Page, TraceQuery } from '../traceStore.ts';
import type { Parts } from './parts.ts';

export async function searchTraces(_parts: Parts, _query: TraceQuery): Promise<Page<TraceSummary>> {
  return Promise.reject(new StoreError('io', 'not there yet'));
}

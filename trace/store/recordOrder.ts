import type { StoredRecord } from '../record.ts';
import { approximateTime } from './time.ts';

/** In time order, then by ID. */
export function inTimeOrder(records: readonly StoredRecord[]): StoredRecord[] {
  return records
    .map((stored) => ({ stored, time: approximateTime(stored.record['@timestamp']) }))
    .toSorted((a, b) => a.time - b.time || (a.stored.id < b.stored.id ? -1 : 1))
    .map(({ stored }) => stored);
}

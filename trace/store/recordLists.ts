import type { StoredRecord } from '../record.ts';
import { approximateTime } from './time.ts';

/** In time order, then by ID. */
export function inTimeOrder(records: readonly StoredRecord[]): StoredRecord[] {
  return records
    .map((stored) => ({ stored, time: approximateTime(stored.record['@timestamp']) }))
    .toSorted((a, b) => a.time - b.time || (a.stored.id < b.stored.id ? -1 : 1))
    .map(({ stored }) => stored);
}

/** Each record once: one may reach a trace on two ways (two blocks and a range over both). */
export function distinct(records: readonly StoredRecord[]): StoredRecord[] {
  const seen = new Set<string>();
  return records.filter(({ id }) => {
    if (seen.has(id)) return false;
    seen.add(id);
    return true;
  });
}

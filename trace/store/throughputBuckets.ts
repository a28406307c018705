import { StoreError } from './errors.ts';
import type { StatisticsQuery } from './traceStore.ts';

const MOST_BUCKETS = 2000;

/**
 * Microseconds of a bucket: as asked for, else such that there are about 60. `first` and `last`: the times to be covered.
 * @throws StoreError `invalid_query` for one that would make too many
 */
export function bucketWidth(query: StatisticsQuery, first: number | null, last: number | null): number {
  const span = first === null || last === null ? 0 : last - first + 1;
  if (query.bucketUs !== undefined) {
    const asked = Math.max(1, Math.round(query.bucketUs));
    if (!Number.isSafeInteger(asked) || span / asked > MOST_BUCKETS) {
      throw new StoreError('invalid_query', `bucketUs would give more than ${MOST_BUCKETS} buckets.`);
    }
    return asked;
  }
  // About 60, of a width that reads well: 1, 2 or 5 times a power of ten.
  const wanted = Math.max(1, span / 60);
  const power = 10 ** Math.floor(Math.log10(wanted));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= wanted) ?? 10);
}

/**
 * Percentiles of the nearest rank out of Elasticsearch's `percentiles`, which interpolates between neighbours. Below twenty times
 * its compression, a digest keeps every value, sorted, and puts the percentage p at the place p / 100 × (count − 1): asked for
 * exactly the percentage of a place, it gives the value that stands there. So the count has to be known first.
 */
const COMPRESSION = 1024;

/** Values up to which the answers are exact. */
export const EXACT_UP_TO = 20_000;

export interface RankAnswer {
  readonly values: readonly { readonly key: number; readonly value: number | null }[];
}

/** The aggregation for these fractions (0 to 1) of `count` values of a field. */
export function nearestRanks(field: string, fractions: readonly number[], count: number): object {
  const percents = [...new Set(fractions.map((fraction) => percentOf(fraction, count)))].toSorted((a, b) => a - b);
  return { percentiles: { field, percents, keyed: false, tdigest: { compression: COMPRESSION } } };
}

/** The values that it gave, whole numbers, one a fraction; null where there are none. */
export function ranksOf({ values }: RankAnswer, fractions: readonly number[], count: number): (number | null)[] {
  return fractions.map((fraction) => {
    const percent = percentOf(fraction, count);
    const found = values.find(({ key }) => Math.abs(key - percent) < 1e-9)?.value;
    return typeof found === 'number' && Number.isFinite(found) ? Math.round(found) : null;
  });
}

function percentOf(fraction: number, count: number): number {
  if (count < 2) return 0;
  const place = Math.max(0, Math.ceil(count * fraction) - 1);
  return Math.min(100, (100 * place) / (count - 1));
}

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { TimeWindow } from '../model/range.ts';
import { isoOf } from '../model/time.ts';
import { type ApiError, getJson, paths } from './client.ts';
import type { LeaderList, Statistics, TraceList } from './types.ts';

const SOMETIMES = 10_000;
const RARELY = 60_000;
/** A minute in which to catch up with what the nodes still had to tell, milliseconds. */
const SETTLED = 60_000;
/** Of the time that the server took for an answer, so often is it asked again: it is to have time for others. */
const EASE = 20;

interface Answered {
  readonly statistics: Statistics;
  /** Milliseconds that the answer took. */
  readonly took: number;
  readonly window: TimeWindow;
}

interface Asked {
  readonly channel: string | null;
  readonly window: TimeWindow;
  /** Of the throughput; chosen by the server unless told. */
  readonly bucketMs?: number;
  readonly enabled?: boolean;
}

/**
 * Outcomes, throughput and who called whom in a time. While another time is asked for the answer before stays, with its own
 * `window`. What may still change is asked for again by itself.
 */
export function useStatistics({ channel, window, bucketMs, enabled = true }: Asked) {
  return useQuery<Answered, ApiError>({
    queryKey: ['statistics', channel, window.from, window.to, bucketMs ?? null],
    queryFn: async ({ signal }) => {
      const began = performance.now();
      const statistics = await getJson<Statistics>(
        paths.statistics({
          from: isoOf(window.from),
          to: isoOf(window.to),
          ...(channel === null ? {} : { channel }),
          ...(bucketMs === undefined ? {} : { bucketUs: bucketMs * 1000 }),
        }),
        signal,
      );
      return { statistics, took: performance.now() - began, window };
    },
    enabled,
    placeholderData: keepPreviousData,
    staleTime: () => (window.to < Date.now() - SETTLED ? RARELY : SOMETIMES / 2),
    refetchInterval: ({ state: { data } }) =>
      window.to < Date.now() - SETTLED ? false : Math.max(SOMETIMES, EASE * (data?.took ?? 0)),
  });
}

/** Who led when, on all channels. */
export function useLeaders() {
  return useQuery<LeaderList, ApiError>({
    queryKey: ['leaders'],
    queryFn: ({ signal }) => getJson<LeaderList>(paths.leaders(), signal),
    refetchInterval: SOMETIMES,
  });
}

/** Milliseconds since 1970 at which the newest transaction began; null without any. */
export function useNewest(channel: string | null) {
  return useQuery<number | null, ApiError>({
    queryKey: ['newest', channel],
    queryFn: async ({ signal }) => {
      const query = { sort: 'startedAt', order: 'desc', limit: 1, ...(channel === null ? {} : { channel }) } as const;
      const { items } = await getJson<TraceList>(paths.traces(query), signal);
      const started = Date.parse(items[0]?.startedAt ?? '');
      return Number.isNaN(started) ? null : started;
    },
    refetchInterval: SOMETIMES,
  });
}

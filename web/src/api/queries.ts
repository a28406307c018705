import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { type ApiError, getJson, paths } from './client.ts';
import type { ChannelList, FindingCatalogue, RecordList, Trace, TraceList, TraceListQuery } from './types.ts';

const PAGE = 100;
/** A trace that lacks commits may still grow: ask again while it is young. */
const YOUNG_MS = 2 * 60_000;

export function useTrace(txId: string, channel: string | undefined, exact: boolean) {
  return useQuery<Trace, ApiError>({
    queryKey: ['trace', channel ?? null, txId, exact],
    queryFn: ({ signal }) => getJson<Trace>(paths.trace(txId, channel, exact), signal),
    refetchInterval: ({ state: { data } }) => {
      if (data === undefined) return false;
      const unfinished = data.code === null || data.missing.length > 0;
      const age = data.startedAt === null ? Infinity : Date.now() - Date.parse(data.startedAt);
      return unfinished && age < YOUNG_MS ? 3000 : false;
    },
  });
}

export function useRecords(trace: Pick<Trace, 'channel' | 'txId' | 'txIdPrefix'>, enabled: boolean) {
  return useQuery<RecordList, ApiError>({
    queryKey: ['records', trace.channel, trace.txId],
    queryFn: ({ signal }) =>
      getJson<RecordList>(paths.records(trace.txId, trace.channel, trace.txIdPrefix === trace.txId), signal),
    enabled,
  });
}

/** How many transactions the block holds; undefined while (or if) that is not known. */
export function useBlockSize(channel: string, number: number | undefined): number | undefined {
  const { data } = useQuery<{ txCount: number | null }, ApiError>({
    queryKey: ['block', channel, number],
    queryFn: ({ signal }) => getJson(paths.block(channel, number ?? 0), signal),
    enabled: number !== undefined,
    staleTime: Infinity,
  });
  return data?.txCount ?? undefined;
}

/** `makeQuery` is asked at the first page only, so that times relative to now stay put while one scrolls on. */
export function useTraces(key: readonly unknown[], makeQuery: () => TraceListQuery) {
  return useInfiniteQuery<TraceList, ApiError, TraceList[], readonly unknown[], TraceListQuery | null>({
    queryKey: ['traces', ...key],
    initialPageParam: null,
    queryFn: ({ pageParam, signal }) =>
      getJson<TraceList>(paths.traces(pageParam ?? { ...makeQuery(), limit: PAGE }), signal),
    getNextPageParam: (last, _pages, lastParam) =>
      last.next === null ? undefined : { ...(lastParam ?? { ...makeQuery(), limit: PAGE }), cursor: last.next },
    select: (data) => data.pages,
  });
}

export function useChannels() {
  return useQuery<ChannelList, ApiError>({
    queryKey: ['channels'],
    queryFn: ({ signal }) => getJson<ChannelList>(paths.channels(), signal),
    staleTime: 60_000,
  });
}

export function useFindingCatalogue() {
  return useQuery<FindingCatalogue, ApiError>({
    queryKey: ['findings'],
    queryFn: ({ signal }) => getJson<FindingCatalogue>(paths.findings(), signal),
    staleTime: Infinity,
  });
}

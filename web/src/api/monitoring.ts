import { queryOptions, useMutation, useQueries, useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { TimeWindow } from '../model/range.ts';
import { ApiError, changeJson, getJson, paths } from './client.ts';
import type {
  AlertList,
  LogSpecChange,
  LogSpecState,
  MonitoringState,
  NodeHealth,
  NodeList,
  NodeMetrics,
} from './types.ts';

/** Milliseconds between two looks. The server reads the nodes every five seconds, and holds what they say of their health for three. */
const OFTEN = 5000;
const SOMETIMES = 15_000;
const RARELY = 60_000;

// Without trying again: the server has tried, and these look again by themselves.
const ONCE = { retry: false, staleTime: 2000 } as const;

export function useNodes() {
  return useQuery<NodeList, ApiError>({
    queryKey: ['nodes'],
    queryFn: ({ signal }) => getJson<NodeList>(paths.nodes(), signal),
    refetchInterval: SOMETIMES,
  });
}

const MONITORING = {
  ...ONCE,
  queryKey: ['monitoring'],
  queryFn: ({ signal }: { signal: AbortSignal }) => getJson<MonitoringState>(paths.monitoring(), signal),
};

/**
 * Where metrics and alerts come from, and the health of all nodes that are watched.
 * @param everyMs how often it is asked, while any is
 */
export function useMonitoring(everyMs = OFTEN) {
  return useQuery<MonitoringState, ApiError>({
    ...MONITORING,
    refetchInterval: ({ state: { data } }) => (data?.items.length === 0 ? RARELY : everyMs),
  });
}

/** Whether anything stands behind the alerts: FTL's own rules need nodes to look at. Undefined until it is known. */
export function useAlertsWatched(): boolean | undefined {
  const { data } = useMonitoring(RARELY);
  return data === undefined ? undefined : data.alerts !== 'own' || data.items.length > 0;
}

export type HealthNow = Pick<NodeHealth, 'id' | 'kind' | 'health' | 'failedChecks' | 'problem'>;

/** The health alone, by node ID: the same map until something changes. */
export function useHealthNow(): ReadonlyMap<string, HealthNow> {
  const { data } = useQuery<MonitoringState, ApiError, HealthNow[]>({
    ...MONITORING,
    refetchInterval: ({ state: { data: known } }) => (known?.items.length === 0 ? RARELY : OFTEN),
    select: ({ items }) =>
      items.map(({ id, kind, health, failedChecks, problem }) => ({ id, kind, health, failedChecks, problem })),
  });
  return useMemo(() => new Map(data?.map((one) => [one.id, one])), [data]);
}

/** Health of one node; null for one that is not watched. */
export function useNodeHealth(id: string) {
  return useQuery<NodeHealth | null, ApiError>({
    ...ONCE,
    queryKey: ['health', id],
    queryFn: ({ signal }) =>
      getJson<NodeHealth>(paths.nodeHealth(id), signal).catch((error: unknown) => {
        if (error instanceof ApiError && error.problem.code === 'node_not_monitored') return null;
        throw error;
      }),
    refetchInterval: ({ state: { data } }) => (data === null ? RARELY : OFTEN),
  });
}

/** @param node ID of the one that they are to concern; all without it */
export function useAlerts(node?: string) {
  return useQuery<AlertList, ApiError>({
    ...ONCE,
    queryKey: ['alerts', node ?? null],
    queryFn: ({ signal }) => getJson<AlertList>(paths.alerts(node), signal),
    refetchInterval: node === undefined ? 2 * OFTEN : OFTEN,
  });
}

/**
 * @param key what the window stands for: `1h` up to now is the same a minute later
 * @param makeWindow asked each time
 */
export function useNodeMetrics(id: string, key: string, makeWindow: () => TimeWindow) {
  return useQuery<NodeMetrics, ApiError>({
    ...ONCE,
    queryKey: ['metrics', id, key],
    queryFn: ({ signal }) => getJson<NodeMetrics>(paths.nodeMetrics(id, makeWindow()), signal),
    refetchInterval: () => (makeWindow().to < Date.now() - RARELY ? false : OFTEN),
  });
}

/** Of several nodes over the same time: what came, and what went wrong. */
export function useMetricsOf(ids: readonly string[], window: TimeWindow) {
  return useQueries({
    queries: ids.map((id) =>
      queryOptions<NodeMetrics, ApiError>({
        ...ONCE,
        queryKey: ['metrics', id, `${window.from} ${window.to}`],
        queryFn: ({ signal }) => getJson<NodeMetrics>(paths.nodeMetrics(id, window), signal),
        refetchInterval: () => (window.to < Date.now() - RARELY ? false : OFTEN),
      }),
    ),
  });
}

export function useLogSpec(id: string, enabled: boolean) {
  return useQuery<LogSpecState, ApiError>({
    ...ONCE,
    queryKey: ['logspec', id],
    queryFn: ({ signal }) => getJson<LogSpecState>(paths.logSpec(id), signal),
    enabled,
    refetchInterval: OFTEN,
  });
}

/** Null takes back what was changed for a while. */
export function useChangeLogSpec(id: string) {
  const queries = useQueryClient();
  return useMutation<LogSpecState, ApiError, LogSpecChange | null>({
    mutationFn: (change) =>
      change === null
        ? changeJson<LogSpecState>('DELETE', paths.logSpec(id))
        : changeJson<LogSpecState>('PUT', paths.logSpec(id), change),
    onMutate: () => queries.cancelQueries({ queryKey: ['logspec', id] }),
    onSuccess: (state) => queries.setQueryData(['logspec', id], state),
  });
}

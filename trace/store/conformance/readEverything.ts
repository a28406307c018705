import type { TraceSummary } from '../../trace.ts';
import { TRACE_SORTS, type Page, type TraceKey, type TraceStore } from '../traceStore.ts';

/** Refreshes until nothing remains. */
export async function refreshAll(store: TraceStore): Promise<void> {
  while ((await store.refresh()).remaining > 0);
}

/** All pages of a list. */
export async function allPages<T>(page: (cursor: string | undefined) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const { items: more, next } = await page(cursor);
    items.push(...more);
    cursor = next ?? undefined;
  } while (cursor !== undefined);
  return items;
}

/** Everything that a store says, whatever the order in which its records came; `changes` without revisions. */
export async function readEverything(store: TraceStore): Promise<unknown> {
  await refreshAll(store);
  const lists: Record<string, TraceSummary[]> = {};
  for (const sort of TRACE_SORTS) {
    for (const order of ['asc', 'desc'] as const) {
      lists[`${sort} ${order}`] = await allPages((cursor) =>
        store.traces({ sort, order, limit: 4, ...(cursor !== undefined && { cursor }) }),
      );
    }
  }
  const keys: TraceKey[] = (lists['startedAt asc'] ?? []).map(({ channel, txId }) => ({ channel, txId }));
  const traces = [];
  for (const key of keys) {
    const found = await store.find(key.txId, { limit: 100 });
    const whole = await store.find(key.txId, { limit: 100, isWhole: true });
    traces.push({ key, trace: await store.trace(key), records: await store.records(key), found, whole });
  }
  const changes = await store.changes(0, { limit: 1000 });
  const { records, traces: count } = await store.info();
  return {
    lists,
    traces,
    blocks: await allPages((cursor) => store.blocks({ limit: 2, ...(cursor !== undefined && { cursor }) })),
    nodes: await store.nodes(),
    leaders: await store.leaders(),
    channels: await store.channels(),
    statistics: await store.statistics({}),
    changed: changes.traces.map(({ channel, txId }) => `${txId} ${channel}`).toSorted(),
    changedBlocks: changes.blocks.map(({ channel, number }) => `${channel} ${number}`).toSorted(),
    records,
    count,
  };
}

import { createHash } from 'node:crypto';
import type { TraceStore } from '#trace/store/traceStore.ts';
import { TRACE_SORTS } from '#trace/store/traceStore.ts';
import type { TraceSummary } from '#trace/trace.ts';

export interface Contents {
  readonly records: number;
  /** Of all records, sorted by ID. */
  readonly hash: string;
  readonly traces: number;
  /** Of all summaries in one order. */
  readonly summaries: string;
}

/** All that a store holds, as numbers and hashes that two stores with the same in them agree on. A record that is there twice counts twice. */
export async function contentsOf(store: TraceStore): Promise<Contents> {
  while ((await store.refresh()).remaining > 0);
  const lines: string[] = [];
  for (let after: string | null = null; ; ) {
    const { records, next } = await store.exportRecords(after, { limit: 2000 });
    for (const { id, record } of records) lines.push(`${id} ${JSON.stringify(sorted(record))}`);
    if (next === null) break;
    after = next;
  }
  const summaries: TraceSummary[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: Awaited<ReturnType<TraceStore['traces']>> = await store.traces({
      limit: 1000,
      sort: TRACE_SORTS[0],
      ...(cursor === '' ? {} : { cursor }),
    });
    summaries.push(...page.items);
    cursor = page.next;
  }
  return {
    records: lines.length,
    hash: hashOf(lines.toSorted()),
    traces: summaries.length,
    summaries: hashOf(summaries.map((summary) => JSON.stringify(summary))),
  };
}

function hashOf(lines: readonly string[]): string {
  const hash = createHash('sha256');
  for (const line of lines) hash.update(line).update('\n');
  return hash.digest('hex');
}

/** Keys in one order: a store need not keep it. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

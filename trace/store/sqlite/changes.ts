import { StoreError } from '../errors.ts';
import type { Changes } from '../traceStore.ts';
import { readCounter } from './counters.ts';
import type { Row } from './database.ts';
import type { Parts } from './parts.ts';
import { SUMMARY_COLUMNS, toSummary } from './search.ts';

const MOST_BLOCKS = 10_000;

/**
 * Summaries and blocks in the order in which they last changed. Revisions are in the file, so that a process sees what another
 * has written. To be called within one snapshot.
 */
export function changesAfter(parts: Parts, revision: number, limit: number): Changes {
  if (!Number.isSafeInteger(revision) || revision < 0 || !Number.isInteger(limit) || limit < 1) {
    throw new StoreError('invalid_query', 'A revision is 0 or more, a limit 1 or more.');
  }
  const { db, channels } = parts;
  const traces = db.all(
    `SELECT ${SUMMARY_COLUMNS}, revision FROM summary INDEXED BY summary_revision CROSS JOIN tx ON tx.key = summary.tx
     WHERE revision > ? ORDER BY revision LIMIT ?`,
    revision,
    limit,
  );
  const blocks = db.all(
    'SELECT channel, number, revision FROM block WHERE revision > ? ORDER BY revision LIMIT ?',
    revision,
    MOST_BLOCKS,
  );
  // Where either list was cut, the other is cut at the same place.
  const newest = Math.max(revision, readCounter(db, 'revision'));
  const cut = Math.min(
    newest,
    traces.length === limit ? lastOf(traces) : newest,
    blocks.length === MOST_BLOCKS ? lastOf(blocks) : newest,
  );
  const within = (row: Row) => (row.at(-1) as number) <= cut;
  return {
    revision: cut,
    traces: traces.filter(within).map((row) => toSummary(parts, row)),
    blocks: blocks
      .filter(within)
      .map(([channel, number]) => ({ channel: channels.nameOf(channel as number), number: number as number })),
  };
}

function lastOf(rows: readonly Row[]): number {
  return rows.at(-1)?.at(-1) as number;
}

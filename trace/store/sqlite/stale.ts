import type { Database } from './database.ts';

/**
 * What stands for many dirty transactions at once (table `stale`), so that a record about a block or the network costs one row
 * when it comes; refresh expands it.
 */
export const STALE_ALL = 0;
/** Transactions in blocks `first` to `until` of the channel. */
export const STALE_BLOCKS = 1;
/** Transactions in blocks of the channel that have a record at or after the time `first`. */
export const STALE_SINCE = 2;
/** All transactions of the channel. */
export const STALE_CHANNEL = 3;
/** Transactions, of whatever channel, whose records count from a time between `first` and `until`. */
export const STALE_TIMES = 4;

export function markStale(db: Database, what: number, channel = 0, first = 0, until = 0): void {
  db.prepare('INSERT OR IGNORE INTO stale (what, channel, first, until) VALUES (?, ?, ?, ?)').run(
    what,
    channel,
    first,
    until,
  );
}

const EXPANSIONS: Readonly<Record<number, string>> = {
  [STALE_ALL]: 'SELECT key FROM tx WHERE ?1 IS NOT NULL AND ?2 IS NOT NULL AND ?3 IS NOT NULL',
  [STALE_BLOCKS]: `SELECT member.tx FROM block CROSS JOIN member ON member.block = block.key
    WHERE block.number BETWEEN ?2 AND ?3 AND block.channel = ?1`,
  [STALE_SINCE]: `SELECT member.tx FROM block CROSS JOIN member ON member.block = block.key
    WHERE block.channel = ?1 AND block.last >= ?2 AND ?3 IS NOT NULL`,
  [STALE_CHANNEL]: 'SELECT key FROM tx WHERE channel = ?1 AND ?2 IS NOT NULL AND ?3 IS NOT NULL',
  [STALE_TIMES]: 'SELECT key FROM tx WHERE ?1 IS NOT NULL AND base BETWEEN ?2 AND ?3',
};

/** Turns all of it into dirty transactions. Inside a write transaction. */
export function expandStale(db: Database): void {
  const rows = db.all('SELECT what, channel, first, until FROM stale') as [number, number, number, number][];
  if (rows.length === 0) return;
  for (const [what, channel, first, until] of rows) {
    const sql = EXPANSIONS[what];
    if (sql !== undefined) db.run(`INSERT OR IGNORE INTO dirty (tx) ${sql}`, channel, first, until);
  }
  db.run('DELETE FROM stale');
}

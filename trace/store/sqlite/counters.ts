import type { Database } from './database.ts';

/** Counters of the whole store, kept in the file so that every process sees the same. */
export type Counter = 'records' | 'facts' | 'revision';

export function readCounter(db: Database, counter: Counter): number {
  return db.number('SELECT value FROM meta WHERE name = ?', counter);
}

/** Inside a write transaction only. */
export function writeCounter(db: Database, counter: Counter, value: number): void {
  db.prepare('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)').run(counter, value);
}

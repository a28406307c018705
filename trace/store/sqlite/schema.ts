import { StoreError } from '../errors.ts';
import type { Database } from './database.ts';

/** `PRAGMA application_id` of a store: "FTLs". Tells our files from any other SQLite database. */
const APPLICATION_ID = 0x46544c73;

/**
 * Version 1. Why it looks like this: docs/adr/0002-compact-record-store.md.
 *
 * Integer keys stand for whatever repeats. Times are microseconds. `data` columns are byte strings whose layout the codecs
 * (recordTemplate.ts, summaryCodec.ts, txLists.ts) define.
 */
const VERSION_1 = `
-- Counters and settings: records, revision, facts.
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE checkpoint (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- Interned text: record templates, identities, shapes. Never changed, never deleted.
CREATE TABLE dict (key INTEGER PRIMARY KEY, hash INTEGER NOT NULL, text TEXT NOT NULL);
CREATE INDEX dict_hash ON dict (hash);

-- Channel 0 stands for "none named".
CREATE TABLE channel (key INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);

-- One row per transaction ID and channel. kind: 0 full ID, 1 shortened ID, 2 a full ID without a channel that a shortened ID
-- places in this channel. id: 32 bytes where it is 64 hex digits, else text. base: what the record times count from.
CREATE TABLE tx (key INTEGER PRIMARY KEY, channel INTEGER NOT NULL, kind INTEGER NOT NULL, id NOT NULL, base INTEGER NOT NULL);
-- Eight bytes find the row (and serve prefixes of up to 16 digits); the rest of the ID is compared in the row.
CREATE INDEX tx_id ON tx (CASE WHEN typeof(id) = 'blob' THEN substr(id, 1, 8) ELSE id END);
CREATE INDEX tx_text ON tx (id) WHERE typeof(id) = 'text';
-- To know quickly that there are none: shortened IDs by length, rows that shortened IDs have placed, IDs without a channel.
CREATE INDEX tx_kind ON tx (kind, length(id)) WHERE kind <> 0;
CREATE INDEX tx_without_channel ON tx (channel) WHERE channel = 0 AND kind = 0;

-- Records of scope tx, clustered by transaction. id: 8 bytes.
CREATE TABLE record (tx INTEGER NOT NULL, id BLOB NOT NULL, data BLOB NOT NULL, PRIMARY KEY (tx, id)) WITHOUT ROWID;

CREATE TABLE block (
  key INTEGER PRIMARY KEY, channel INTEGER NOT NULL, number INTEGER NOT NULL,
  base INTEGER NOT NULL, last INTEGER NOT NULL, revision INTEGER NOT NULL
);
CREATE UNIQUE INDEX block_number ON block (number, channel);
CREATE INDEX block_revision ON block (revision);
-- Records of scope block, once per block.
CREATE TABLE block_record (block INTEGER NOT NULL, id BLOB NOT NULL, data BLOB NOT NULL, PRIMARY KEY (block, id)) WITHOUT ROWID;
-- Which transactions a block holds, told by any record.
CREATE TABLE member (block INTEGER NOT NULL, tx INTEGER NOT NULL, PRIMARY KEY (block, tx)) WITHOUT ROWID;
CREATE INDEX member_tx ON member (tx);
-- Distinct lists of transactions (\`txs\`): the records of several nodes share one. Keys are never used again.
CREATE TABLE tx_list (key INTEGER PRIMARY KEY AUTOINCREMENT, block INTEGER NOT NULL, hash INTEGER NOT NULL, data BLOB NOT NULL);
CREATE INDEX tx_list_block ON tx_list (block, hash);

-- Records about a range of blocks. level: floor(log2(length)), so that a lookup needs one narrow probe per level.
CREATE TABLE range_record (
  channel INTEGER NOT NULL, level INTEGER NOT NULL, first INTEGER NOT NULL, id BLOB NOT NULL,
  last INTEGER NOT NULL, time INTEGER NOT NULL, json TEXT NOT NULL, PRIMARY KEY (channel, level, first, id)
) WITHOUT ROWID;
-- Network-scope records.
CREATE TABLE fact (id BLOB PRIMARY KEY, time INTEGER NOT NULL, content INTEGER NOT NULL, json TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX fact_content ON fact (content);
-- Records that name neither a transaction nor a block: kept, though nothing shows them.
CREATE TABLE loose (id BLOB PRIMARY KEY, time INTEGER NOT NULL, json TEXT NOT NULL) WITHOUT ROWID;

-- Streams seen, by the writer's name; and the highest block that each writer committed.
CREATE TABLE stream (name TEXT PRIMARY KEY, type TEXT, first INTEGER NOT NULL, last INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE height (channel INTEGER NOT NULL, node TEXT NOT NULL, block INTEGER NOT NULL, PRIMARY KEY (channel, node)) WITHOUT ROWID;

-- Work for refresh: transactions, and what stands for many of them (stale.ts).
CREATE TABLE dirty (tx INTEGER PRIMARY KEY);
CREATE TABLE stale (what INTEGER NOT NULL, channel INTEGER NOT NULL, first INTEGER NOT NULL, until INTEGER NOT NULL,
  PRIMARY KEY (what, channel, first, until)) WITHOUT ROWID;

-- What refresh makes of the records. started, duration, block: -1 where there is none. tie: 48 bits of the trace ID.
CREATE TABLE shape (
  key INTEGER PRIMARY KEY AUTOINCREMENT, hash INTEGER NOT NULL, channel INTEGER NOT NULL, code TEXT, chaincode TEXT, function TEXT, creator TEXT,
  search TEXT NOT NULL, json TEXT NOT NULL
);
CREATE INDEX shape_hash ON shape (hash);
CREATE TABLE edges (key INTEGER PRIMARY KEY AUTOINCREMENT, hash INTEGER NOT NULL, json TEXT NOT NULL);
CREATE INDEX edges_hash ON edges (hash);
CREATE TABLE summary (
  tx INTEGER PRIMARY KEY, revision INTEGER NOT NULL, started INTEGER NOT NULL, tie INTEGER NOT NULL, duration INTEGER NOT NULL,
  block INTEGER NOT NULL, shape INTEGER NOT NULL, edges INTEGER NOT NULL, data BLOB NOT NULL
);
-- Holds all that statistics group by.
CREATE INDEX summary_started ON summary (started, tie, shape, edges);
CREATE INDEX summary_duration ON summary (duration, tie);
CREATE INDEX summary_block ON summary (block, tie);
CREATE INDEX summary_shape ON summary (shape, started, tie);
CREATE INDEX summary_revision ON summary (revision);
`;

/** One step per version: `MIGRATIONS[0]` makes version 1 of an empty file, `MIGRATIONS[n]` makes n + 1 of n. */
const MIGRATIONS: readonly string[] = [VERSION_1];
export const SCHEMA_VERSION = MIGRATIONS.length;

/** Brings the file to the schema of this program; refuses what is newer or not ours. */
export function migrate(db: Database): void {
  const version = db.number('PRAGMA user_version');
  const application = db.number('PRAGMA application_id');
  if (application !== APPLICATION_ID && (version !== 0 || db.number('SELECT count(*) FROM sqlite_schema') > 0)) {
    throw new StoreError('not_a_store', `${db.path} is a database of another program.`);
  }
  if (version > SCHEMA_VERSION) {
    throw new StoreError(
      'newer_version',
      `${db.path} has schema version ${version}, this program knows up to ${SCHEMA_VERSION}: update it.`,
    );
  }
  if (db.readOnly) {
    if (version < SCHEMA_VERSION) {
      throw new StoreError(
        'read_only',
        `${db.path} has to be brought to schema version ${SCHEMA_VERSION} by a writer first.`,
      );
    }
    return;
  }
  // Both take effect only before the first table is there.
  if (version === 0) db.exec('PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL');
  if (db.path !== ':memory:') db.exec('PRAGMA journal_mode = WAL');
  db.exec('PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864');
  if (version === SCHEMA_VERSION) return;
  db.write(() => {
    // Another process may have migrated while this one waited for the lock.
    const current = db.number('PRAGMA user_version');
    for (const step of MIGRATIONS.slice(current)) db.exec(step);
    if (current === 0) db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  });
}

import { setImmediate } from 'node:timers/promises';
import type { StoredRecord } from '../../record.ts';
import type { Trace, TraceSummary } from '../../trace.ts';
import { StoreError } from '../errors.ts';
import type {
  AppendResult,
  BlockSummary,
  Changes,
  ChannelSummary,
  ExportPage,
  LeaderTerm,
  NodeSummary,
  Page,
  Statistics,
  StatisticsQuery,
  StoreInfo,
  FindOptions,
  TraceKey,
  TraceQuery,
  TraceStore,
} from '../traceStore.ts';
import { Appender } from './append.ts';
import { findBlock, listBlocks } from './blockListing.ts';
import { changesAfter } from './changes.ts';
import { readCounter } from './counters.ts';
import { asStoreError, Database, type DatabaseOptions } from './database.ts';
import { exportRecords } from './exportRecords.ts';
import { findKeys, recordsOf, traceOf } from './lookup.ts';
import { listChannels, listLeaders, listNodes } from './networkListing.ts';
import { Parts } from './parts.ts';
import { refreshChunk } from './refresh.ts';
import { Retention } from './retention.ts';
import { SCHEMA_VERSION } from './schema.ts';
import { searchTraces } from './search.ts';
import { StatisticsRun } from './statistics.ts';

export type SqliteStoreOptions = DatabaseOptions;

/**
 * A store in one SQLite file; `:memory:` keeps it in memory. The parent folder is made. Several processes may use one file at
 * once: readers never wait for the writer, writers wait for each other up to the busy timeout.
 *
 * Rejects with `StoreError`: `not_a_store`, `newer_version`, `cannot_open`, `read_only`, `corrupt`.
 */
export async function openSqliteStore(path: string, options?: SqliteStoreOptions): Promise<TraceStore> {
  return new SqliteStore(new Database(path, options));
}

class SqliteStore implements TraceStore {
  readonly #parts: Parts;
  readonly #appender: Appender;

  constructor(db: Database) {
    this.#parts = new Parts(db);
    this.#appender = new Appender(this.#parts);
  }

  async append(records: readonly StoredRecord[], checkpoints?: ReadonlyMap<string, string>): Promise<AppendResult> {
    return this.#do(() => this.#appender.append(records, checkpoints));
  }

  async checkpoints(prefix = ''): Promise<Map<string, string>> {
    return this.#do(() => {
      const sql =
        'SELECT name, value FROM checkpoint WHERE name >= ?1 AND substr(name, 1, length(?1)) = ?1 ORDER BY name';
      return new Map(this.#parts.db.all(sql, prefix).map(([name, value]) => [name as string, value as string]));
    });
  }

  /** In chunks of 500 traces, a short transaction each; other work of the process goes on between them. */
  async refresh(
    options: { readonly limit?: number } = {},
  ): Promise<{ readonly refreshed: number; readonly remaining: number }> {
    const limit = options.limit ?? Infinity;
    let refreshed = 0;
    for (;;) {
      const chunk = this.#do(() => refreshChunk(this.#parts, limit - refreshed));
      refreshed += chunk.refreshed;
      if (chunk.remaining === 0 || refreshed >= limit) return { refreshed, remaining: chunk.remaining };
      await setImmediate();
    }
  }

  async find(idOrPrefix: string, options: FindOptions = {}): Promise<readonly TraceKey[]> {
    return this.#read(() => findKeys(this.#parts, idOrPrefix, options));
  }

  async trace(key: TraceKey): Promise<Trace | null> {
    return this.#read(() => traceOf(this.#parts, key));
  }

  async records(key: TraceKey): Promise<readonly StoredRecord[]> {
    return this.#read(() => recordsOf(this.#parts, key));
  }

  async traces(query: TraceQuery): Promise<Page<TraceSummary>> {
    return this.#read(() => searchTraces(this.#parts, query));
  }

  async blocks(query: {
    readonly channel?: string;
    readonly limit?: number;
    readonly cursor?: string;
  }): Promise<Page<BlockSummary>> {
    return this.#read(() => listBlocks(this.#parts, query));
  }

  async block(channel: string, number: number): Promise<BlockSummary | null> {
    return this.#read(() => findBlock(this.#parts, channel, number));
  }

  async nodes(): Promise<readonly NodeSummary[]> {
    return this.#read(() => listNodes(this.#parts));
  }

  async leaders(channel?: string): Promise<readonly LeaderTerm[]> {
    return this.#read(() => listLeaders(this.#parts, channel));
  }

  async channels(): Promise<readonly ChannelSummary[]> {
    return this.#read(() => listChannels(this.#parts));
  }

  async statistics(query: StatisticsQuery): Promise<Statistics> {
    const run = this.#read(() => new StatisticsRun(this.#parts, query));
    while (this.#read(() => run.step())) await setImmediate();
    return run.result();
  }

  async changes(revision: number, options: { readonly limit?: number } = {}): Promise<Changes> {
    return this.#read(() => changesAfter(this.#parts, revision, options.limit ?? 500));
  }

  async revision(): Promise<number> {
    return this.#do(() => readCounter(this.#parts.db, 'revision'));
  }

  async exportRecords(after: string | null, options: { readonly limit?: number } = {}): Promise<ExportPage> {
    return this.#read(() => exportRecords(this.#parts, after, options.limit));
  }

  async dropBefore(time: string): Promise<{ readonly records: number; readonly traces: number }> {
    const retention = this.#do(() => new Retention(this.#parts, time));
    while (this.#do(() => retention.step())) await setImmediate();
    return { records: retention.records, traces: retention.traces };
  }

  async info(): Promise<StoreInfo> {
    return this.#read(() => {
      const { db } = this.#parts;
      return {
        kind: 'sqlite',
        location: db.path,
        schemaVersion: SCHEMA_VERSION,
        records: readCounter(db, 'records'),
        traces: db.number('SELECT count(*) FROM summary'),
        bytes: db.bytes(),
      };
    });
  }

  async close(): Promise<void> {
    this.#parts.db.close();
  }

  /** Several reads of one snapshot. */
  #read<T>(work: () => T): T {
    return this.#do(() => this.#parts.db.read(work));
  }

  #do<T>(work: () => T): T {
    const { db } = this.#parts;
    if (db.closed) throw new StoreError('closed', 'The store is closed.');
    try {
      return work();
    } catch (error) {
      throw asStoreError(error, db.path);
    }
  }
}

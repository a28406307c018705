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
import { changesAfter, newestRevision } from './changes.ts';
import { readCheckpoints } from './checkpoints.ts';
import type { Connection } from './connection.ts';
import { exportRecords } from './exportRecords.ts';
import { readInfo } from './info.ts';
import { findKeys, recordsOf, traceOf } from './lookup.ts';
import { listChannels, listLeaders, listNodes } from './networkListing.ts';
import { Parts } from './parts.ts';
import { prepare } from './prepare.ts';
import { Refresher } from './refresh.ts';
import { dropBefore } from './retention.ts';
import { type Rollover, ROLLOVER_DEFAULTS } from './rollover.ts';
import { searchTraces } from './searchTraces.ts';
import { statistics } from './statistics.ts';

export interface ElasticsearchStoreOptions {
  /** Writes are refused. */
  readonly readOnly?: boolean;
  /** Rejects with `cannot_open` instead of making templates and indices. */
  readonly mustExist?: boolean;
  readonly rollover?: Rollover;
}

/**
 * A store in an Elasticsearch cluster. Any number of processes on any number of hosts may write, refresh and read at the same
 * time. How it differs from what `TraceStore` promises of one file:
 *
 * - There are no transactions. `append` writes checkpoints after everything else is acknowledged: a crash in between leaves
 *   records that will be sent again, and are known by their IDs then.
 * - This process sees at once what it has appended; what another has appended, `trace`, `records` and `find` see after the
 *   `refresh_interval` of the records' index at the latest (5 seconds unless told in the component template `<prefix>-custom`).
 *   Summaries are seen by all as soon as `refresh` returns.
 * - Summaries are made by one process at a time (documents.ts, `FollowerDocument`); `refresh` of any other waits its turn for a
 *   moment and then tells what remains.
 * - A record that comes again after the index that holds it was rolled over counts as new; refresh puts the second one out.
 *
 * The connection is closed with the store. Rejects with `StoreError`.
 */
export async function openElasticsearchStore(
  connection: Connection,
  options: ElasticsearchStoreOptions = {},
): Promise<TraceStore> {
  const parts = new Parts(connection);
  try {
    await prepare(parts.cluster, { mustExist: options.mustExist === true || options.readOnly === true });
  } catch (error) {
    await connection.close();
    throw error;
  }
  return new ElasticsearchStore(parts, options);
}

class ElasticsearchStore implements TraceStore {
  readonly #parts: Parts;
  readonly #appender: Appender;
  readonly #refresher: Refresher;
  readonly #readOnly: boolean;

  constructor(parts: Parts, options: ElasticsearchStoreOptions) {
    this.#parts = parts;
    this.#appender = new Appender(parts);
    this.#refresher = new Refresher(parts, options.rollover ?? ROLLOVER_DEFAULTS);
    this.#readOnly = options.readOnly === true;
  }

  async append(records: readonly StoredRecord[], checkpoints?: ReadonlyMap<string, string>): Promise<AppendResult> {
    return this.#writing().#appender.append(records, checkpoints);
  }

  async checkpoints(prefix = ''): Promise<Map<string, string>> {
    return readCheckpoints(this.#open(), prefix);
  }

  async refresh(
    options: { readonly limit?: number } = {},
  ): Promise<{ readonly refreshed: number; readonly remaining: number }> {
    return this.#writing().#refresher.refresh(options.limit ?? Infinity);
  }

  async find(idOrPrefix: string, options: FindOptions = {}): Promise<readonly TraceKey[]> {
    return findKeys(this.#open(), idOrPrefix, options);
  }

  async trace(key: TraceKey): Promise<Trace | null> {
    return traceOf(this.#open(), key);
  }

  async records(key: TraceKey): Promise<readonly StoredRecord[]> {
    return recordsOf(this.#open(), key);
  }

  async traces(query: TraceQuery): Promise<Page<TraceSummary>> {
    return searchTraces(this.#open(), query);
  }

  async blocks(query: {
    readonly channel?: string;
    readonly limit?: number;
    readonly cursor?: string;
  }): Promise<Page<BlockSummary>> {
    return listBlocks(this.#open(), query);
  }

  async block(channel: string, number: number): Promise<BlockSummary | null> {
    return findBlock(this.#open(), channel, number);
  }

  async nodes(): Promise<readonly NodeSummary[]> {
    return listNodes(this.#open());
  }

  async leaders(channel?: string): Promise<readonly LeaderTerm[]> {
    return listLeaders(this.#open(), channel);
  }

  async channels(): Promise<readonly ChannelSummary[]> {
    return listChannels(this.#open());
  }

  async statistics(query: StatisticsQuery): Promise<Statistics> {
    return statistics(this.#open(), query);
  }

  async changes(revision: number, options: { readonly limit?: number } = {}): Promise<Changes> {
    return changesAfter(this.#open(), revision, options.limit ?? 500);
  }

  async revision(): Promise<number> {
    return newestRevision(this.#open());
  }

  async exportRecords(after: string | null, options: { readonly limit?: number } = {}): Promise<ExportPage> {
    return exportRecords(this.#open(), after, options.limit);
  }

  async dropBefore(time: string): Promise<{ readonly records: number; readonly traces: number }> {
    return dropBefore(this.#writing().#parts, this.#refresher, time);
  }

  async info(): Promise<StoreInfo> {
    return readInfo(this.#open());
  }

  async close(): Promise<void> {
    if (this.#parts.cluster.connection.closed) return;
    await this.#refresher.close();
    await this.#parts.cluster.connection.close();
  }

  #open(): Parts {
    if (this.#parts.cluster.connection.closed) throw new StoreError('closed', 'The store is closed.');
    return this.#parts;
  }

  #writing(): this {
    this.#open();
    if (this.#readOnly) throw new StoreError('read_only', 'The store was opened for reading only.');
    return this;
  }
}

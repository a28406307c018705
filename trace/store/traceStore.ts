import type { FindingCode } from '../findings/codes.ts';
import type { Identity } from '../identity.ts';
import type { StreamBreak } from '../network/streamBreaks.ts';
import type { StoredRecord } from '../record.ts';
import type { Trace, TraceSummary } from '../trace.ts';

export interface TraceKey {
  readonly channel: string;
  readonly txId: string;
}

export interface AppendResult {
  /** Records that were new. */
  readonly added: number;
  /** Records whose ID was there already. */
  readonly known: number;
}

export const TRACE_SORTS = ['startedAt', 'durationUs', 'block'] as const;

export interface TraceQuery {
  /** ISO 8601; a trace counts if it started in [from, to). */
  readonly from?: string;
  readonly to?: string;
  readonly channel?: string;
  /** Identity ID, or its end (`peer0.org1.example.com`), of anyone who took part. */
  readonly participant?: string;
  readonly chaincode?: string;
  readonly function?: string;
  /** TxValidationCode name; `NONE` for transactions that were never committed. */
  readonly code?: string;
  readonly finding?: FindingCode;
  readonly minDurationUs?: number;
  readonly maxDurationUs?: number;
  readonly block?: number;
  /** Prefix of a transaction ID (4 or more characters). */
  readonly txId?: string;
  /** Words that must all appear in ID, chaincode, function, creator, participants, code or findings (case-insensitive). */
  readonly text?: string;
  readonly sort?: (typeof TRACE_SORTS)[number];
  readonly order?: 'asc' | 'desc';
  /** 1 to 1,000; 50 unless told. */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly cursor?: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Null on the last page. */
  readonly next: string | null;
}

export interface BlockSummary {
  readonly channel: string;
  readonly number: number;
  readonly hash: string | null;
  readonly previousHash: string | null;
  readonly dataHash: string | null;
  /** Transactions, where the block or an instrumented node told them; else what commit lines counted, else null. */
  readonly txCount: number | null;
  readonly txs: readonly { readonly id: string; readonly type: string | null; readonly code: string | null }[];
  readonly commits: readonly { readonly peer: string; readonly at: string; readonly commitHash: string | null }[];
  readonly firstSeenAt: string | null;
}

export interface LeaderTerm {
  readonly channel: string;
  /** `gossip`: leads its organisation; `consensus`: the ordering service's leader. */
  readonly kind: 'gossip' | 'consensus';
  readonly msp: string | null;
  readonly node: string;
  readonly from: string;
  /** Null while it lasts. */
  readonly to: string | null;
}

export interface NodeSummary extends Identity {
  readonly pkiId: string | null;
  readonly firstSeenAt: string | null;
  readonly lastSeenAt: string | null;
  readonly starts: readonly string[];
  /** Whether a record stream of this node is collected. */
  readonly observed: boolean;
  readonly channels: readonly { readonly channel: string; readonly height: number }[];
  /** What is wrong with its record stream, the newest at the end; at most 100. */
  readonly streamBreaks: readonly Omit<StreamBreak, 'node'>[];
}

export interface ChannelSummary {
  readonly channel: string;
  /** Highest block number known + 1. */
  readonly height: number;
  readonly peers: readonly string[];
  readonly traces: number;
}

export interface StatisticsQuery {
  readonly from?: string;
  readonly to?: string;
  readonly channel?: string;
  /** Width of a bucket of `throughput` in microseconds; chosen to give about 60 buckets unless told. */
  readonly bucketUs?: number;
}

export interface Percentiles {
  readonly count: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

export interface Statistics {
  readonly from: string | null;
  readonly to: string | null;
  readonly bucketUs: number;
  /** Traces started per bucket by outcome (`NONE`: not committed). */
  readonly throughput: readonly { readonly at: string; readonly outcomes: Readonly<Record<string, number>> }[];
  readonly outcomes: Readonly<Record<string, number>>;
  /** Microseconds. */
  readonly latency: Readonly<Record<'endorse' | 'order' | 'deliver' | 'commit' | 'total', Percentiles>>;
  readonly findings: readonly { readonly code: FindingCode; readonly severity: string; readonly count: number }[];
  /** Who calls whom. */
  readonly edges: readonly {
    readonly point: string;
    readonly from: string;
    readonly to: string;
    readonly count: number;
    readonly errors: number;
    readonly medianUs: number | null;
  }[];
}

export interface Changes {
  /** Give it back as `after` for what came since. */
  readonly revision: number;
  readonly traces: readonly TraceSummary[];
  readonly blocks: readonly { readonly channel: string; readonly number: number }[];
}

export interface ExportPage {
  readonly records: readonly StoredRecord[];
  /** Give it back as `after`; null when there are no more. */
  readonly next: string | null;
}

export interface StoreInfo {
  readonly kind: string;
  readonly location: string;
  readonly schemaVersion: number;
  readonly records: number;
  readonly traces: number;
  readonly bytes: number;
}

/**
 * Where records live and traces are asked for. Everything a caller sees is independent of the order in which records came.
 * Implementations pass `trace/store/conformance.ts`. A store that is no single file has no transactions over all of it: where
 * that shows, the implementation says how (elasticsearch/elasticsearchStore.ts).
 */
export interface FindOptions {
  readonly channel?: string;
  readonly limit?: number;
  readonly isWhole?: boolean;
}

export interface TraceStore {
  /**
   * Adds records and checkpoints in one atomic step: after a crash either all or none of both is there. Idempotent: a known
   * record ID adds nothing. Rejects with `StoreError` and leaves the store unchanged when it cannot write.
   */
  append(records: readonly StoredRecord[], checkpoints?: ReadonlyMap<string, string>): Promise<AppendResult>;
  /** All checkpoints whose key starts with `prefix`. */
  checkpoints(prefix?: string): Promise<Map<string, string>>;
  /**
   * Brings summaries of changed traces up to date, at most `limit` of them; returns how many remain. Searches, lists and
   * statistics see only what has been refreshed; `trace` and `records` always see everything.
   */
  refresh(options?: { readonly limit?: number }): Promise<{ readonly refreshed: number; readonly remaining: number }>;
  /**
   * Keys whose transaction ID equals or starts with `idOrPrefix` (4 or more characters), at most `limit` (10). `isWhole`: only those
   * that equal it, which costs less.
   */
  find(idOrPrefix: string, options?: FindOptions): Promise<readonly TraceKey[]>;
  /**
   * The trace, assembled from all its records; null if there are none. Where no record holds the full ID asked for but exactly
   * one shortened ID of the channel is its beginning, the trace of that shortened ID comes, with `txId` as asked and
   * `txIdPrefix` telling so.
   */
  trace(key: TraceKey): Promise<Trace | null>;
  /** The records that the trace stands on, in time order. */
  records(key: TraceKey): Promise<readonly StoredRecord[]>;
  traces(query: TraceQuery): Promise<Page<TraceSummary>>;
  blocks(query: {
    readonly channel?: string;
    readonly limit?: number;
    readonly cursor?: string;
  }): Promise<Page<BlockSummary>>;
  block(channel: string, number: number): Promise<BlockSummary | null>;
  nodes(): Promise<readonly NodeSummary[]>;
  leaders(channel?: string): Promise<readonly LeaderTerm[]>;
  channels(): Promise<readonly ChannelSummary[]>;
  statistics(query: StatisticsQuery): Promise<Statistics>;
  /** What changed after `revision` (0: from the start of the store), oldest first, at most `limit` (500) traces. */
  changes(revision: number, options?: { readonly limit?: number }): Promise<Changes>;
  /** The newest revision. */
  revision(): Promise<number>;
  /**
   * All records, each once, page by page (`limit` 1 to 5,000; 1,000 unless told), in an order of the store's own. A cursor holds
   * for any handle and as long as the store does. Of what is added or dropped meanwhile it is open whether it is among them.
   */
  exportRecords(after: string | null, options?: { readonly limit?: number }): Promise<ExportPage>;
  /** Retention: forgets traces, blocks and records older than `time` (ISO 8601); network facts stay. */
  dropBefore(time: string): Promise<{ readonly records: number; readonly traces: number }>;
  info(): Promise<StoreInfo>;
  close(): Promise<void>;
}

import type { FactEffect } from '../factEffects.ts';
import type { FindingCode } from '../../findings/codes.ts';
import type { TraceRecord } from '../../record.ts';
import type { TraceSummary } from '../../trace.ts';

/**
 * What each index holds. Names and aliases: indices.ts; mappings: mappings.ts.
 *
 * **Records are the truth, all else follows from them.** A record's document is the record as it came, so that Logstash may put
 * records into the same index and Kibana reads them unaided. Nothing is marked when records are written: *refresh* follows the
 * sequence numbers that Elasticsearch gives to all that is written into a shard, and so finds what is new whoever wrote it
 * (feed.ts). What a record changes beyond itself (summaries, blocks, heights, facts) can be made again from it.
 *
 * **Several writers.** There are no transactions over documents, hence no counters that two could read and write back. Whatever
 * several processes write is one of: a document that never changes under an ID made of its content (`create`: the second one
 * finds it there), or the highest of several values under an external version that is that value (Elasticsearch refuses what is
 * lower). Summaries are made by one process at a time, the holder of the lease in `FollowerDocument`; their external version is
 * the turn of that lease, so that one who has lost it without knowing can overwrite nothing.
 */

/**
 * `records` and `network`, ID: the record's. The record itself; or, where Elasticsearch can not take its JSON as a document (a
 * field's name is empty or ends in a dot, an object where the schema has text), the fields that are searched and `ftl_record`.
 */
export type RecordDocument = TraceRecord | WrappedRecord;

export interface WrappedRecord {
  readonly '@timestamp': string;
  readonly 'service.type'?: string;
  readonly 'service.node.name'?: string;
  readonly ftl: {
    readonly point: string;
    readonly channel?: string;
    readonly tx_id?: string;
    readonly tx_id_prefix?: string;
    readonly block?: { readonly number: number; readonly last?: number };
    readonly txs?: readonly { readonly id: string }[];
  };
  /** The record's JSON. */
  readonly ftl_record: string;
}

/**
 * `traces`, ID: the trace ID of `channel` and `txId`. One document a trace, in one of the indices behind the alias. Times and
 * durations in microseconds, -1 where there is none, so that what is absent sorts lowest.
 */
export interface SummaryDocument {
  readonly traceId: string;
  readonly channel: string;
  readonly txId: string;
  /** `txId` in lower case, for words in the middle of it. */
  readonly txIdLower: string;
  readonly started: number;
  readonly duration: number;
  readonly block: number;
  /** `NONE` where the trace has no code. */
  readonly code: string;
  readonly chaincode: string | null;
  readonly function: string | null;
  readonly creator: string | null;
  readonly participants: readonly string[];
  /** Codes of the findings. */
  readonly findings: readonly FindingCode[];
  /** `code severity` of the findings, each once: what statistics count. */
  readonly findingKinds: readonly string[];
  /** What the text search looks at besides the ID: chaincode, function, creator, code, participants, findings; lower case, each once. */
  readonly words: readonly string[];
  readonly stages: {
    readonly endorse: number;
    readonly order: number;
    readonly deliver: number;
    readonly commit: number;
  };
  /** Edges whose caller is known; nested, so that a duration stays with its edge. */
  readonly edges: readonly EdgeDocument[];
  /** When the trace began, for Kibana; absent where nobody knows. */
  readonly '@timestamp'?: string;
  /** Blocks that hold the transaction. */
  readonly blocks: readonly number[];
  /** Earliest and latest time of the records that the trace stands on, those of its blocks included; by them a part of the past is marked. */
  readonly firstRecord: number;
  readonly lastRecord: number;
  /** What lists show: not indexed. */
  readonly summary: TraceSummary;
  /** A hash of all of the above: what is there already is not written again. */
  readonly digest: string;
  /** Place in the order of changes; unchanged while the summary says the same. */
  readonly revision: number;
}

export type SummaryContent = Omit<SummaryDocument, 'digest' | 'revision'>;

export interface EdgeDocument {
  /** `point`, `from` and `to`, separated by NUL. */
  readonly key: string;
  readonly failed: boolean;
  /** Microseconds; absent where it is not known. */
  readonly us?: number;
}

/**
 * `blocks`, ID: a hash of channel and number. Made when a record first names the block (as a block, or as where its transaction
 * is; not as part of a range). What is known of a block is in its records: terms `ftl.channel`, `ftl.block.number`.
 */
export interface BlockDocument {
  readonly channel: string;
  readonly number: number;
  /** Place in the order of changes; 0 until the first refresh. */
  readonly revision: number;
}

/** `state`: small documents of several kinds, told apart by `kind`. IDs: a hash of kind and key. */
export type StateDocument =
  | CheckpointDocument
  | ChannelDocument
  | HeightDocument
  | AppliedDocument
  | StreamTimeDocument
  | StreamTypeDocument
  | MarkDocument
  | FollowerDocument;

/** Written only after all records of the batch are acknowledged. */
export interface CheckpointDocument {
  readonly kind: 'checkpoint';
  readonly name: string;
  readonly value: string;
}

/** A channel that some record has named; never deleted. */
export interface ChannelDocument {
  readonly kind: 'channel';
  readonly channel: string;
}

/** The highest block of the channel that the writer `node` (`service.node.name`) committed; never deleted. External version: block + 1. */
export interface HeightDocument {
  readonly kind: 'height';
  readonly channel: string;
  readonly node: string;
  readonly block: number;
}

/** A height as far as refresh has brought summaries up to it. External version: block + 1. */
export interface AppliedDocument {
  readonly kind: 'applied';
  readonly channel: string;
  readonly node: string;
  readonly block: number;
}

/** First or last time (microseconds) in the stream of `node`. External version: time + 1, of the first one counted down from `LATEST_TIME`. */
export interface StreamTimeDocument {
  readonly kind: 'first' | 'last';
  readonly node: string;
  readonly time: number;
}

/** A service type that the stream of `node` names; of several the first by text counts. */
export interface StreamTypeDocument {
  readonly kind: 'type';
  readonly node: string;
  readonly type: string;
}

/**
 * Summaries to be made again though no new record is their own: written by whoever takes records away (retention). Refresh
 * deletes a mark when all that it stands for is done, unless it was written again meanwhile (`if_seq_no`). ID: a hash of the
 * content (`markId`).
 */
export interface MarkDocument {
  readonly kind: 'mark';
  readonly mark: Mark;
}

/** Summaries that something beyond their own records has changed: a fact, a height, or records that are gone. */
export type Mark =
  | FactEffect
  /** Transactions in blocks `first` to `until` of the channel. */
  | { readonly what: 'blocks'; readonly channel: string; readonly first: number; readonly until: number }
  /** Whatever the ID `txId` (full or shortened) stands for, in any channel; no summary need be there. */
  | { readonly what: 'trace'; readonly txId: string };

/**
 * How far refresh has come; one document, ID `follower`. Changed only with `if_seq_no`: who fails has lost the lease. A lease
 * that has not moved for `LEASE_MS` on the watcher's own clock is taken over; no clocks are compared.
 */
export interface FollowerDocument {
  readonly kind: 'follower';
  readonly schemaVersion: number;
  /** Counts every change of hands and every step; the external version of the summaries written in it. */
  readonly turn: number;
  /** The process that is at work; null when none is. */
  readonly holder: string | null;
  /** Highest revision that all may see: all that has it or a lower one is found by searches. */
  readonly revision: number;
  /** Highest revision that some document has. */
  readonly given: number;
  /** By `index/shard`: the sequence number up to which all is summarised. Of `records` and `network`. */
  readonly positions: Readonly<Record<string, number>>;
  /** Lengths that shortened IDs have. */
  readonly prefixLengths: readonly number[];
  /** The holder lost its lease at work: what lies before it is written even where it seems unchanged. */
  readonly unclean: boolean;
}

import { z } from 'zod';
import { FINDING_CODES } from './findings/codes.ts';
import { Identity } from './identity.ts';
import { ReadWriteSummary } from './record.ts';

const Time = z.string().nullable();
const Micros = z.number().nullable();

export const SEVERITIES = ['info', 'warning', 'error', 'critical'] as const;

export const Finding = z.object({
  code: z.enum(FINDING_CODES),
  severity: z.enum(SEVERITIES),
  /** A sentence for a person who has never seen a log. */
  message: z.string(),
  /** IDs of the records that show it. */
  records: z.array(z.string()),
});
export type Finding = z.infer<typeof Finding>;

export const Stage = z.object({ startedAt: Time, endedAt: Time, durationUs: Micros });
export const Stages = z.object({ endorse: Stage, order: Stage, deliver: Stage, commit: Stage });
export type Stages = z.infer<typeof Stages>;
export const STAGE_NAMES = ['endorse', 'order', 'deliver', 'commit'] as const;

/**
 * One hand-over. `point` is one of: `gateway` (client → gateway peer that does not endorse itself), `endorse` (client or gateway peer → endorser), `broadcast` (client or gateway peer →
 * orderer), `deliver` (orderer → peer that pulled the block), `gossip` (peer → peer), `commit` (whoever handed the block
 * over → the peer that committed it). `from` is null where nobody saw it: from whom a committed block came, or who asked for an
 * endorsement that only the block shows.
 */
export const EDGE_POINTS = ['gateway', 'endorse', 'broadcast', 'deliver', 'gossip', 'commit'] as const;
export const Edge = z.object({
  /** Order in time, from 1. */
  seq: z.int(),
  point: z.enum(EDGE_POINTS),
  from: z.string().nullable(),
  to: z.string(),
  /** Corrected for clock skew. Null where it is only known that it happened. */
  at: Time,
  respondedAt: Time,
  durationUs: Micros,
  /** gRPC- or HTTP-like status of the answer; for `commit` the validation code's name. */
  status: z.union([z.int(), z.string()]).nullable(),
  /** Block number, for deliver, gossip and commit. */
  block: z.int().nullable(),
  /** `record`: somebody wrote it down; `block`: a block proves it; `derived`: follows from other evidence. */
  source: z.enum(['record', 'block', 'derived']),
  error: z.string().optional(),
  /** Raw time before clock correction, where it differs. */
  rawAt: z.string().optional(),
  rawRespondedAt: z.string().optional(),
  records: z.array(z.string()),
});
export type Edge = z.infer<typeof Edge>;

export const Commit = z.object({
  peer: z.string(),
  at: Time,
  code: z.string().nullable(),
  /** Behind the first peer that committed, after clock correction. */
  delayUs: Micros,
  rawAt: z.string().optional(),
  commitHash: z.string().optional(),
  records: z.array(z.string()),
});
export type Commit = z.infer<typeof Commit>;

export const PolicyVerdict = z.object({
  expression: z.string().nullable(),
  satisfied: z.boolean().nullable(),
  satisfiedBy: z.array(z.string()),
  reason: z.string().nullable(),
});

export const BlockPosition = z.object({ number: z.int(), hash: z.string().nullable(), index: z.int().nullable() });

/** What a trace and its line in a list both begin with. */
const TraceHead = z.object({
  channel: z.string(),
  txId: z.string(),
  /** Present where the evidence holds only this much of the ID. */
  txIdPrefix: z.string().optional(),
  traceId: z.string(),
  /** HeaderType name; null while unknown. */
  type: z.string().nullable(),
  chaincode: z.string().nullable(),
  function: z.string().nullable(),
  /** Identity ID of who signed the transaction; null while unknown. */
  creator: z.string().nullable(),
  /** TxValidationCode's name; null while not committed. */
  code: z.string().nullable(),
  block: BlockPosition.nullable(),
  startedAt: Time,
  endedAt: Time,
  durationUs: Micros,
});

/** A transaction's way, as the API and `ftl trace --json` give it. Times ISO 8601 UTC, durations microseconds. */
export const Trace = TraceHead.extend({
  stages: Stages,
  participants: z.array(Identity),
  edges: z.array(Edge),
  commits: z.array(Commit),
  /** Peers of the channel that have not committed the block. */
  missing: z.array(z.string()),
  /** Peers of the channel of which no stream is collected, or which skipped the block: nothing can be said of them. */
  unobserved: z.array(z.string()),
  endorsers: z.array(z.string()),
  policy: PolicyVerdict,
  readWriteSets: z.array(ReadWriteSummary),
  findings: z.array(Finding),
  duplicates: z.array(z.object({ block: z.int(), code: z.string().nullable() })),
  /** Clock offsets that were applied, node ID → microseconds added to its times. */
  clockOffsets: z.record(z.string(), z.number()),
  recordCount: z.int(),
});
export type Trace = z.infer<typeof Trace>;

/** What lists show of a trace, one line each. */
export const TraceSummary = TraceHead.extend({
  /** Microseconds of each stage. */
  stages: z.object({ endorse: Micros, order: Micros, deliver: Micros, commit: Micros }),
  endorsers: z.array(z.string()),
  /** IDs of all participants. */
  participants: z.array(z.string()),
  committed: z.int(),
  missing: z.int(),
  /** Peers of which nothing can be said: with any, `committed` of `committed + missing` is not the whole. */
  unobserved: z.int(),
  findings: z.array(z.object({ code: z.enum(FINDING_CODES), severity: z.enum(SEVERITIES) })),
});
export type TraceSummary = z.infer<typeof TraceSummary>;

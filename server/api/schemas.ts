import { z } from 'zod';
import { FINDING_CODES } from '#trace/findings/codes.ts';
import { Identity } from '#trace/identity.ts';
import { STREAM_FAULTS } from '#trace/record.ts';
import { TRACE_SORTS } from '#trace/store/traceStore.ts';
import { SEVERITIES, Trace, TraceSummary } from '#trace/trace.ts';

/**
 * The HTTP API's one source: these schemas validate requests, make the OpenAPI document and type the browser's client.
 *
 * GET /api/v1/traces                          TraceList       query: TraceListQuery
 * GET /api/v1/traces/:txId                    Trace           txId: full ID or prefix of 8 or more; ?channel=
 *       300-range never: an ambiguous prefix is 409 with `candidates`, nothing found is 404
 * GET /api/v1/traces/:txId/records            RecordList      ?channel=
 * GET /api/v1/blocks                          BlockList       ?channel= &limit= &cursor=
 * GET /api/v1/blocks/:channel/:number         Block
 * GET /api/v1/nodes                           NodeList
 * GET /api/v1/channels                        ChannelList
 * GET /api/v1/leaders                         LeaderList      ?channel=
 * GET /api/v1/statistics                      Statistics      query: StatisticsQuery
 * GET /api/v1/findings                        FindingCatalogue: every code with severity, title and explanation
 * GET /api/v1/live                            text/event-stream: events `trace` (TraceSummary), `block`; `id:` is the revision
 * GET /api/v1/openapi.json, /api/docs         the contract and its page
 * GET /healthz /metrics /version
 */
const Micros = z.coerce.number().min(0);
const Limit = z.coerce.number().int().min(1).max(1000);
const Iso = z.iso.datetime({ offset: true });

export const TraceListQuery = z.strictObject({
  from: Iso.optional(),
  to: Iso.optional(),
  channel: z.string().max(249).optional(),
  participant: z.string().max(512).optional(),
  chaincode: z.string().max(256).optional(),
  function: z.string().max(256).optional(),
  code: z.string().max(64).optional(),
  finding: z.enum(FINDING_CODES).optional(),
  minDurationUs: Micros.optional(),
  maxDurationUs: Micros.optional(),
  block: z.coerce.number().int().min(0).optional(),
  txId: z.string().min(4).max(256).optional(),
  text: z.string().max(256).optional(),
  sort: z.enum(TRACE_SORTS).optional(),
  order: z.enum(['asc', 'desc']).optional(),
  limit: Limit.optional(),
  cursor: z.string().max(1024).optional(),
});

/** A full transaction ID, or the first 8 or more characters of one. */
export const TraceParams = z.strictObject({ txId: z.string().min(4).max(256) });
/** `exact=true` asks for a trace known by exactly this (shortened) ID and for no longer one. */
export const TraceRefQuery = z.strictObject({
  channel: z.string().min(1).max(249).optional(),
  exact: z.enum(['true', 'false']).optional(),
});

const page = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next: z.string().nullable() });

export const TraceList = page(TraceSummary);
export { Trace, TraceSummary };

export const RecordList = z.object({
  items: z.array(z.object({ id: z.string(), record: z.record(z.string(), z.unknown()) })),
});

export const Block = z.object({
  channel: z.string(),
  number: z.int(),
  hash: z.string().nullable(),
  previousHash: z.string().nullable(),
  dataHash: z.string().nullable(),
  txCount: z.int().nullable(),
  txs: z.array(z.object({ id: z.string(), type: z.string().nullable(), code: z.string().nullable() })),
  commits: z.array(z.object({ peer: z.string(), at: z.string(), commitHash: z.string().nullable() })),
  firstSeenAt: z.string().nullable(),
});
export const BlockListQuery = z.strictObject({
  channel: z.string().max(249).optional(),
  limit: Limit.optional(),
  cursor: z.string().max(1024).optional(),
});
export const BlockList = page(Block);
export const BlockParams = z.strictObject({
  channel: z.string().min(1).max(249),
  number: z.coerce.number().int().min(0),
});

export const Node = Identity.extend({
  pkiId: z.string().nullable(),
  firstSeenAt: z.string().nullable(),
  lastSeenAt: z.string().nullable(),
  starts: z.array(z.string()),
  observed: z.boolean(),
  channels: z.array(z.object({ channel: z.string(), height: z.int() })),
  streamBreaks: z.array(
    z.object({
      kind: z.enum(['missing', 'altered']),
      stream: z.string(),
      from: z.int(),
      to: z.int(),
      since: z.string(),
      until: z.string(),
      told: z.boolean(),
      fault: z.enum(STREAM_FAULTS).nullable(),
      record: z.string(),
    }),
  ),
});
export const NodeList = z.object({ items: z.array(Node) });

export const Channel = z.object({ channel: z.string(), height: z.int(), peers: z.array(z.string()), traces: z.int() });
export const ChannelList = z.object({ items: z.array(Channel) });

export const Leader = z.object({
  channel: z.string(),
  kind: z.enum(['gossip', 'consensus']),
  msp: z.string().nullable(),
  node: z.string(),
  from: z.string(),
  to: z.string().nullable(),
});
export const LeaderList = z.object({ items: z.array(Leader) });
export const LeaderListQuery = z.strictObject({ channel: z.string().max(249).optional() });

const Percentiles = z.object({
  count: z.int(),
  p50: z.number().nullable(),
  p95: z.number().nullable(),
  p99: z.number().nullable(),
});
export const StatisticsQuery = z.strictObject({
  from: Iso.optional(),
  to: Iso.optional(),
  channel: z.string().max(249).optional(),
  bucketUs: Micros.optional(),
});
export const Statistics = z.object({
  from: z.string().nullable(),
  to: z.string().nullable(),
  bucketUs: z.number(),
  throughput: z.array(z.object({ at: z.string(), outcomes: z.record(z.string(), z.int()) })),
  outcomes: z.record(z.string(), z.int()),
  latency: z.object({
    endorse: Percentiles,
    order: Percentiles,
    deliver: Percentiles,
    commit: Percentiles,
    total: Percentiles,
  }),
  findings: z.array(z.object({ code: z.enum(FINDING_CODES), severity: z.enum(SEVERITIES), count: z.int() })),
  edges: z.array(
    z.object({
      point: z.string(),
      from: z.string(),
      to: z.string(),
      count: z.int(),
      errors: z.int(),
      medianUs: z.number().nullable(),
    }),
  ),
});

export const FindingCatalogue = z.object({
  items: z.array(
    z.object({ code: z.enum(FINDING_CODES), severity: z.enum(SEVERITIES), title: z.string(), explanation: z.string() }),
  ),
});

/** Where to resume; the header `Last-Event-ID` wins. */
export const LiveQuery = z.strictObject({ after: z.coerce.number().int().min(0).optional() });
/** Data of the live event `block`. */
export const LiveBlock = z.object({ channel: z.string(), number: z.int() });
/** Data of the live event `gap`: what changed in the revisions (from, to] was not sent; ask for lists afresh. */
export const LiveGap = z.object({
  from: z.int(),
  to: z.int(),
  reason: z.enum(['slow_reader', 'too_far_behind', 'unknown_revision']),
});

/** Names as in the health check of Fabric's own nodes. */
export const Health = z.object({
  status: z.enum(['OK', 'Service Unavailable']),
  time: z.string(),
  /** Traces whose summaries wait to be brought up to date; null while unknown. */
  backlog: z.int().nullable(),
  failed_checks: z.array(z.object({ component: z.string(), reason: z.string() })).optional(),
});
export const Version = z.object({
  version: z.string(),
  api: z.string(),
  recordVersion: z.int(),
  node: z.string(),
});

/** RFC 9457. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  code: z.string(),
  candidates: z.array(z.object({ channel: z.string(), txId: z.string() })).optional(),
  issues: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});

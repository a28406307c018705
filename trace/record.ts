import { hash } from 'node:crypto';
import { z } from 'zod';
import { PartialIdentity } from './identity.ts';
import { POINT_NAMES } from './points.ts';

/** Version of the record schema (`ftl.version`). */
export const RECORD_VERSION = 1;
/** Version of the Elastic Common Schema that the top-level fields follow. */
export const ECS_VERSION = '9.2.0';

const hexOf = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));
/** UTC with up to nanoseconds; written with microseconds. */
const Timestamp = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/);
const BlockNumber = z.int().min(0);

export const BlockRef = z.looseObject({
  number: BlockNumber,
  /** Last block of a range (`gossip.transfer`), inclusive. */
  last: BlockNumber.optional(),
  /** SHA-256 of the header's ASN.1, lower-case hex. */
  hash: hexOf(32).optional(),
  previous_hash: z
    .string()
    .regex(/^([0-9a-f]{64})?$/)
    .optional(),
  data_hash: hexOf(32).optional(),
});
export type BlockRef = z.infer<typeof BlockRef>;

export const TxRef = z.looseObject({ id: z.string(), type: z.string().optional(), code: z.string().optional() });

/** A read-write set's summary: keys per namespace, values left out; at most 100 keys of each list, `truncated` says so. */
export const ReadWriteSummary = z.looseObject({
  namespace: z.string(),
  reads: z.array(z.looseObject({ key: z.string(), version: z.string().nullable().optional() })),
  writes: z.array(z.looseObject({ key: z.string(), is_delete: z.boolean().optional() })),
  truncated: z.boolean().optional(),
});
export type TxRef = z.infer<typeof TxRef>;
export type ReadWriteSummary = z.infer<typeof ReadWriteSummary>;

/** An endorsement policy in neutral form: a principal `MSP.role`, or n of rules. */
export type PolicyRule = { readonly principal: string } | { readonly n: number; readonly rules: readonly PolicyRule[] };
export const PolicyRule: z.ZodType<PolicyRule> = z.lazy(() =>
  z.union([z.object({ principal: z.string() }), z.object({ n: z.int(), rules: z.array(PolicyRule) })]),
);

export const ChaincodeDefinition = z.looseObject({
  name: z.string(),
  sequence: z.int(),
  version: z.string().optional(),
  /** As a person writes it, e.g. `MAJORITY Endorsement` or `OR('Org1MSP.peer','Org2MSP.peer')`. */
  expression: z.string(),
  /** Signature policy, if the definition carries one. */
  rule: PolicyRule.optional(),
  /** Channel policy that it refers to, e.g. `/Channel/Application/Endorsement`. */
  reference: z.string().optional(),
});
export type ChaincodeDefinition = z.infer<typeof ChaincodeDefinition>;

export const ChannelConfig = z.looseObject({
  sequence: z.int(),
  organizations: z.array(
    z.looseObject({
      msp: z.string(),
      role: z.enum(['application', 'orderer']),
      anchor_peers: z.array(z.string()).optional(),
      orderer_endpoints: z.array(z.string()).optional(),
      /** Organisation's `Endorsement` sub-policy in neutral form. */
      endorsement: PolicyRule.optional(),
    }),
  ),
  orderer_addresses: z.array(z.string()).optional(),
  consensus: z.string().optional(),
  consenters: z
    .array(
      z.looseObject({ node: z.int(), address: z.string(), name: z.string().optional(), msp: z.string().optional() }),
    )
    .optional(),
  batch_timeout_us: z.int().optional(),
  max_message_count: z.int().optional(),
  /** `/Channel/Application/Endorsement`: implicit-meta rule and its sub-policy, or a signature rule. */
  endorsement: z
    .looseObject({
      expression: z.string(),
      implicit: z.enum(['ANY', 'ALL', 'MAJORITY']).optional(),
      rule: PolicyRule.optional(),
    })
    .optional(),
});
export type ChannelConfig = z.infer<typeof ChannelConfig>;

export const STREAM_FAULTS = ['hash', 'order', 'inserted', 'seal', 'end'] as const;

/** What a collector saw when it followed the numbers and hashes of a node's record stream (docs/record-chain.md). */
export const StreamCheck = z.looseObject({
  /** This start of the node: `ftl.stream` of its records. */
  stream: z.string(),
  /** Numbers that it is about, both included. */
  from: z.int().min(0),
  to: z.int().min(0),
  /** Times of the node's records on either side: whatever is wrong was written between them. */
  since: Timestamp,
  until: Timestamp,
  /** Of numbers that are missing: the node itself told that it had no room to write them. */
  told: z.boolean().optional(),
  /**
   * Of what was altered. `hash`: a hash does not follow from the line before; `order`: a line stands elsewhere than it was
   * written; `inserted`: a line that the node did not write there; `seal`: a signature of the node does not hold; `end`: the
   * stream ended otherwise than the node's next start knows it.
   */
  fault: z.enum(STREAM_FAULTS).optional(),
});
export type StreamCheck = z.infer<typeof StreamCheck>;

/** The fields of FTL's own namespace. Unknown fields pass; known ones must fit. */
export const FtlFields = z.looseObject({
  version: z.literal(RECORD_VERSION),
  point: z.enum(POINT_NAMES),
  channel: z.string().optional(),
  /** Full transaction ID: 64 hex digits as Fabric makes them, other text is kept as it is. */
  tx_id: z.string().min(1).max(256).optional(),
  /** What a log shows of an ID, 8 characters in stock logs; never together with `tx_id`. */
  tx_id_prefix: z.string().min(4).max(63).optional(),
  sender: PartialIdentity.optional(),
  /** Who signed the proposal, where that is not the caller (a gateway peer calls for a client). */
  creator: PartialIdentity.optional(),
  receiver: PartialIdentity.optional(),
  block: BlockRef.optional(),
  /** Position in the block, from 0. */
  tx_index: z.int().min(0).optional(),
  txs: z.array(TxRef).optional(),
  /** Number of transactions, where a line counts but does not name them. */
  tx_count: z.int().min(0).optional(),
  /** HeaderType name: ENDORSER_TRANSACTION, CONFIG … */
  tx_type: z.string().optional(),
  status: z.int().optional(),
  /** TxValidationCode name. */
  code: z.string().optional(),
  error: z.string().optional(),
  chaincode: z.string().optional(),
  function: z.string().optional(),
  /** Of an `endorse.response`: what was endorsed changes nothing, as of a query. */
  read_only: z.boolean().optional(),
  duration_us: z.number().min(0).optional(),
  stage: z.string().optional(),
  /** Release of the node's software (`node.start`). */
  node_version: z.string().optional(),
  commit_hash: z.string().optional(),
  endorsers: z.array(PartialIdentity).optional(),
  /** Time that the client put into the channel header. */
  client_time: Timestamp.optional(),
  rw_sets: z.array(ReadWriteSummary).optional(),
  signers: z.array(PartialIdentity).optional(),
  consensus: z
    .looseObject({ node: z.int().optional(), leader: z.int().optional(), view: z.int().optional() })
    .optional(),
  config: ChannelConfig.optional(),
  definition: ChaincodeDefinition.optional(),
  /** Of a `stream.check`. */
  check: StreamCheck.optional(),
  /** Where it came from: `record` (our node), `log` (a stock Go log), `block` (a block). Absent means `record`. */
  source: z.enum(['record', 'log', 'block']).optional(),
  seq: z.int().min(0).optional(),
  chain: z.string().optional(),
});
export type FtlFields = z.infer<typeof FtlFields>;

/** One record: one JSON object a line, ECS field names dotted as the ECS loggers write them. */
export const TraceRecord = z.looseObject({
  '@timestamp': Timestamp,
  'log.level': z.string().optional(),
  'log.logger': z.string().optional(),
  message: z.string().optional(),
  'ecs.version': z.string().optional(),
  'service.type': z.enum(['fabric-peer', 'fabric-orderer']).optional(),
  /** Who wrote it: the identity's common name, else the best name that its log reveals. Absent for block sources. */
  'service.node.name': z.string().optional(),
  'trace.id': hexOf(16).optional(),
  ftl: FtlFields,
});
export type TraceRecord = z.infer<typeof TraceRecord>;

/** The JSON Schema of a record (draft 2020-12), made from the same source. */
export function recordJsonSchema(): object {
  return z.toJSONSchema(TraceRecord, { target: 'draft-2020-12', io: 'input' });
}

/** W3C trace ID of a transaction: the first 16 bytes of SHA-256(channel, 0x00, transaction ID), hex. */
export function traceIdOf(channel: string, txId: string): string {
  return hash('sha256', `${channel}\0${txId}`).slice(0, 32);
}

/** A record with its ID, as a store holds it: 16 hex digits, a hash of content and origin, so that a re-sent line adds nothing. */
export interface StoredRecord {
  readonly id: string;
  readonly record: TraceRecord;
}

import { z } from 'zod';

/** Of nodes as their operations services, Prometheus and Alertmanager tell; the rest of the API's schemas is in schemas.ts. */
const Kind = z.enum(['peer', 'orderer']);

/** As node IDs have them; `-` where a node has no MSP. */
export const NodeParams = z.strictObject({ msp: z.string().min(1).max(249), name: z.string().min(1).max(512) });

/** A log specification that FTL has set for a while, and what comes back. */
const HeldChange = z.object({
  spec: z.string(),
  restores: z.string(),
  until: z.string(),
  by: z.string(),
  /** Why it could not be put back when its time was over; it is tried again, for an hour. */
  problem: z.string().nullable(),
});

export const NodeHealth = z.object({
  id: z.string(),
  node: z.string(),
  msp: z.string(),
  kind: Kind,
  /** `failing`: it answers and says what is wrong; `unreachable`: it does not answer. */
  health: z.enum(['ok', 'failing', 'unreachable']),
  failedChecks: z.array(z.object({ component: z.string(), reason: z.string() })),
  /** Why it could not be asked. */
  problem: z.string().nullable(),
  version: z.string().nullable(),
  checkedAt: z.string(),
  /**
   * Blocks that it had when its metrics were read last, within the hour, and when that was. A channel that is not there is not known,
   * which is not a height of 0.
   */
  heights: z.array(z.object({ channel: z.string(), height: z.int().min(0), at: z.string() })),
  /** Why its metrics tell no heights, or none that are new. */
  heightsProblem: z.string().nullable(),
  /** What FTL has set for a while, also of a node that does not answer; whether the node still has it is not asked. */
  logSpecChange: HeldChange.nullable(),
});

export const MonitoringState = z.object({
  /** Where panels come from: a Prometheus, or the nodes themselves and the last hour in memory. */
  metrics: z.enum(['prometheus', 'scraper']),
  /** Where alerts come from; `own`: a few simple rules of FTL. */
  alerts: z.enum(['alertmanager', 'prometheus', 'own']),
  /** Whether who asks may change log specifications. */
  mayChange: z.boolean(),
  /** The nodes whose operations services are known. */
  items: z.array(NodeHealth),
  /** Blocks that some node had a minute ago, by metrics: who has fewer now is behind. Nodes are not asked at the same moment. */
  channels: z.array(z.object({ channel: z.string(), heightMinuteAgo: z.int().min(0) })),
});

const Iso = z.iso.datetime({ offset: true });
export const NodeMetricsQuery = z.strictObject({ from: Iso.optional(), to: Iso.optional() });

export const NodeMetrics = z.object({
  node: z.string(),
  source: z.enum(['prometheus', 'scraper']),
  from: z.string(),
  to: z.string(),
  stepMs: z.int(),
  /** From when on the source has anything of the node; null where it does not tell, or has nothing. */
  since: z.string().nullable(),
  /** Why the source has nothing of the node, or nothing new. */
  problem: z.string().nullable(),
  panels: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      unit: z.enum(['cores', 'bytes', 'blocks', 'seconds', 'perSecond', 'count']),
      metric: z.string(),
      /** None where the node does not tell the metric. `points`: milliseconds since 1970 and value, null in gaps. */
      lines: z.array(z.object({ name: z.string(), points: z.array(z.tuple([z.number(), z.number().nullable()])) })),
      /** Lines that there are besides: of many the first are given. */
      more: z.int(),
    }),
  ),
});

export const LogSpecChange = z.strictObject({
  /** As Fabric writes it: `info`, or `gossip=debug:endorser=debug:info`. */
  spec: z.string().min(1).max(2048),
  /** After so many minutes the node gets back what it had. */
  minutes: z.int().min(1).max(240),
});

export const LogSpecState = z.object({
  spec: z.string(),
  /** While one holds that was set for a while. */
  change: HeldChange.nullable(),
});

export const AlertQuery = z.strictObject({ node: z.string().min(1).max(762).optional() });

export const Alert = z.object({
  name: z.string(),
  severity: z.enum(['critical', 'warning', 'info']),
  /** IDs of the nodes that it is about, by name or address; several where it does not say of which organisation. */
  nodes: z.array(z.string()),
  /** MSP ID of the organisation that it is about as a whole. */
  organisation: z.string().nullable(),
  /** As its labels call the node. */
  node: z.string().nullable(),
  msp: z.string().nullable(),
  channel: z.string().nullable(),
  summary: z.string(),
  description: z.string().nullable(),
  /** Address of a page that says what to do, as the rule names it; those that FTL brings are under `/runbooks/`. */
  runbook: z.string().nullable(),
  since: z.string().nullable(),
  /** Silenced or inhibited in Alertmanager. */
  silenced: z.boolean(),
  labels: z.record(z.string(), z.string()),
});
export const AlertList = z.object({
  source: z.enum(['alertmanager', 'prometheus', 'own']),
  /** The gravest; at most 500. */
  items: z.array(Alert),
  /** How many there are. */
  total: z.int(),
});

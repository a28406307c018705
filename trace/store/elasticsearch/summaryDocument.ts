import { summarise } from '../../assemble/summarise.ts';
import { traceIdOf } from '../../record.ts';
import type { Edge, Trace } from '../../trace.ts';
import { hasFailed } from '../hasFailed.ts';
import { approximateTime, parseTime } from '../time.ts';
import type { EdgeDocument, SummaryContent } from './documents.ts';
import type { Evidence } from './evidence.ts';

/** Microseconds where there are none. */
const NONE = -1;
/** Nested documents of one, which Elasticsearch limits to 10,000: edges beyond are not counted by statistics. The trace itself has them all. */
const MOST_EDGES = 10_000;
/** Shown for traces that were never committed. */
const NO_CODE = 'NONE';

export function summaryOf(trace: Trace, evidence: Evidence): SummaryContent {
  const summary = summarise(trace);
  const { channel, txId, code, chaincode, creator, participants, stages } = summary;
  const findings = distinct(summary.findings.map((finding) => finding.code));
  const words = [chaincode, summary.function, creator, code, ...participants, ...findings];
  const times = evidence.records.map(({ record }) => approximateTime(record['@timestamp']));
  const started = timeOf(summary.startedAt);
  return {
    traceId: traceIdOf(channel, txId),
    channel,
    txId,
    txIdLower: txId.toLowerCase(),
    started,
    duration: microsOf(summary.durationUs),
    block: summary.block?.number ?? NONE,
    code: code ?? NO_CODE,
    chaincode,
    function: summary.function,
    creator,
    participants,
    findings,
    findingKinds: distinct(summary.findings.map((finding) => `${finding.code} ${finding.severity}`)),
    words: distinct(words.filter((word) => word !== null).map((word) => word.toLowerCase())),
    stages: {
      endorse: microsOf(stages.endorse),
      order: microsOf(stages.order),
      deliver: microsOf(stages.deliver),
      commit: microsOf(stages.commit),
    },
    edges: trace.edges.flatMap(edgeOf).slice(0, MOST_EDGES),
    ...(started !== NONE && summary.startedAt !== null && { '@timestamp': summary.startedAt }),
    blocks: evidence.blocks,
    firstRecord: times.reduce((first, time) => Math.min(first, time), times[0] ?? 0),
    lastRecord: times.reduce((last, time) => Math.max(last, time), 0),
    summary,
  };
}

function edgeOf(edge: Edge): EdgeDocument[] {
  if (edge.from === null) return [];
  const { point, from, to, durationUs } = edge;
  const key = `${point}\0${from}\0${to}`;
  return [{ key, failed: hasFailed(edge), ...(durationUs !== null && { us: microsOf(durationUs) }) }];
}

function timeOf(time: string | null): number {
  if (time === null) return NONE;
  const exact = parseTime(time);
  return Number.isNaN(exact) ? NONE : exact;
}

function microsOf(duration: number | null): number {
  return duration === null ? NONE : Math.max(0, Math.round(duration));
}

function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

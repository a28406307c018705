import type { Trace, TraceSummary } from '../trace.ts';

/** A trace in one line of a list. */
export function summarise(trace: Trace): TraceSummary {
  const { stages } = trace;
  return {
    channel: trace.channel,
    txId: trace.txId,
    ...(trace.txIdPrefix !== undefined && { txIdPrefix: trace.txIdPrefix }),
    traceId: trace.traceId,
    type: trace.type,
    chaincode: trace.chaincode,
    function: trace.function,
    creator: trace.creator,
    code: trace.code,
    block: trace.block,
    startedAt: trace.startedAt,
    endedAt: trace.endedAt,
    durationUs: trace.durationUs,
    stages: {
      endorse: stages.endorse.durationUs,
      order: stages.order.durationUs,
      deliver: stages.deliver.durationUs,
      commit: stages.commit.durationUs,
    },
    endorsers: trace.endorsers,
    participants: trace.participants.map(({ id }) => id),
    committed: trace.commits.length,
    missing: trace.missing.length,
    unobserved: trace.unobserved.length,
    findings: trace.findings.map(({ code, severity }) => ({ code, severity })),
  };
}

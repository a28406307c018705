import type { Trace } from '#trace/trace.ts';

const NO_TIME = { startedAt: null, endedAt: null, durationUs: null };
/** Nothing is known: stands in where there is no trace, and is what a trace made by hand adds to. */
export const EMPTY_TRACE: Trace = {
  channel: '',
  txId: '',
  traceId: '',
  type: null,
  chaincode: null,
  function: null,
  creator: null,
  code: null,
  block: null,
  ...NO_TIME,
  stages: { endorse: NO_TIME, order: NO_TIME, deliver: NO_TIME, commit: NO_TIME },
  participants: [],
  edges: [],
  commits: [],
  missing: [],
  unobserved: [],
  endorsers: [],
  policy: { expression: null, satisfied: null, satisfiedBy: [], reason: null },
  readWriteSets: [],
  findings: [],
  duplicates: [],
  clockOffsets: {},
  recordCount: 0,
};

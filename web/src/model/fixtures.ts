import type { Edge, Identity, Statistics, Trace } from '../api/types.ts';

export type CountedEdge = Statistics['edges'][number];

/** Who called whom, as the API counts it. */
export function countedEdge(point: string, from: string, to: string, rest: Partial<CountedEdge> = {}): CountedEdge {
  return { point, from, to, count: 100, errors: 0, medianUs: 2100, ...rest };
}

// Three traces as the API gives them, made by hand after a recorded network. For tests only; nothing of the pages imports them.

const START = Date.parse('2026-11-21T00:20:42.882Z');
/** ISO time `us` microseconds after the first trace began. */
const at = (us: number): string => {
  const iso = new Date(START + Math.floor(us / 1000)).toISOString();
  return `${iso.slice(0, -1)}${String(us % 1000).padStart(3, '0')}Z`;
};

const CLIENT = 'Org1MSP/User1@org1.example.com';
const P0_ORG1 = 'Org1MSP/peer0.org1.example.com';
const P1_ORG1 = 'Org1MSP/peer1.org1.example.com';
const P0_ORG2 = 'Org2MSP/peer0.org2.example.com';
const P1_ORG2 = 'Org2MSP/peer1.org2.example.com';
const P0_ORG3 = 'Org3MSP/peer0.org3.example.com';
const ORDERER1 = 'OrdererMSP/orderer1.example.com';

const who = (id: string, kind: Identity['kind'], address?: string): Identity => ({
  id,
  kind,
  msp: id.split('/')[0] ?? null,
  ...(address === undefined ? {} : { address }),
});
const PEOPLE: Identity[] = [
  who(CLIENT, 'client'),
  who(P0_ORG1, 'peer', '127.0.0.1:7051'),
  who(P1_ORG2, 'peer', '127.0.0.1:9061'),
  who(ORDERER1, 'orderer', '127.0.0.1:7050'),
  who(P1_ORG1, 'peer', '127.0.0.1:7061'),
  who(P0_ORG2, 'peer', '127.0.0.1:9051'),
];

interface Step {
  readonly status?: Edge['status'];
  readonly block?: number;
  readonly source?: Edge['source'];
  readonly error?: string;
}
const edge = (
  seq: number,
  point: Edge['point'],
  from: string | null,
  to: string,
  times: readonly [number | null, number | null],
  step: Step = {},
): Edge => ({
  seq,
  point,
  from,
  to,
  at: times[0] === null ? null : at(times[0]),
  respondedAt: times[1] === null ? null : at(times[1]),
  durationUs: times[0] === null || times[1] === null ? null : times[1] - times[0],
  status: step.status ?? null,
  block: step.block ?? null,
  source: step.source ?? 'record',
  ...(step.error === undefined ? {} : { error: step.error }),
  records: [seq.toString(16).padStart(16, '0')],
});
const stage = (from: number | null, to: number | null) => ({
  startedAt: from === null ? null : at(from),
  endedAt: to === null ? null : at(to),
  durationUs: from === null || to === null ? null : to - from,
});

/** Valid; peer0.org3 has not committed the block; the log of peer1.org3 was never seen. */
export const validMissingPeer: Trace = {
  channel: 'mychannel',
  txId: 'be8ab01d0afab9121a7de06e94f71f70767c7842172d1c8920f20747bc844ff7',
  traceId: '5a3f0e6b8f8c4d1e9a0b1c2d3e4f5061',
  type: 'ENDORSER_TRANSACTION',
  chaincode: 'basic',
  function: 'CreateAsset',
  creator: CLIENT,
  code: 'VALID',
  block: { number: 4, hash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08', index: 2 },
  startedAt: at(0),
  endedAt: at(656_000),
  durationUs: 656_000,
  stages: {
    endorse: stage(2_000, 143_500),
    order: stage(144_100, 548_000),
    deliver: stage(548_000, 561_200),
    commit: stage(561_200, 656_000),
  },
  participants: PEOPLE,
  edges: [
    edge(1, 'endorse', CLIENT, P0_ORG1, [2_000, 98_400], { status: 200 }),
    edge(2, 'endorse', P0_ORG1, P1_ORG2, [99_100, 143_500], { status: 200 }),
    edge(3, 'broadcast', P0_ORG1, ORDERER1, [144_100, 147_900], { status: 200 }),
    edge(4, 'deliver', ORDERER1, P1_ORG1, [548_000, 553_400], { block: 4 }),
    edge(5, 'deliver', ORDERER1, P1_ORG2, [null, null], { block: 4, source: 'derived' }),
    edge(6, 'gossip', P1_ORG1, P0_ORG1, [553_900, 555_100], { block: 4 }),
    edge(7, 'gossip', P1_ORG2, P0_ORG2, [554_600, 561_200], { block: 4 }),
    edge(8, 'commit', ORDERER1, P1_ORG1, [621_000, null], { block: 4, status: 'VALID' }),
    edge(9, 'commit', P1_ORG1, P0_ORG1, [623_100, null], { block: 4, status: 'VALID' }),
    edge(10, 'commit', ORDERER1, P1_ORG2, [624_900, null], { block: 4, status: 'VALID' }),
    edge(11, 'commit', P1_ORG2, P0_ORG2, [656_000, null], { block: 4, status: 'VALID' }),
  ],
  commits: [
    { peer: P1_ORG1, at: at(621_000), code: 'VALID', delayUs: 0, records: ['0000000000000008'] },
    { peer: P0_ORG1, at: at(623_100), code: 'VALID', delayUs: 2_100, records: ['0000000000000009'] },
    { peer: P1_ORG2, at: at(624_900), code: 'VALID', delayUs: 3_900, records: ['000000000000000a'] },
    { peer: P0_ORG2, at: at(656_000), code: 'VALID', delayUs: 35_000, records: ['000000000000000b'] },
  ],
  missing: [P0_ORG3],
  unobserved: ['Org3MSP/peer1.org3.example.com'],
  endorsers: [P0_ORG1, P1_ORG2],
  policy: {
    expression: 'MAJORITY Endorsement',
    satisfied: true,
    satisfiedBy: [P0_ORG1, P1_ORG2],
    reason: 'Org1MSP and Org2MSP endorsed: 2 of the 2 that a majority of 3 organisations needs.',
  },
  readWriteSets: [
    { namespace: '_lifecycle', reads: [{ key: 'namespaces/fields/basic/Sequence', version: '3:0' }], writes: [] },
    { namespace: 'basic', reads: [{ key: 'asset0', version: null }], writes: [{ key: 'asset0', is_delete: false }] },
  ],
  findings: [
    {
      code: 'not_committed_by',
      severity: 'warning',
      message: 'peer0.org3.example.com has not committed block 4, 21 s after the first peer did.',
      records: ['000000000000000b'],
    },
  ],
  duplicates: [],
  clockOffsets: { [P0_ORG2]: -1_200 },
  recordCount: 14,
};

/** One endorser refused: nothing was ordered. */
export const endorsementFailed: Trace = {
  channel: 'mychannel',
  txId: '77c1a9d2e3f405162738495a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f8',
  traceId: '0b1c2d3e4f50615a3f0e6b8f8c4d1e9a',
  type: 'ENDORSER_TRANSACTION',
  chaincode: 'basic',
  function: 'TransferAsset',
  creator: CLIENT,
  code: null,
  block: null,
  startedAt: at(9_000_000),
  endedAt: at(9_031_000),
  durationUs: 31_000,
  stages: {
    endorse: stage(9_000_000, 9_031_000),
    order: stage(null, null),
    deliver: stage(null, null),
    commit: stage(null, null),
  },
  participants: PEOPLE.slice(0, 3),
  edges: [
    edge(1, 'endorse', CLIENT, P0_ORG1, [9_000_000, 9_012_000], { status: 200 }),
    edge(2, 'endorse', P0_ORG1, P1_ORG2, [9_012_900, 9_031_000], {
      status: 500,
      error: 'chaincode response 500, the asset asset999 does not exist',
    }),
  ],
  commits: [],
  missing: [],
  unobserved: [],
  endorsers: [P0_ORG1],
  policy: {
    expression: 'MAJORITY Endorsement',
    satisfied: false,
    satisfiedBy: [P0_ORG1],
    reason: 'Only Org1MSP endorsed; 2 organisations are needed.',
  },
  readWriteSets: [],
  findings: [
    {
      code: 'endorsement_failed',
      severity: 'error',
      message: 'peer1.org2.example.com refused to endorse: the asset asset999 does not exist.',
      records: ['0000000000000002'],
    },
    {
      code: 'never_ordered',
      severity: 'info',
      message: 'No orderer was asked to order this transaction.',
      records: ['0000000000000002'],
    },
  ],
  duplicates: [],
  clockOffsets: {},
  recordCount: 4,
};

const MVCC = 'MVCC_READ_CONFLICT';
/** Ordered and committed as invalid by everybody: another transaction of the block before had changed what it read. */
export const mvccConflict: Trace = {
  channel: 'mychannel',
  txId: 'c4d5e6f708192a3b4c5d6e7f877c1a9d2e3f405162738495a6b7c8d9e0f1a2b3',
  traceId: '4f50615a3f0e6b8f8c4d1e9a0b1c2d3e',
  type: 'ENDORSER_TRANSACTION',
  chaincode: 'basic',
  function: 'TransferAsset',
  creator: CLIENT,
  code: MVCC,
  block: { number: 17, hash: null, index: 1 },
  startedAt: at(31_000_000),
  endedAt: at(31_552_000),
  durationUs: 552_000,
  stages: {
    endorse: stage(31_000_000, 31_016_000),
    order: stage(31_017_000, 31_520_000),
    deliver: stage(31_520_000, 31_528_000),
    commit: stage(31_528_000, 31_552_000),
  },
  participants: [...PEOPLE, who(P0_ORG3, 'peer', '127.0.0.1:11051')],
  edges: [
    edge(1, 'endorse', CLIENT, P0_ORG1, [31_000_000, 31_009_000], { status: 200 }),
    edge(2, 'endorse', P0_ORG1, P0_ORG2, [31_009_400, 31_016_000], { status: 200 }),
    edge(3, 'broadcast', P0_ORG1, ORDERER1, [31_017_000, 31_018_200], { status: 200 }),
    edge(4, 'deliver', ORDERER1, P1_ORG1, [31_520_000, 31_523_000], { block: 17 }),
    edge(5, 'deliver', ORDERER1, P1_ORG2, [31_520_100, 31_524_000], { block: 17 }),
    edge(6, 'deliver', ORDERER1, P0_ORG3, [31_520_200, 31_528_000], { block: 17 }),
    edge(7, 'gossip', P1_ORG1, P0_ORG1, [31_523_300, 31_524_100], { block: 17 }),
    edge(8, 'gossip', P1_ORG2, P0_ORG2, [31_524_400, 31_525_000], { block: 17 }),
    edge(9, 'commit', ORDERER1, P1_ORG1, [31_541_000, null], { block: 17, status: MVCC }),
    edge(10, 'commit', P1_ORG1, P0_ORG1, [31_542_000, null], { block: 17, status: MVCC }),
    edge(11, 'commit', ORDERER1, P1_ORG2, [31_543_000, null], { block: 17, status: MVCC }),
    edge(12, 'commit', P1_ORG2, P0_ORG2, [31_545_000, null], { block: 17, status: MVCC }),
    edge(13, 'commit', ORDERER1, P0_ORG3, [31_552_000, null], { block: 17, status: MVCC }),
  ],
  commits: [
    { peer: P1_ORG1, at: at(31_541_000), code: MVCC, delayUs: 0, records: ['0000000000000009'] },
    { peer: P0_ORG1, at: at(31_542_000), code: MVCC, delayUs: 1_000, records: ['000000000000000a'] },
    { peer: P1_ORG2, at: at(31_543_000), code: MVCC, delayUs: 2_000, records: ['000000000000000b'] },
    { peer: P0_ORG2, at: at(31_545_000), code: MVCC, delayUs: 4_000, records: ['000000000000000c'] },
    { peer: P0_ORG3, at: at(31_552_000), code: MVCC, delayUs: 11_000, records: ['000000000000000d'] },
  ],
  missing: [],
  unobserved: [],
  endorsers: [P0_ORG1, P0_ORG2],
  policy: {
    expression: 'MAJORITY Endorsement',
    satisfied: true,
    satisfiedBy: [P0_ORG1, P0_ORG2],
    reason: 'Org1MSP and Org2MSP endorsed.',
  },
  readWriteSets: [
    { namespace: 'basic', reads: [{ key: 'asset1', version: '15:0' }], writes: [{ key: 'asset1', is_delete: false }] },
  ],
  findings: [
    {
      code: 'mvcc_conflict',
      severity: 'error',
      message:
        'It read asset1 as block 15 had left it, but block 16 changed asset1 before this transaction was committed.',
      records: ['0000000000000009'],
    },
  ],
  duplicates: [],
  clockOffsets: {},
  recordCount: 19,
};

export const fixtures = [validMissingPeer, endorsementFailed, mvccConflict] as const;

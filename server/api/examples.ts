import type { BlockSummary, LeaderTerm, NodeSummary, Statistics } from '#trace/store/traceStore.ts';
import type { Trace, TraceSummary } from '#trace/trace.ts';

/** What the API's document shows as answers. Each is checked against its schema. */
const TX_ID = 'be8ab01d0afab9121a7de06e94f71f70767c7842172d1c8920f20747bc844ff7';
const BLOCK_HASH = '0f5f4b2f5a1c9f7a6d0f6f0b7f1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b';
const CLIENT = 'Org1MSP/User1@org1.example.com';
const PEER = 'Org1MSP/peer0.org1.example.com';
const OTHER = 'Org2MSP/peer0.org2.example.com';
const ORDERER = 'OrdererMSP/orderer1.example.com';

export const SUMMARY_EXAMPLE: TraceSummary = {
  channel: 'mychannel',
  txId: TX_ID,
  traceId: '9d1f0a6c3b5e48d7a2c4e6f80a1b3c5d',
  type: 'ENDORSER_TRANSACTION',
  chaincode: 'basic',
  function: 'CreateAsset',
  creator: CLIENT,
  code: 'VALID',
  block: { number: 4, hash: BLOCK_HASH, index: 2 },
  startedAt: '2026-11-21T00:20:42.885112Z',
  endedAt: '2026-11-21T00:20:43.541870Z',
  durationUs: 656_758,
  stages: { endorse: 12_410, order: 501_200, deliver: 9120, commit: 14_870 },
  endorsers: [PEER, OTHER],
  participants: [CLIENT, PEER, OTHER, ORDERER],
  committed: 1,
  missing: 1,
  unobserved: 0,
  findings: [{ code: 'not_committed_by', severity: 'warning' }],
};

const noStage = { startedAt: null, endedAt: null, durationUs: null };

export const TRACE_EXAMPLE: Trace = {
  channel: SUMMARY_EXAMPLE.channel,
  txId: TX_ID,
  traceId: SUMMARY_EXAMPLE.traceId,
  type: SUMMARY_EXAMPLE.type,
  chaincode: SUMMARY_EXAMPLE.chaincode,
  function: SUMMARY_EXAMPLE.function,
  creator: CLIENT,
  code: 'VALID',
  block: SUMMARY_EXAMPLE.block,
  startedAt: SUMMARY_EXAMPLE.startedAt,
  endedAt: SUMMARY_EXAMPLE.endedAt,
  durationUs: SUMMARY_EXAMPLE.durationUs,
  stages: {
    endorse: { startedAt: '2026-11-21T00:20:42.885112Z', endedAt: '2026-11-21T00:20:42.897522Z', durationUs: 12_410 },
    order: noStage,
    deliver: noStage,
    commit: { startedAt: '2026-11-21T00:20:43.527000Z', endedAt: '2026-11-21T00:20:43.541870Z', durationUs: 14_870 },
  },
  participants: [
    { id: CLIENT, kind: 'client', msp: 'Org1MSP' },
    { id: PEER, kind: 'peer', msp: 'Org1MSP', address: '127.0.0.1:7051' },
    { id: OTHER, kind: 'peer', msp: 'Org2MSP', address: '127.0.0.1:9051' },
    { id: ORDERER, kind: 'orderer', msp: 'OrdererMSP', address: '127.0.0.1:7050' },
  ],
  edges: [
    {
      seq: 1,
      point: 'endorse',
      from: CLIENT,
      to: PEER,
      at: '2026-11-21T00:20:42.885112Z',
      respondedAt: '2026-11-21T00:20:42.897522Z',
      durationUs: 12_410,
      status: 200,
      block: null,
      source: 'record',
      records: ['5c0e3f9a1b2d4c6e'],
    },
    {
      seq: 2,
      point: 'commit',
      from: ORDERER,
      to: PEER,
      at: '2026-11-21T00:20:43.541870Z',
      respondedAt: null,
      durationUs: null,
      status: 'VALID',
      block: 4,
      source: 'record',
      records: ['77aa01b2c3d4e5f6'],
    },
  ],
  commits: [
    { peer: PEER, at: '2026-11-21T00:20:43.541870Z', code: 'VALID', delayUs: 0, records: ['77aa01b2c3d4e5f6'] },
  ],
  missing: [OTHER],
  unobserved: [],
  endorsers: [PEER, OTHER],
  policy: {
    expression: 'MAJORITY Endorsement',
    satisfied: true,
    satisfiedBy: [PEER, OTHER],
    reason: 'The peers that validated the block accepted its endorsements.',
  },
  readWriteSets: [
    { namespace: 'basic', reads: [{ key: 'asset0', version: null }], writes: [{ key: 'asset0', is_delete: false }] },
  ],
  findings: [
    {
      code: 'not_committed_by',
      severity: 'warning',
      message: 'peer0.org2.example.com has not committed block 4 yet.',
      records: ['77aa01b2c3d4e5f6'],
    },
  ],
  duplicates: [],
  clockOffsets: {},
  recordCount: 14,
};

export const RECORD_EXAMPLE = {
  id: '77aa01b2c3d4e5f6',
  record: {
    '@timestamp': '2026-11-21T00:20:43.541870Z',
    'log.level': 'info',
    'service.type': 'fabric-peer',
    'service.node.name': 'peer0.org1.example.com',
    ftl: {
      version: 1,
      point: 'gossip.commit',
      channel: 'mychannel',
      block: { number: 4 },
      tx_count: 6,
      duration_us: 14_000,
      source: 'log',
    },
  },
};

export const BLOCK_EXAMPLE: BlockSummary = {
  channel: 'mychannel',
  number: 4,
  hash: BLOCK_HASH,
  previousHash: null,
  dataHash: null,
  txCount: 6,
  txs: [{ id: TX_ID, type: 'ENDORSER_TRANSACTION', code: 'VALID' }],
  commits: [{ peer: PEER, at: '2026-11-21T00:20:43.541870Z', commitHash: null }],
  firstSeenAt: '2026-11-21T00:20:43.520100Z',
};

export const NODE_EXAMPLE: NodeSummary = {
  id: PEER,
  kind: 'peer',
  msp: 'Org1MSP',
  address: '127.0.0.1:7051',
  pkiId: null,
  firstSeenAt: '2026-11-21T00:19:58.102000Z',
  lastSeenAt: '2026-11-21T00:20:43.541870Z',
  starts: ['2026-11-21T00:19:58.102000Z'],
  observed: true,
  channels: [{ channel: 'mychannel', height: 5 }],
  streamBreaks: [],
};

export const LEADER_EXAMPLE: LeaderTerm = {
  channel: 'mychannel',
  kind: 'gossip',
  msp: 'Org1MSP',
  node: PEER,
  from: '2026-11-21T00:20:08.400000Z',
  to: null,
};

export const STATISTICS_EXAMPLE: Statistics = {
  from: '2026-11-21T00:20:00Z',
  to: '2026-11-21T00:21:00Z',
  bucketUs: 1_000_000,
  throughput: [{ at: '2026-11-21T00:20:42Z', outcomes: { VALID: 6 } }],
  outcomes: { VALID: 6, NONE: 1 },
  latency: {
    endorse: { count: 7, p50: 11_000, p95: 14_000, p99: 15_000 },
    order: { count: 6, p50: 498_000, p95: 502_000, p99: 503_000 },
    deliver: { count: 6, p50: 9000, p95: 9800, p99: 9900 },
    commit: { count: 6, p50: 14_000, p95: 15_200, p99: 15_900 },
    total: { count: 6, p50: 640_000, p95: 660_000, p99: 661_000 },
  },
  findings: [{ code: 'never_ordered', severity: 'warning', count: 1 }],
  edges: [{ point: 'endorse', from: CLIENT, to: PEER, count: 7, errors: 0, medianUs: 11_000 }],
};

import { describe, expect, it } from 'vitest';
import { compareWithTruth, describeReport } from '#test/truth/compare.ts';
import { EMPTY_TRACE } from '#test/truth/emptyTrace.ts';
import type { Truth, TruthTransaction } from '#test/truth/truth.ts';
import type { Edge, Trace } from '#trace/trace.ts';

const CLIENT = 'Org1MSP/User1@org1.example.com';
const PEER = 'Org1MSP/peer0.org1.example.com';
const OTHER = 'Org1MSP/peer1.org1.example.com';
const ORDERER = 'OrdererMSP/orderer1.example.com';
const DEAD_ORDERER = 'OrdererMSP/orderer2.example.com';

const ordered: TruthTransaction = {
  channel: 'ch',
  txId: 'aaaaaaaa11',
  known: 'full',
  step: 'create',
  type: 'ENDORSER_TRANSACTION',
  code: 'VALID',
  block: 1,
  index: 0,
  duplicates: [],
  creator: CLIENT,
  creatorMsp: 'Org1MSP',
  chaincode: 'basic',
  function: 'CreateAsset',
  endorsers: [PEER],
  orderers: [ORDERER],
  gateway: PEER,
  edges: [
    { point: 'endorse', from: CLIENT, to: PEER, evidence: 'log' },
    { point: 'broadcast', from: PEER, to: DEAD_ORDERER, evidence: 'attempt' },
    { point: 'broadcast', from: PEER, to: ORDERER, evidence: 'log' },
  ],
};
const queried: TruthTransaction = {
  ...ordered,
  txId: 'bbbbbbbb22',
  known: 'prefix',
  type: null,
  code: null,
  block: null,
  index: null,
  creator: 'client',
  creatorMsp: null,
  endorsers: [],
  orderers: [],
  edges: [{ point: 'endorse', from: 'client', to: PEER, evidence: 'log' }],
};
const truth: Truth = {
  recording: 'hand-made',
  channel: 'ch',
  gossipKnown: true,
  nodes: [],
  gossipLeaders: [],
  consensusLeaders: [],
  blocks: [
    {
      number: 1,
      hash: null,
      createdBy: ORDERER,
      txIds: [ordered.txId],
      commits: { [PEER]: '2026-01-01T00:00:01.000100Z', [OTHER]: '2026-01-01T00:00:01.000200Z' },
      edges: [
        { point: 'deliver', from: ORDERER, to: PEER, evidence: 'log' },
        { point: 'gossip', from: PEER, to: OTHER, evidence: 'log' },
        { point: 'commit', from: ORDERER, to: PEER, evidence: 'log' },
        { point: 'commit', from: PEER, to: OTHER, evidence: 'log' },
      ],
    },
  ],
  transactions: [ordered, queried],
};

const trace = (part: Partial<Trace>): Trace => ({ ...EMPTY_TRACE, channel: 'ch', ...part });
function edge(point: Edge['point'], from: string | null, to: string): Edge {
  const times = { at: null, respondedAt: null, durationUs: null };
  return { seq: 1, point, from, to, ...times, status: null, block: null, source: 'record', records: [] };
}
function commit(peer: string, at: string): Trace['commits'][number] {
  return { peer, at, code: 'VALID', delayUs: null, records: [] };
}
const edges = [
  edge('endorse', CLIENT, PEER),
  edge('broadcast', PEER, ORDERER),
  edge('deliver', ORDERER, PEER),
  edge('gossip', PEER, OTHER),
  edge('commit', ORDERER, PEER),
  edge('commit', PEER, OTHER),
];
const perfect = trace({
  txId: ordered.txId,
  code: 'VALID',
  creator: CLIENT,
  block: { number: 1, hash: null, index: 0 },
  endorsers: [PEER],
  commits: [commit(PEER, '2026-01-01T00:00:01.000100Z'), commit(OTHER, '2026-01-01T00:00:01.000201Z')],
  edges,
});
const query = trace({
  txId: 'bbbbbbbb',
  txIdPrefix: 'bbbbbbbb',
  creator: 'client',
  edges: [edge('endorse', 'client', PEER)],
});

describe('compareWithTruth', () => {
  it('finds every fact of traces that tell the whole truth, an ID known by its prefix included', () => {
    const report = compareWithTruth(truth, [perfect, query]);
    expect(report.differences).toEqual([]);
    expect(report.aspects).toEqual({
      outcome: { true: 2, found: 2, wrong: 0 },
      block: { true: 1, found: 1, wrong: 0 },
      creator: { true: 1, found: 1, wrong: 0 },
      endorsers: { true: 1, found: 1, wrong: 0 },
      orderer: { true: 1, found: 1, wrong: 0 },
      commits: { true: 2, found: 2, wrong: 0 },
      edges: { true: 7, found: 7, wrong: 0 },
    });
    expect(report.edgesByPoint.commit).toEqual({ true: 2, found: 2, wrong: 0 });
  });

  it('counts every fact of a transaction without a trace as missing, its outcome too', () => {
    const report = compareWithTruth(truth, [perfect]);
    expect(report.untraced).toEqual([queried.txId]);
    expect(report.aspects.outcome).toEqual({ true: 2, found: 1, wrong: 0 });
    expect(report.aspects.edges).toEqual({ true: 7, found: 6, wrong: 0 });
  });

  it('tells wrong from missing', () => {
    const lying = {
      ...perfect,
      code: 'MVCC_READ_CONFLICT',
      creator: 'Org2MSP/client',
      commits: [commit(PEER, '2026-01-01T00:00:02Z')],
      edges: [edge('endorse', CLIENT, OTHER)],
    };
    const { aspects, differences, unknown } = compareWithTruth(truth, [lying, query, trace({ txId: 'cccc' })]);
    expect(aspects.outcome).toEqual({ true: 2, found: 1, wrong: 1 });
    expect(aspects.creator).toEqual({ true: 1, found: 0, wrong: 1 });
    expect(aspects.commits).toEqual({ true: 2, found: 0, wrong: 1 });
    expect(aspects.edges).toEqual({ true: 7, found: 1, wrong: 1 });
    expect(aspects.orderer).toEqual({ true: 1, found: 0, wrong: 0 });
    expect(differences).toContainEqual({
      txId: ordered.txId,
      aspect: 'outcome',
      kind: 'wrong',
      what: 'MVCC_READ_CONFLICT',
      truth: 'VALID',
    });
    expect(unknown).toEqual(['cccc']);
  });

  it('takes a failed attempt, an unnamed client and a commit of unknown origin as less than the truth, not as wrong', () => {
    const vague = {
      ...perfect,
      creator: 'client',
      edges: [
        edge('endorse', 'client', PEER),
        edge('broadcast', PEER, DEAD_ORDERER),
        edge('broadcast', PEER, ORDERER),
        edge('commit', null, OTHER),
      ],
    };
    const { aspects } = compareWithTruth(truth, [vague, query]);
    expect(aspects.creator).toEqual({ true: 1, found: 0, wrong: 0 });
    expect(aspects.orderer).toEqual({ true: 1, found: 1, wrong: 0 });
    expect(aspects.edges).toEqual({ true: 7, found: 3, wrong: 0 });
  });

  it('neither demands nor refutes gossip where the logs are silent about it', () => {
    const silent: Truth = { ...truth, gossipKnown: false, blocks: [] };
    const { edgesByPoint } = compareWithTruth(silent, [perfect, query]);
    expect(edgesByPoint.gossip).toBeUndefined();
  });

  it('is described in lines for people', () => {
    const text = describeReport(compareWithTruth(truth, [perfect]));
    expect(text).toContain('outcome            1/2 50.0 %, wrong 0');
    expect(text).toContain('bbbbbbbb22 outcome missing: not ordered');
  });
});

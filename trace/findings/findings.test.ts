import { describe, expect, test } from 'vitest';
import { assemble } from '../assemble/assemble.ts';
import type { AssembleContext } from '../assemble/context.ts';
import {
  BLOCK,
  blockRecords,
  CHANNEL,
  CLIENT,
  debugRecords,
  type ExampleNode,
  type Fields,
  hex,
  infoRecords,
  instrumentedRecords,
  networkFacts,
  O1,
  O2,
  P01,
  P02,
  P11,
  P12,
  PEERS,
  skewed,
  stored,
  T0,
  TX_ID,
} from '../assemble/exampleNetwork.ts';
import { buildNetwork } from '../network/buildNetwork.ts';
import type { StoredRecord } from '../record.ts';
import type { Finding } from '../trace.ts';
import type { FindingCode } from './codes.ts';

const network = buildNetwork(networkFacts());
const healthy = [...blockRecords(), ...infoRecords(), ...debugRecords()];
const tx = { channel: CHANNEL, tx_id: TX_ID } as const;
const self = (one: ExampleNode) => ({ kind: one.kind, name: one.name });
const of = (us: number, one: ExampleNode | null, fields: Fields) => stored(T0 + us, one, fields);
const without = (records: readonly StoredRecord[], ...points: string[]) =>
  records.filter(({ record }) => !points.includes(record.ftl.point));
const ordering = ['gossip.commit', 'order.block', 'deliver.block', 'gossip.send', 'gossip.receive'];

function findings(records: readonly StoredRecord[], context: Partial<AssembleContext> = {}): Finding[] {
  return assemble(records, { channel: CHANNEL, txId: TX_ID, network, ...context }).findings;
}

function only(code: FindingCode, records: readonly StoredRecord[], context?: Partial<AssembleContext>): Finding {
  const found = findings(records, context);
  expect(found.map((finding) => finding.code)).toContain(code);
  return found.find((finding) => finding.code === code)!;
}

test('a healthy transaction has no findings, in whatever form it is told', () => {
  for (const records of [healthy, [...blockRecords(), ...infoRecords()], blockRecords(), instrumentedRecords()]) {
    expect(findings(records)).toEqual([]);
  }
});

describe('endorsing', () => {
  const refused = of(62_000, P02, {
    point: 'endorse.response',
    ...tx,
    status: 500,
    error: 'the asset asset1 already exists',
    receiver: self(P02),
  });
  const asked = of(57_000, P02, {
    point: 'endorse.request',
    ...tx,
    sender: P01.full,
    creator: CLIENT,
    receiver: self(P02),
  });
  const granted = of(60_000, P01, {
    point: 'endorse.response',
    ...tx,
    status: 200,
    sender: CLIENT,
    receiver: self(P01),
  });

  test('endorsement_failed names the peer, the status and its words', () => {
    const finding = only('endorsement_failed', [asked, refused]);
    expect(finding).toMatchObject({
      severity: 'error',
      message: 'peer0.org2.example.com refused with status 500 (“the asset asset1 already exists”).',
    });
    expect(finding.records.toSorted()).toEqual([asked.id, refused.id].toSorted());
  });

  test('endorsement_failed is a warning where enough others endorsed', () => {
    expect(only('endorsement_failed', [...blockRecords(), { ...refused, id: 'other' }]).severity).toBe('warning');
  });

  test('endorsements_differ names who answered what', () => {
    expect(only('endorsements_differ', [granted, asked, refused]).message).toBe(
      'Endorsers did not agree: peer0.org1.example.com answered 200; peer0.org2.example.com answered 500.',
    );
    expect(findings([asked, refused]).map(({ code }) => code)).not.toContain('endorsements_differ');
  });

  test('no_response names who was asked when', () => {
    expect(only('no_response', [asked, granted])).toMatchObject({
      severity: 'warning',
      message: 'peer0.org2.example.com was asked to endorse at 00:20:42.939 and no answer was recorded.',
      records: [asked.id],
    });
    // The block proves that it answered.
    expect(findings([asked, ...blockRecords()]).map(({ code }) => code)).not.toContain('no_response');
  });
});

describe('ordering', () => {
  const sent = without(healthy, 'block.tx', 'block.header', ...ordering);
  const refusal = of(73_000, O1, {
    point: 'broadcast.response',
    ...tx,
    status: 403,
    error: 'signature set did not satisfy policy',
    receiver: self(O1),
  });

  test('never_ordered warns of a transaction that was endorsed and sent', () => {
    expect(only('never_ordered', sent)).toMatchObject({
      severity: 'warning',
      message:
        'peer0.org1.example.com and peer0.org2.example.com endorsed it and it was sent to orderer1.example.com, but no block seen so far holds it.',
    });
  });

  test('never_ordered warns of a transaction that nobody sent', () => {
    const endorsed = without(sent, 'gateway.submit', 'broadcast.request', 'broadcast.response');
    expect(only('never_ordered', endorsed)).toMatchObject({ severity: 'warning' });
    expect(only('never_ordered', endorsed).message).toContain('nobody is known to have sent it');
  });

  test('never_ordered only notes a query', () => {
    const receiver = { kind: 'peer', address: P01.address, msp: P01.msp } as const;
    const query = (us: number, stage: string) =>
      of(us, P01, {
        point: 'gateway.evaluate',
        ...tx,
        stage,
        sender: self(P01),
        receiver,
        ...(stage === 'response' && { status: 200 }),
      });
    expect(only('never_ordered', [query(0, 'request'), query(3000, 'response')])).toMatchObject({
      severity: 'info',
      message: 'A query: peer0.org1.example.com answered it, and it was never meant to be ordered.',
    });
  });

  test('never_ordered only notes what changes nothing, by the word of its endorser', () => {
    const answer = { point: 'endorse.response', ...tx, receiver: self(P01), status: 200 } as const;
    const query = only('never_ordered', [of(3000, P01, { ...answer, read_only: true })]);
    expect(query).toMatchObject({ severity: 'info' });
    expect(query.message).toMatch(/^A query/);
    expect(only('never_ordered', [of(3000, P01, answer)]).message).not.toMatch(/^A query/);
  });

  test('never_ordered only notes what nobody could know: no blocks, no instrumented node', () => {
    const bare = buildNetwork(networkFacts().filter(({ record }) => record.ftl.point !== 'channel.config'));
    expect(only('never_ordered', infoRecords(), { network: bare }).severity).toBe('info');
  });

  test('never_ordered only notes a single run of which nothing else is known', () => {
    const [invoked] = infoRecords();
    expect(only('never_ordered', [invoked!])).toMatchObject({ severity: 'info' });
  });

  test('rejected_by_orderer names the orderer, the status and its words', () => {
    const records = [...without(sent, 'broadcast.response'), refusal];
    expect(only('rejected_by_orderer', records)).toMatchObject({
      severity: 'error',
      message:
        'orderer1.example.com did not take it with status 403 (forbidden): “signature set did not satisfy policy”.',
    });
  });

  test('rejected_by_orderer is a warning where another orderer took it', () => {
    const failed = of(69_000, P01, {
      point: 'gateway.submit',
      ...tx,
      stage: 'failed',
      error: 'connection refused',
      sender: self(P01),
      receiver: { kind: 'orderer', address: O2.address },
    });
    expect(only('rejected_by_orderer', [...healthy, failed])).toMatchObject({
      severity: 'warning',
      message: 'orderer2.example.com did not take it: “connection refused”; it was ordered all the same.',
    });
  });

  test('no_response of an orderer, unless the block came', () => {
    const silent = without(sent, 'broadcast.response');
    expect(only('no_response', silent).message).toBe(
      'orderer1.example.com was sent the transaction at 00:20:42.952 and no answer was recorded.',
    );
    expect(findings(without(healthy, 'broadcast.response'))).toEqual([]);
  });
});

const verdict = (code: string, error?: string) =>
  of(640_000, P01, {
    point: 'validate.tx',
    ...tx,
    block: { number: BLOCK },
    tx_index: 0,
    code,
    ...(error !== undefined && { error }),
    receiver: self(P01),
  });

describe('validation', () => {
  test('policy_failed says who endorsed and what was asked for', () => {
    const records = blockRecords({ code: 'ENDORSEMENT_POLICY_FAILURE' });
    expect(only('policy_failed', records)).toMatchObject({
      severity: 'error',
      message:
        'The endorsement policy was not met in block 4: peer0.org1.example.com and peer0.org2.example.com endorsed it, but the policy is MAJORITY Endorsement.',
    });
  });

  test('mvcc_conflict quotes the peer', () => {
    const records = [
      ...blockRecords({ code: 'MVCC_READ_CONFLICT' }),
      verdict('MVCC_READ_CONFLICT', 'version mismatch of asset0'),
    ];
    expect(only('mvcc_conflict', records)).toMatchObject({
      severity: 'warning',
      message:
        'Another transaction changed the same data first, so this one had no effect in block 4. A peer says: “version mismatch of asset0”.',
    });
  });

  test('phantom_read', () => {
    expect(only('phantom_read', blockRecords({ code: 'PHANTOM_READ_CONFLICT' })).severity).toBe('warning');
  });

  test('invalid_transaction names the code and the reason', () => {
    const records = [...blockRecords({ code: 'BAD_PAYLOAD' }), verdict('BAD_PAYLOAD', 'nil payload')];
    expect(only('invalid_transaction', records)).toMatchObject({
      severity: 'error',
      message: 'It is invalid in block 4 with code BAD_PAYLOAD: peer0.org1.example.com says “nil payload”.',
    });
  });

  test('duplicate_txid names the blocks, and the first copy’s code counts', () => {
    const records = [...healthy, ...blockRecords({ block: 9, code: 'DUPLICATE_TXID' })];
    const trace = assemble(records, { channel: CHANNEL, txId: TX_ID, network });
    expect(trace).toMatchObject({ code: 'VALID', duplicates: [{ block: 9, code: 'DUPLICATE_TXID' }] });
    expect(trace.findings.map(({ code, message }) => [code, message])).toEqual([
      ['duplicate_txid', 'It was ordered 2 times: first in block 4, again in block 9; only the first counts.'],
    ]);
  });

  test('duplicate_txid where only the second copy is known', () => {
    const trace = assemble([verdict('DUPLICATE_TXID')], { channel: CHANNEL, txId: TX_ID, network });
    expect(trace).toMatchObject({ code: null, block: null, duplicates: [{ block: 4, code: 'DUPLICATE_TXID' }] });
    expect(trace.findings.map(({ code }) => code)).toEqual(['duplicate_txid']);
  });
});

describe('commits', () => {
  const heights = new Map(PEERS.map(({ name }) => [name, 4]));

  test('not_committed_by names the peer and since when the others have it', () => {
    const behind = healthy.filter(
      ({ record }) => record.ftl.point !== 'gossip.commit' || record['service.node.name'] !== P12.name,
    );
    const finding = only('not_committed_by', behind, { heights: new Map([...heights, [P12.name, 3]]) });
    expect(finding).toMatchObject({
      severity: 'warning',
      message: 'peer1.org2.example.com has not committed block 4; the other 3 peers have since 00:20:43.532.',
    });
    expect(finding.records).toHaveLength(3);
    // It has later blocks: its records are incomplete, not the peer.
    const gap = { channel: CHANNEL, txId: TX_ID, network, heights: new Map([...heights, [P12.name, 5]]) };
    expect(assemble(behind, gap)).toMatchObject({ missing: [], unobserved: [P12.id], findings: [] });
  });

  test('codes_diverge names who says what', () => {
    const records = instrumentedRecords().map(({ id, record }) =>
      record.ftl.point === 'gossip.commit' && record['service.node.name'] === P02.name
        ? { id, record: { ...record, ftl: { ...record.ftl, txs: [{ id: TX_ID, code: 'MVCC_READ_CONFLICT' }] } } }
        : { id, record },
    );
    expect(only('codes_diverge', records)).toMatchObject({
      severity: 'critical',
      message: expect.stringContaining('MVCC_READ_CONFLICT by peer0.org2.example.com; VALID by '),
    });
    expect(assemble(records, { channel: CHANNEL, txId: TX_ID, network }).code).toBe('VALID');
  });

  test('block_hash_diverges for block hashes and for commit hashes', () => {
    const fork = of(655_000, P02, {
      point: 'gossip.commit',
      source: 'log',
      channel: CHANNEL,
      block: { number: BLOCK, hash: hex('another block') },
      commit_hash: hex('another state'),
      receiver: self(P02),
    });
    const finding = only('block_hash_diverges', [...healthy, fork]);
    expect(finding.severity).toBe('critical');
    expect(finding.message).toContain('block hashes');
    expect(finding.message).toContain('commit hashes');
    expect(finding.message).toContain('peer0.org2.example.com');
  });
});

describe('times', () => {
  test('clock_skew is a warning from one second on, a note below, nothing below 10 ms', () => {
    expect(only('clock_skew', skewed(healthy, P11.name, 5_000_000))).toMatchObject({
      severity: 'warning',
      message: 'A clock is off: peer1.org1.example.com by at least 5 s (fast); the times shown are corrected.',
    });
    expect(only('clock_skew', skewed(healthy, P02.name, -200_000)).severity).toBe('info');
    expect(findings(skewed(healthy, P02.name, -7000))).toEqual([]);
  });

  test('slow_stage names the stage and the threshold', () => {
    const slow = healthy.map(({ id, record }) =>
      record.ftl.point === 'gossip.commit'
        ? { id, record: { ...record, '@timestamp': '2026-11-21T00:20:46.520000Z' } }
        : { id, record },
    );
    expect(only('slow_stage', slow)).toMatchObject({
      severity: 'warning',
      message: 'Commit took 3 s (more than 2 s).',
    });
  });
});

describe('shortened IDs', () => {
  test('ambiguous_tx_id: such records are left out and said to be', () => {
    const finding = only('ambiguous_tx_id', healthy, { ambiguousPrefix: true });
    expect(finding).toMatchObject({ severity: 'info' });
    expect(finding.records).toHaveLength(6);
    const trace = assemble(healthy, { channel: CHANNEL, txId: TX_ID, network, ambiguousPrefix: true });
    expect(trace.edges.find(({ point, to }) => point === 'endorse' && to === P01.id)?.source).toBe('block');
  });

  test('ambiguous_tx_id is seen among the records too', () => {
    const other = of(0, P01, { point: 'tx.seen', channel: CHANNEL, tx_id: `${TX_ID.slice(0, 8)}ffff` });
    expect(findings([...healthy, other]).map(({ code }) => code)).toEqual(['ambiguous_tx_id']);
  });

  test('a shortened ID that can only be this one is this one', () => {
    expect(findings(healthy)).toEqual([]);
  });
});

import { describe, expect, test } from 'vitest';
import { buildNetwork } from '../network/buildNetwork.ts';
import { Trace, TraceSummary } from '../trace.ts';
import { assemble } from './assemble.ts';
import {
  BLOCK,
  blockRecords,
  CHANNEL,
  debugRecords,
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
  stored,
  T0,
  TX_ID,
} from './exampleNetwork.ts';
import { summarise } from './summarise.ts';

const network = buildNetwork(networkFacts());
const context = { channel: CHANNEL, txId: TX_ID, network };
const everything = [...blockRecords(), ...infoRecords(), ...debugRecords()];
const ways = (trace: Trace) => trace.edges.map(({ point, from, to }) => `${point} ${from} > ${to}`);
const USER = 'Org1MSP/User1@org1.example.com';

const transfer = (us: number, stage: string, block: { number: number; last?: number }) =>
  stored(T0 + us, P02, {
    point: 'gossip.transfer',
    source: 'log',
    channel: CHANNEL,
    stage,
    block,
    sender: { kind: 'peer', address: P01.address },
    receiver: { kind: 'peer', name: P02.name },
  });

const again = (us: number, point: 'endorse.request' | 'endorse.response', more: object) =>
  stored(T0 + us, P01, { point, channel: CHANNEL, tx_id: TX_ID, receiver: P01.full, ...more });

describe('assemble', () => {
  test('tells the whole way from debug logs and blocks', () => {
    const trace = assemble(everything, context);
    expect(ways(trace)).toEqual([
      `endorse ${USER} > ${P01.id}`,
      `endorse ${P01.id} > ${P02.id}`,
      `broadcast ${P01.id} > ${O1.id}`,
      `deliver ${O2.id} > ${P11.id}`,
      `deliver ${O1.id} > ${P12.id}`,
      `gossip ${P11.id} > ${P01.id}`,
      `gossip ${P12.id} > ${P02.id}`,
      `commit ${P11.id} > ${P01.id}`,
      `commit ${O2.id} > ${P11.id}`,
      `commit ${P12.id} > ${P02.id}`,
      `commit ${O1.id} > ${P12.id}`,
    ]);
    expect(trace).toMatchObject({ code: 'VALID', creator: USER, chaincode: 'basic', function: 'CreateAsset' });
    expect(trace.policy).toMatchObject({ satisfied: true, satisfiedBy: [P01.id, P02.id] });
    expect(trace.clockOffsets).toEqual({});
    expect(trace.edges.map(({ seq }) => seq)).toEqual(trace.edges.map((_, at) => at + 1));
  });

  test('tells endorsers, orderer, pulls and commits from info logs and blocks', () => {
    const trace = assemble([...blockRecords(), ...infoRecords()], context);
    expect(trace.code).toBe('VALID');
    expect(trace.commits.map(({ peer }) => peer)).toEqual([P01.id, P11.id, P02.id, P12.id]);
    expect(trace.edges.filter(({ source }) => source === 'derived').map(({ from, to }) => [from, to])).toEqual([
      [O2.id, P11.id],
      [O1.id, P12.id],
    ]);
  });

  test('tells who endorsed from the block alone', () => {
    const trace = assemble(blockRecords(), context);
    // A block does not say whether the client or a gateway peer asked.
    expect(ways(trace)).toEqual([`endorse null > ${P01.id}`, `endorse null > ${P02.id}`]);
    expect(trace.edges.every(({ at, source }) => at === null && source === 'block')).toBe(true);
    expect(trace.startedAt).toBe('2026-11-21T00:20:42.882000Z');
    expect(trace.endedAt).toBeNull();
  });

  test('needs no network facts where nodes write whole identities', () => {
    const trace = assemble(instrumentedRecords(), { channel: CHANNEL, txId: TX_ID });
    expect(ways(trace)).toHaveLength(11);
    expect(trace.commits).toHaveLength(4);
    expect(trace.durationUs).toBe(533_000);
    const heights = new Map([P01, P02, P11, P12].map(({ name }) => [name, BLOCK + 3]));
    const bare = assemble(instrumentedRecords(), { channel: CHANNEL, txId: TX_ID, network: buildNetwork([]), heights });
    expect(bare).toMatchObject({ missing: [], unobserved: [] });
  });

  test('fits its own schema, and so does its summary', () => {
    for (const records of [everything, blockRecords(), infoRecords(), instrumentedRecords(), []]) {
      const trace = assemble(records, context);
      expect(Trace.parse(trace)).toEqual(trace);
      expect(TraceSummary.parse(summarise(trace))).toEqual(summarise(trace));
    }
  });

  test('a client that calls everybody itself needs no gateway', () => {
    const direct = everything.filter(
      ({ record }) => !/^(gateway|endorse\.caller|endorse\.result)/.test(record.ftl.point),
    );
    const calls = ways(assemble(direct, context)).slice(0, 3);
    expect(calls).toEqual([
      `endorse ${USER} > ${P01.id}`,
      `endorse ${USER} > ${P02.id}`,
      `broadcast ${USER} > ${O1.id}`,
    ]);
  });

  test('a client of which only the organisation is known, or not even that', () => {
    const logs = [...infoRecords(), ...debugRecords()];
    expect(assemble(logs, context)).toMatchObject({ creator: null, edges: [{ from: 'Org1MSP/client' }, {}, {}] });
    expect(assemble(infoRecords(), context).participants).toContainEqual({ id: 'client', kind: 'client', msp: null });
  });

  test('a gateway peer that does not endorse gets an edge of its own', () => {
    const submit = stored(T0 + 70_000, P11, {
      point: 'gateway.submit',
      source: 'log',
      tx_id: TX_ID,
      sender: { kind: 'peer', name: P11.name },
      receiver: { kind: 'orderer', address: O1.address },
    });
    const trace = assemble([...blockRecords(), submit], context);
    expect(ways(trace)).toEqual([
      `gateway ${USER} > ${P11.id}`,
      `endorse ${P11.id} > ${P01.id}`,
      `endorse ${P11.id} > ${P02.id}`,
      `broadcast ${P11.id} > ${O1.id}`,
    ]);
    expect(trace.edges[0]).toMatchObject({ at: null, source: 'derived' });
  });

  test('a proposal that is replayed when the transaction is in the ledger is a hand-over of its own', () => {
    const error = `duplicate transaction found [${TX_ID}]`;
    const replay = [again(900_000, 'endorse.request', {}), again(901_000, 'endorse.response', { status: 500, error })];
    const trace = assemble([...blockRecords(), ...instrumentedRecords(), ...replay], context);
    expect(trace.edges.filter(({ point, to }) => point === 'endorse' && to === P01.id)).toMatchObject([
      { status: 200, durationUs: 9000 },
      { status: 500, durationUs: 1000 },
    ]);
    expect(trace.stages.endorse.durationUs).toBeLessThan(20_000);
    expect(trace.findings.map(({ code, severity }) => `${code} ${severity}`)).toEqual(['endorsement_failed warning']);
  });

  test('state transfer hands blocks over too', () => {
    const requested = transfer(640_000, 'requested', { number: 2, last: 9 });
    const received = transfer(645_000, 'received', { number: BLOCK });
    const rest = [...blockRecords(), ...infoRecords()];
    const seen = assemble([...rest, requested, received], context).edges.find(({ point }) => point === 'gossip');
    expect(seen).toMatchObject({ from: P01.id, to: P02.id, durationUs: 5000, source: 'record' });
    const asked = assemble([...rest, requested], context);
    expect(asked.edges.find(({ point }) => point === 'gossip')).toMatchObject({ from: P01.id, source: 'derived' });
    expect(asked.edges.find(({ point, to }) => point === 'commit' && to === P02.id)?.from).toBe(P01.id);
  });

  test('a peer that catches up later counts as a commit, not as latency', () => {
    const later = T0 + 90_000_000;
    const late = [
      stored(later, P12, { point: 'node.start', source: 'log', sender: { kind: 'peer', name: P12.name } }),
      stored(later + 5_000_000, P12, {
        point: 'gossip.commit',
        source: 'log',
        channel: CHANNEL,
        block: { number: BLOCK },
        receiver: { kind: 'peer', name: P12.name },
      }),
    ];
    const early = [...blockRecords(), ...infoRecords()].filter(
      ({ record }) => record.ftl.point !== 'gossip.commit' || record['service.node.name'] !== P12.name,
    );
    const trace = assemble([...early, ...late], { ...context, network: buildNetwork([...networkFacts(), ...late]) });
    expect(trace.commits.at(-1)).toMatchObject({ peer: P12.id, delayUs: 95_000_000 - 650_000 });
    expect(trace.stages.commit.durationUs).toBeLessThan(100_000);
    expect(trace.durationUs).toBeLessThan(1_000_000);
    expect(trace.findings).toEqual([]);
  });

  test('a transaction without an ID is known by its place', () => {
    const block = { number: 67, hash: hex('block 67') };
    const records = [
      stored(T0, null, {
        point: 'block.header',
        channel: CHANNEL,
        block,
        txs: [{ id: '', type: 'CONFIG', code: 'VALID' }],
      }),
      stored(T0 + 1, P01, {
        point: 'gossip.commit',
        source: 'log',
        channel: CHANNEL,
        block: { number: 67 },
        receiver: P01.full,
      }),
    ];
    const trace = assemble(records, { ...context, txId: 'block:67:0' });
    expect(trace).toMatchObject({
      type: 'CONFIG',
      code: 'VALID',
      block: { number: 67, index: 0 },
      commits: [{ peer: P01.id }],
    });
  });

  test('the first of two copies in one block counts', () => {
    const block = { number: 44, hash: hex('block 44') };
    const txs = [
      { id: TX_ID, code: 'VALID' },
      { id: TX_ID, code: 'DUPLICATE_TXID' },
    ];
    const warned = stored(T0, P01, {
      point: 'validate.tx',
      source: 'log',
      channel: CHANNEL,
      tx_id: TX_ID,
      block: { number: 44 },
      tx_index: 1,
      code: 'DUPLICATE_TXID',
      receiver: { kind: 'peer', name: P01.name },
    });
    const trace = assemble(
      [stored(T0, null, { point: 'block.header', channel: CHANNEL, block, txs }), warned],
      context,
    );
    expect(trace).toMatchObject({
      code: 'VALID',
      block: { index: 0 },
      duplicates: [{ block: 44, code: 'DUPLICATE_TXID' }],
    });
  });

  test('nobody who only looks on is missing, nobody silent is complete', () => {
    const heights = new Map([
      [P01.name, 9],
      [P12.name, 3],
    ]);
    const trace = assemble(blockRecords(), { ...context, heights });
    expect(trace.missing).toEqual([P12.id]);
    expect(trace.unobserved).toEqual([P01.id, P11.id, P02.id]);
  });

  test('of a shortened ID the trace says so', () => {
    const prefix = TX_ID.slice(0, 8);
    const logs = infoRecords().filter(({ record }) => record.ftl.tx_id_prefix !== undefined);
    expect(assemble(logs, context)).toMatchObject({ txId: TX_ID, txIdPrefix: prefix });
    expect(assemble(logs, { ...context, txId: prefix })).toMatchObject({ txId: prefix, txIdPrefix: prefix });
    expect(assemble(infoRecords(), context)).not.toHaveProperty('txIdPrefix');
  });
});

import { describe, expect, test } from 'vitest';
import { buildNetwork } from '../network/buildNetwork.ts';
import { Trace, TraceSummary } from '../trace.ts';
import { assemble } from './assemble.ts';
import {
  blockRecords,
  CHANNEL,
  debugRecords,
  infoRecords,
  instrumentedRecords,
  networkFacts,
  O1,
  O2,
  P01,
  P02,
  P11,
  P12,
  TX_ID,
} from './exampleNetwork.ts';
import { summarise } from './summarise.ts';

const network = buildNetwork(networkFacts());
const context = { channel: CHANNEL, txId: TX_ID, network };
const everything = [...blockRecords(), ...infoRecords(), ...debugRecords()];
const ways = (trace: Trace) => trace.edges.map(({ point, from, to }) => `${point} ${from} > ${to}`);
const USER = 'Org1MSP/User1@org1.example.com';

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
    expect(ways(trace)).toEqual([`endorse ${USER} > ${P01.id}`, `endorse ${USER} > ${P02.id}`]);
    expect(trace.edges.every(({ at, source }) => at === null && source === 'block')).toBe(true);
    expect(trace.startedAt).toBe('2026-11-21T00:20:42.882000Z');
    expect(trace.endedAt).toBeNull();
  });

  test('needs no network facts where nodes write whole identities', () => {
    const trace = assemble(instrumentedRecords(), { channel: CHANNEL, txId: TX_ID });
    expect(ways(trace)).toHaveLength(11);
    expect(trace.commits).toHaveLength(4);
    expect(trace.durationUs).toBe(533_000);
  });

  test('fits its own schema, and so does its summary', () => {
    for (const records of [everything, blockRecords(), infoRecords(), instrumentedRecords(), []]) {
      const trace = assemble(records, context);
      expect(Trace.parse(trace)).toEqual(trace);
      expect(TraceSummary.parse(summarise(trace))).toEqual(summarise(trace));
    }
  });
});

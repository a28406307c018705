import { describe, expect, test } from 'vitest';
import { callsOf, errorTone, formatShare, participantsOf } from './calls.ts';
import { type CountedEdge as Edge, countedEdge } from './fixtures.ts';

const PEER = 'Org1MSP/peer0.org1.example.com';
const PEER2 = 'Org2MSP/peer0.org2.example.com';
const ORDERER = 'OrdererMSP/orderer1.example.com';
const USER = 'Org1MSP/User1@org1.example.com';

const edge = (point: string, from: string, to: string, rest: Partial<Edge> = {}) =>
  countedEdge(point, from, to, { count: 10, medianUs: 1000, ...rest });
const kindsOf = (edges: readonly Edge[], nodes: Parameters<typeof participantsOf>[0] = []) =>
  Object.fromEntries(participantsOf(nodes, edges).map(({ id, kind }) => [id, kind]));

describe('who takes part', () => {
  test('by what they did, where nothing else tells', () => {
    const edges = [
      edge('endorse', USER, PEER),
      edge('endorse', PEER, PEER2),
      edge('broadcast', PEER, ORDERER),
      edge('deliver', ORDERER, PEER2),
      edge('commit', ORDERER, PEER2),
    ];
    expect(kindsOf(edges)).toEqual({ [USER]: 'client', [PEER]: 'peer', [PEER2]: 'peer', [ORDERER]: 'orderer' });
    // The same whichever came first.
    expect(kindsOf(edges.toReversed())).toEqual(kindsOf(edges));
  });

  test('nodes that did nothing stand there too, and the records’ word on their kind counts', () => {
    expect(kindsOf([edge('commit', ORDERER, PEER)], [{ id: ORDERER, kind: 'orderer' }])).toEqual({
      [ORDERER]: 'orderer',
      [PEER]: 'peer',
    });
    expect(kindsOf([], [{ id: PEER, kind: 'peer' }])).toEqual({ [PEER]: 'peer' });
  });

  test('one that is known by its bare name, and by its whole ID to others, stands there once', () => {
    const nodes = [
      { id: 'peer0.org1.example.com', kind: 'peer' },
      { id: 'peer7.org9.example.com', kind: 'peer' },
    ] as const;
    expect(Object.keys(kindsOf([edge('endorse', USER, PEER)], nodes)).toSorted()).toEqual(
      [PEER, USER, 'peer7.org9.example.com'].toSorted(),
    );
  });

  test('one that first called as a client and is a peer, is a peer', () => {
    expect(kindsOf([edge('broadcast', PEER, ORDERER), edge('gossip', PEER, PEER2)])[PEER]).toBe('peer');
  });

  test('many clients of an organisation stand together', () => {
    const clients = Array.from({ length: 500 }, (_, n) => `Org1MSP/user${n}`);
    const edges = clients.map((client, n) => edge('endorse', client, PEER, { errors: n === 0 ? 1 : 0 }));
    const participants = participantsOf([], [...edges, edge('endorse', '10.0.0.7', PEER)]);
    expect(participants.map(({ id, together }) => [id, together.length])).toEqual([
      [PEER, 0],
      ['10.0.0.7', 0],
      ['clients of Org1', 500],
    ]);
    expect(callsOf(edges, participants)).toEqual([
      {
        key: `proposals clients of Org1 → ${PEER}`,
        kind: 'proposals',
        from: 'clients of Org1',
        to: PEER,
        points: ['endorse'],
        count: 5000,
        errors: 1,
        invalid: 0,
        medianUs: 1000,
      },
    ]);
  });
});

const calls = (...edges: Edge[]) => callsOf(edges, participantsOf([], edges));
const median = (...edges: Edge[]) => calls(...edges)[0]?.medianUs;
const keys = (list: readonly Edge[]) => calls(...list).map(({ key }) => key);

describe('calls', () => {
  test('gateway and endorsement are proposals; there and back are two lines', () => {
    const found = calls(
      edge('gateway', USER, PEER, { count: 3, medianUs: null }),
      edge('endorse', USER, PEER, { count: 4, errors: 1 }),
      edge('endorse', PEER, PEER2),
      edge('endorse', PEER2, PEER),
    );
    expect(found).toHaveLength(3);
    expect(found.find(({ from }) => from === USER)).toMatchObject({
      kind: 'proposals',
      count: 7,
      errors: 1,
      points: ['endorse', 'gateway'],
    });
  });

  test('a commit of what was delivered is not counted twice, and an invalid transaction is no error of the line', () => {
    expect(calls(edge('deliver', ORDERER, PEER), edge('commit', ORDERER, PEER, { errors: 4, medianUs: 7000 }))).toEqual(
      [expect.objectContaining({ count: 10, errors: 0, invalid: 4, medianUs: 1000, points: ['deliver'] })],
    );
  });

  test('a commit alone still shows the way', () => {
    expect(calls(edge('commit', PEER, PEER2, { errors: 4, medianUs: 7000 }))).toEqual([
      // How long the commit took is not how long handing over did.
      expect.objectContaining({ count: 10, errors: 0, invalid: 4, medianUs: null, points: ['commit'] }),
    ]);
  });

  test('the median of several by their counts; null where none is known', () => {
    expect(
      median(
        edge('gateway', USER, PEER, { count: 1, medianUs: 9 }),
        edge('endorse', USER, PEER, { count: 5, medianUs: 2 }),
      ),
    ).toBe(2);
    expect(median(edge('gateway', USER, PEER, { medianUs: null }))).toBe(null);
  });

  test('what a newer server may add is left out', () => {
    expect(calls(edge('teleport', PEER, PEER2))).toEqual([]);
    expect(calls(edge('constructor', PEER, PEER2))).toEqual([]);
  });

  test('the busiest first, whatever the order of the answer', () => {
    const edges = [
      edge('endorse', USER, PEER),
      edge('broadcast', USER, ORDERER, { count: 99 }),
      edge('endorse', USER, PEER2),
    ];
    expect(keys(edges)[0]).toBe(`ordering ${USER} → ${ORDERER}`);
    expect(keys(edges.toReversed())).toEqual(keys(edges));
  });
});

const tone = (count: number, errors: number) => errorTone({ count, errors });

test('a share of errors is never rounded away', () => {
  expect([tone(100, 0), tone(1_000_000, 1), tone(100, 4), tone(100, 5), tone(0, 0)]).toEqual([
    'none',
    'few',
    'few',
    'many',
    'none',
  ]);
  expect([0, 0.000_001, 0.004, 0.05, 0.213, 1].map(formatShare)).toEqual([
    '0 %',
    'below 0.1 %',
    '0.4 %',
    '5 %',
    '21 %',
    '100 %',
  ]);
});

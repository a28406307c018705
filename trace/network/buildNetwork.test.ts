import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CHANNEL,
  type ExampleNode,
  hex,
  networkFacts,
  O1,
  O2,
  O3,
  P01,
  P02,
  P11,
  P12,
  policyFacts,
  stored,
  T0,
} from '../assemble/exampleNetwork.ts';
import { formatMicros } from '../assemble/time.ts';
import type { PartialIdentity } from '../identity.ts';
import type { StoredRecord } from '../record.ts';
import { buildNetwork } from './buildNetwork.ts';

const network = buildNetwork(networkFacts());
const fact = (sender: PartialIdentity, at = T0, writer: ExampleNode | null = null) =>
  stored(at, writer, { point: 'node.identity', sender });
const peer = (name: string, more: PartialIdentity = {}): PartialIdentity => ({ kind: 'peer', name, ...more });

const plain = (records: readonly StoredRecord[]) => {
  const built = buildNetwork(records);
  return { nodes: built.nodes, leaders: built.leaders(CHANNEL), subscriptions: built.subscriptions(CHANNEL) };
};

const at = (s: number) => T0 + s * 1_000_000;

const seconds = (time: string) => (Date.parse(time) - T0 / 1000) / 1000;

const definition = (sequence: number, block: number, expression: string) =>
  stored(T0, null, {
    point: 'chaincode.definition',
    channel: CHANNEL,
    block: { number: block },
    definition: { name: 'basic', sequence, expression },
  });

const gossip = (s: number, one: ExampleNode, stage: string) =>
  stored(at(s), one, {
    point: 'leader.gossip',
    channel: CHANNEL,
    stage,
    sender: { ...peer(one.name), msp: one.msp },
  });
const raft = (s: number, one: ExampleNode, node: number, leader: number) =>
  stored(at(s), one, {
    point: 'leader.consensus',
    channel: CHANNEL,
    sender: { kind: 'orderer', name: one.name, msp: one.msp },
    consensus: { node, leader },
  });
const start = (s: number, one: ExampleNode) =>
  stored(at(s), one, { point: 'node.start', sender: { kind: one.kind, name: one.name, msp: one.msp } });
const terms = (records: readonly StoredRecord[]) =>
  buildNetwork(records)
    .leaders(CHANNEL)
    .map(({ node, from, to }) => [node, seconds(from), to === null ? null : seconds(to)]);

const seat = (channel: string, point: 'leader.consensus' | 'node.identity') =>
  stored(
    at(1),
    { ...O2, name: 'file-b' },
    {
      point,
      channel,
      sender: { kind: 'orderer', name: 'file-b', msp: 'SortMSP', address: '10.0.0.9:7050' },
      consensus: { node: 2, leader: 2 },
    },
  );

describe('an orderer that its log does not name', () => {
  const consenters = [
    { node: 1, address: 'sort1.test:7050', name: 'sort1.test', msp: 'SortMSP' },
    { node: 2, address: 'sort2.test:7050', name: 'sort2.test', msp: 'SortMSP' },
  ];
  const config = stored(T0, null, {
    point: 'channel.config',
    channel: CHANNEL,
    block: { number: 0 },
    config: { sequence: 0, organizations: [], consenters },
  });
  test.for(['leader.consensus', 'node.identity'] as const)('is the consenter whose number it gives (%s)', (point) => {
    const built = buildNetwork([config, seat(CHANNEL, point)]);
    const id = 'SortMSP/sort2.test';
    expect(built.resolve({ kind: 'orderer', name: 'file-b' }).id).toBe(id);
    expect(built.nodes.map((node) => node.id)).toEqual(['SortMSP/sort1.test', id]);
    expect(built.leaders(CHANNEL).map(({ node }) => node)).toEqual(point === 'leader.consensus' ? [id] : []);
  });

  test('is nobody by its number in another channel', () => {
    const built = buildNetwork([config, seat('other', 'leader.consensus')]);
    expect(built.resolve({ kind: 'orderer', name: 'file-b' }).id).toBe('SortMSP/file-b');
  });
});

const view = (s: number, one: ExampleNode, node: number, leader: number, number: number) =>
  stored(at(s), one, {
    point: 'leader.consensus',
    channel: CHANNEL,
    sender: { kind: 'orderer', name: one.name, msp: one.msp },
    consensus: { node, leader, view: number },
  });

test('a BFT orderer that was away still claims to lead in an old view: it does not', () => {
  const records = [view(0, O1, 1, 1, 0), view(10, O2, 2, 2, 1), view(20, O1, 1, 1, 0), view(22, O1, 1, 2, 1)];
  expect(terms([...records, start(20, O1)])).toEqual([
    [O1.id, 0, 10],
    [O2.id, 10, null],
  ]);
});

test('a bare name that carries its MSP stands for two nodes in two organisations', () => {
  const built = buildNetwork(['A', 'B'].map((msp) => fact({ ...peer(`peer0@${msp}`), msp })));
  expect(built.nodes.map(({ id }) => id)).toEqual(['A/peer0', 'B/peer0']);
});

describe('resolve', () => {
  test.for<[string, PartialIdentity]>([
    ['a log’s own name', { kind: 'peer', name: P01.name }],
    ['a name without a kind', { name: P01.name }],
    ['an address', { kind: 'peer', address: '127.0.0.1:7051' }],
    ['localhost', { kind: 'peer', address: 'localhost:7051' }],
    ['localhost by its IPv6 address', { address: '[::1]:7051' }],
    ['a PKI-ID', { kind: 'peer', pki_id: P01.pkiId }],
    ['a fingerprint', { fingerprint: P01.full.fingerprint! }],
    ['a canonical ID', { id: P01.id }],
    ['an ID beside an ephemeral address', { id: P01.id, address: '127.0.0.1:51312' }],
    ['a host name that a certificate carries', { kind: 'peer', address: 'PEER0.org1.example.com:7999' }],
  ])('finds a peer by %s', ([, partial]) => {
    expect(network.resolve(partial).id).toBe(P01.id);
  });

  test('knows an orderer by its consenter address', () => {
    expect(network.resolve({ kind: 'orderer', address: 'localhost:7150' })).toMatchObject({
      id: O2.id,
      kind: 'orderer',
      msp: 'OrdererMSP',
    });
  });

  test('takes nobody of another kind or organisation', () => {
    expect(network.resolve({ kind: 'orderer', name: P01.name }).id).toBe(P01.name);
    expect(network.resolve({ kind: 'peer', msp: 'Org9MSP', address: '127.0.0.1:7051' }).id).toBe(
      'Org9MSP/127.0.0.1:7051',
    );
  });

  test.for<[PartialIdentity, string]>([
    [{ kind: 'peer', name: 'peer9.org9.example.com' }, 'peer9.org9.example.com'],
    [{ kind: 'peer', name: 'peer9', msp: 'Org9MSP' }, 'Org9MSP/peer9'],
    [{ kind: 'peer', address: '10.1.2.3:7051' }, '10.1.2.3:7051'],
    [{ kind: 'orderer', address: 'orderer9.example.com:7050' }, 'orderer9.example.com'],
    [{ kind: 'peer', pki_id: 'ab'.repeat(32) }, 'pki-id abababababababab'],
    [{ kind: 'client', msp: 'Org1MSP' }, 'Org1MSP/client'],
    [{}, 'client'],
  ])('makes the best of %j', ([partial, id]) => {
    expect(network.resolve(partial).id).toBe(id);
  });
});

describe('nodes', () => {
  test('joins what logs, certificates and configuration tell of one node', () => {
    expect(network.nodes.map(({ id }) => id)).toEqual([O1, O2, O3, P01, P11, P02, P12].map(({ id }) => id));
    expect(network.nodes.find(({ id }) => id === P01.id)).toMatchObject({
      msp: 'Org1MSP',
      addresses: [P01.address],
      fingerprint: P01.full.fingerprint,
      pkiId: P01.pkiId,
      starts: [formatMicros(T0 - 60_000_000)],
    });
  });

  test('takes the certificate’s name before the log’s', () => {
    const facts = [
      fact(peer('jdoe', { msp: 'Org1MSP', address: '10.0.0.1:7051' })),
      fact({ kind: 'peer', address: '10.0.0.1:7051', pki_id: 'aa' }),
      fact({ id: 'Org1MSP/peer0', kind: 'peer', msp: 'Org1MSP', pki_id: 'aa' }),
    ];
    const built = buildNetwork(facts);
    expect(built.nodes).toHaveLength(1);
    expect(built.resolve({ kind: 'peer', name: 'jdoe' }).id).toBe('Org1MSP/peer0');
  });

  test('without a certificate the organisation comes from the node’s configuration', () => {
    const built = buildNetwork([fact(peer('peer0.org1.example.com', { msp: 'Org1MSP', address: 'peer0:7051' }))]);
    expect(built.nodes[0]!.id).toBe('Org1MSP/peer0.org1.example.com');
    expect(buildNetwork([fact(peer('alone'))]).nodes[0]!.id).toBe('alone');
  });

  test('an address that passes on belongs to its later holder, and nobody is merged', () => {
    const built = buildNetwork([
      fact({ ...P01.full, address: '10.0.0.5:7051' }, T0),
      fact({ ...P02.full, address: '10.0.0.5:7051' }, T0 + 1),
    ]);
    expect(built.nodes.map(({ id }) => id)).toEqual([P01.id, P02.id]);
    expect(built.resolve({ address: '10.0.0.5:7051' }).id).toBe(P02.id);
  });

  test('what nobody signed for goes to who held the address then', () => {
    const built = buildNetwork([
      fact({ ...P01.full, address: '10.0.0.5:7051' }, T0),
      fact({ kind: 'peer', address: '10.0.0.5:7051', pki_id: 'cc' }, T0 + 1),
      fact({ ...P02.full, address: '10.0.0.5:7051' }, T0 + 2),
    ]);
    expect(built.resolve({ pki_id: 'cc' }).id).toBe(P01.id);
  });

  test('two organisations may use the same short name', () => {
    const built = buildNetwork([
      fact(peer('peer0', { id: 'Org1MSP/peer0', msp: 'Org1MSP', address: 'a:1' })),
      fact(peer('peer0', { id: 'Org2MSP/peer0', msp: 'Org2MSP', address: 'b:1' })),
    ]);
    expect(built.nodes).toHaveLength(2);
    expect(built.resolve(peer('peer0', { msp: 'Org2MSP' })).id).toBe('Org2MSP/peer0');
    expect(built.resolve(peer('peer0', { address: 'a:1' })).id).toBe('Org1MSP/peer0');
    expect(built.resolve(peer('peer0')).id).toBe('peer0');
  });

  test('a renewed certificate is the same node', () => {
    const built = buildNetwork([
      fact({ ...P01.full, pki_id: 'aa', fingerprint: hex('old') }, T0),
      fact({ ...P01.full, pki_id: 'bb', fingerprint: hex('new') }, T0 + 1),
    ]);
    expect(built.nodes).toHaveLength(1);
    expect(built.nodes[0]).toMatchObject({ pkiId: 'bb', fingerprint: hex('new') });
    expect(built.resolve({ pki_id: 'aa' }).id).toBe(P01.id);
  });

  test('wildcard listen addresses identify nobody', () => {
    const built = buildNetwork([
      fact(peer('a', { msp: 'A', address: '0.0.0.0:7051' })),
      fact(peer('b', { msp: 'B', address: '0.0.0.0:7051' })),
    ]);
    expect(built.nodes.map(({ id }) => id)).toEqual(['A/a', 'B/b']);
  });

  test('streams with names of their own are different nodes, even at one address', () => {
    const [a, b] = [
      { ...P01, name: 'a' },
      { ...P01, name: 'b' },
    ];
    const built = buildNetwork([
      fact(peer('a', { msp: 'Org1MSP', address: '10.0.0.5:7051' }), T0, a),
      fact(peer('b', { msp: 'Org1MSP', address: '10.0.0.5:7051' }), T0 + 1, b),
    ]);
    expect(built.nodes.map(({ id }) => id)).toEqual(['Org1MSP/a', 'Org1MSP/b']);
  });

  test('the order and repetition of facts do not matter', () => {
    const facts = [...networkFacts(), fact({ ...P02.full, address: P01.address }, T0 + 5)];
    const expected = plain(facts);
    fc.assert(
      fc.property(fc.shuffledSubarray(facts, { minLength: facts.length }), fc.subarray(facts), (all, again) => {
        expect(plain([...again, ...all])).toEqual(expected);
      }),
    );
  });
});

describe('leaders', () => {
  test('an election ends the term of the one before in its organisation only', () => {
    const records = [gossip(0, P11, 'elected'), gossip(1, P12, 'elected'), gossip(9, P01, 'elected')];
    expect(terms(records)).toEqual([
      [P11.id, 0, 9],
      [P12.id, 1, null],
      [P01.id, 9, null],
    ]);
  });

  test('resignation and restart end a term; saying it again does not', () => {
    const records = [
      gossip(0, P11, 'elected'),
      gossip(2, P11, 'elected'),
      gossip(3, P11, 'resigned'),
      gossip(4, P01, 'elected'),
      start(6, P01),
      gossip(8, P11, 'elected'),
    ];
    expect(terms(records)).toEqual([
      [P11.id, 0, 3],
      [P01.id, 4, 6],
      [P11.id, 8, null],
    ]);
  });

  test('static leaders run side by side until they start again', () => {
    const records = [gossip(0, P01, 'static'), gossip(1, P11, 'static'), start(5, P01), gossip(6, P01, 'static')];
    expect(terms(records)).toEqual([
      [P01.id, 0, 5],
      [P11.id, 1, null],
      [P01.id, 6, null],
    ]);
  });

  test('all orderers’ views make one line of consensus leaders', () => {
    const records = [
      raft(0, O2, 2, 2),
      raft(0.01, O1, 1, 2),
      raft(0.02, O3, 3, 2),
      // orderer2 dies; the others miss it and elect orderer3; orderer2 comes back as a follower.
      raft(10, O1, 1, 0),
      raft(10.1, O3, 3, 3),
      raft(10.2, O1, 1, 3),
      start(20, O2),
      raft(21, O2, 2, 3),
    ];
    expect(terms(records)).toEqual([
      [O2.id, 0, 10],
      [O3.id, 10.1, null],
    ]);
  });

  test('a follower that loses sight of the leader for a while ends nothing', () => {
    const records = [raft(0, O2, 2, 2), raft(0.1, O1, 1, 2), raft(5, O1, 1, 0), raft(7, O1, 1, 2)];
    expect(terms(records)).toEqual([[O2.id, 0, null]]);
  });

  test('a late view of the leader before does not bring it back', () => {
    const records = [raft(0, O2, 2, 2), raft(5, O3, 3, 3), raft(5.1, O1, 1, 2), raft(5.2, O1, 1, 3)];
    expect(terms(records)).toEqual([
      [O2.id, 0, 5],
      [O3.id, 5, null],
    ]);
  });

  test('a single orderer leads again after its restart', () => {
    expect(terms([raft(0, O1, 1, 1), start(5, O1), raft(6, O1, 1, 1)])).toEqual([
      [O1.id, 0, 5],
      [O1.id, 6, null],
    ]);
  });

  test('a leader without a stream is named by the channel’s consenters', () => {
    const config = {
      sequence: 0,
      organizations: [],
      consenters: [{ node: 2, address: O2.address, name: O2.name, msp: O2.msp }],
    };
    const records = [
      raft(0, O1, 1, 2),
      stored(T0, null, { point: 'channel.config', channel: CHANNEL, block: { number: 0 }, config }),
    ];
    expect(terms(records)).toEqual([[O2.id, 0, null]]);
  });
});

describe('policies', () => {
  test('a definition holds from the block after its own', () => {
    const built = buildNetwork([...policyFacts(), definition(2, 48, "OR('Org1MSP.peer')")]);
    expect(built.definition(CHANNEL, 'basic', 3)).toBeNull();
    expect(built.definition(CHANNEL, 'basic', 4)?.sequence).toBe(1);
    expect(built.definition(CHANNEL, 'basic', 48)?.sequence).toBe(1);
    expect(built.definition(CHANNEL, 'basic', 49)?.sequence).toBe(2);
    expect(built.definition(CHANNEL, 'other', 49)).toBeNull();
    expect(built.definition('other', 'basic', 49)).toBeNull();
  });

  test('a configuration holds from its own block on', () => {
    const built = buildNetwork(policyFacts());
    expect(built.config(CHANNEL, 0)?.sequence).toBe(1);
    expect(built.config('other', 0)).toBeNull();
  });
});

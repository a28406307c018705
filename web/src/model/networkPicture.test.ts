import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { callsOf, type Participant, participantsOf } from './calls.ts';
import { type CountedEdge as Edge, countedEdge as edge } from './fixtures.ts';
import { NODE_HEIGHT, NODE_WIDTH } from './graphLayout.ts';
import type { Leading } from './leading.ts';
import { layoutNetwork } from './networkLayout.ts';
import { networkLooks, networkPictureOf, waysOf } from './networkPicture.ts';

const P0 = 'Org1MSP/peer0.org1.example.com';
const P1 = 'Org1MSP/peer1.org1.example.com';
const Q0 = 'Org2MSP/peer0.org2.example.com';
const ORDERER = 'OrdererMSP/orderer1.example.com';
const USER = 'Org1MSP/User1@org1.example.com';

const EDGES = [
  edge('endorse', USER, P0),
  edge('endorse', P0, Q0, { count: 25, errors: 1 }),
  edge('broadcast', P0, ORDERER, { count: 50, errors: 25 }),
  edge('deliver', ORDERER, P1, { medianUs: null }),
  edge('gossip', P1, P0, { count: 1 }),
];
const participants = participantsOf([], EDGES);
const pictureOf = (edges: readonly Edge[]) => networkPictureOf(participants, waysOf(callsOf(edges, participants)));
const picture = pictureOf(EDGES);

const peer = (msp: string, n: number): Participant => ({ id: `${msp}/peer${n}`, kind: 'peer', msp, together: [] });
const networks = fc
  .array(fc.record({ peers: fc.nat(14), clients: fc.nat(3), orderers: fc.nat(4) }), { minLength: 1, maxLength: 9 })
  .map((organisations) =>
    organisations.flatMap(({ peers, clients, orderers }, org) => {
      const msp = `Org${org}MSP`;
      const make = (kind: Participant['kind'], count: number) =>
        Array.from({ length: count }, (_, n): Participant => ({ ...peer(msp, n), id: `${msp}/${kind}${n}`, kind }));
      return [...make('peer', peers), ...make('client', clients), ...make('orderer', orderers)];
    }),
  );

const places = ({ nodes }: typeof picture) => nodes.map(({ id, x, y }) => ({ id, x, y }));

describe('places', () => {
  test('everybody has one, nobody stands on another, orderers in the middle, organisations in hulls that do not overlap', () => {
    fc.assert(
      fc.property(networks, (network) => {
        const { placed, hulls } = layoutNetwork(network);
        expect(placed.map(({ participant }) => participant.id).toSorted()).toEqual(
          network.map(({ id }) => id).toSorted(),
        );
        for (const [index, a] of placed.entries()) {
          expect(Math.abs(a.x) < NODE_WIDTH).toBe(a.participant.kind === 'orderer');
          for (const b of placed.slice(index + 1)) {
            expect(Math.abs(a.x - b.x) >= NODE_WIDTH || Math.abs(a.y - b.y) >= NODE_HEIGHT).toBe(true);
          }
        }
        expect(new Set(hulls.map(({ id }) => id)).size).toBe(hulls.length);
        const boxes = hulls.map(({ id }) => {
          const own = placed.filter(({ hull }) => hull === id);
          const [xs, ys] = [own.map(({ x }) => x), own.map(({ y }) => y)];
          return {
            left: Math.min(...xs) - NODE_WIDTH / 2,
            right: Math.max(...xs) + NODE_WIDTH / 2,
            top: Math.min(...ys) - NODE_HEIGHT / 2,
            bottom: Math.max(...ys) + NODE_HEIGHT / 2,
          };
        });
        for (const [index, a] of boxes.entries()) {
          for (const b of boxes.slice(index + 1)) {
            // With room for both frames and a name.
            const apart = Math.max(a.left - b.right, b.left - a.right) >= 32;
            expect(apart || Math.max(a.top - b.bottom, b.top - a.bottom) >= 58).toBe(true);
          }
        }
      }),
    );
  });

  test('do not change with what happens', () => {
    const twice = [...EDGES, ...EDGES.map((one) => ({ ...one, count: 7, errors: 7 }))];
    expect(places(pictureOf(twice))).toEqual(places(picture));
    // Nor do the ways with the figures.
    const fewer = EDGES.map((one) => ({ ...one, count: one.count + 3, medianUs: one.medianUs && one.medianUs + 1 }));
    expect(pictureOf(fewer.toReversed())).toEqual(picture);
  });

  test('an organisation with peers and orderers has a hull for each', () => {
    const { hulls } = layoutNetwork([peer('Org1MSP', 0), { ...peer('Org1MSP', 1), kind: 'orderer' }]);
    expect(hulls).toEqual([
      { id: 'org:Org1MSP:orderers', label: 'Org1, orderers' },
      { id: 'org:Org1MSP', label: 'Org1' },
    ]);
  });
});

test('too many lines to see: the busiest are drawn', () => {
  const many = Array.from({ length: 40 }, (_, n) => peer('Org1MSP', n));
  const edges = many.flatMap((a, n) =>
    many.filter((b) => a !== b).map((b, m) => edge('gossip', a.id, b.id, { count: n * 40 + m + 1 })),
  );
  const calls = callsOf(edges, many);
  const { lines } = networkPictureOf(many, waysOf(calls));
  expect(calls).toHaveLength(40 * 39);
  expect(lines.length).toBeLessThan(300);
  const drawn = new Set(lines.map(({ way }) => way.key));
  expect(calls.slice(0, drawn.size).every(({ key }) => drawn.has(key))).toBe(true);
});

const looks = (edges: readonly Edge[], leading = new Map<string, Leading[]>()) =>
  networkLooks(picture, callsOf(edges, participants), leading);
const line = (edges: readonly Edge[], key: string) => looks(edges).lines.get(key);

describe('looks', () => {
  test('wider with more transactions, coloured by the share of errors, labelled with the median', () => {
    const busiest = line(EDGES, `proposals ${USER} → ${P0}`);
    expect(busiest).toMatchObject({ tone: 'none', label: '2.1 ms', quiet: false });
    const some = line(EDGES, `proposals ${P0} → ${Q0}`);
    expect(some).toMatchObject({ tone: 'few', label: '2.1 ms ✘ 4 %' });
    expect(some?.width).toBeLessThan(busiest?.width ?? 0);
    expect(line(EDGES, `ordering ${P0} → ${ORDERER}`)).toMatchObject({ tone: 'many', label: '2.1 ms ✘ 50 %' });
    // No duration is known: how many.
    expect(line(EDGES, `blocks ${ORDERER} → ${P1}`)?.label).toBe('100×');
    const least = line(EDGES, `blocks ${P1} → ${P0}`);
    expect(least?.width).toBeLessThan(some?.width ?? 0);
    expect(least?.width).toBeGreaterThan(1);
  });

  test('in another part of the time the ways stay, and what is quiet says so', () => {
    const later = EDGES.slice(0, 1);
    expect(looks(later).lines.size).toBe(EDGES.length);
    expect(line(later, `ordering ${P0} → ${ORDERER}`)).toMatchObject({ quiet: true, label: '' });
    const { nodes } = looks(later);
    expect([...nodes].filter(([, look]) => !look.quiet).map(([id]) => id)).toEqual([P0, USER]);
    expect([...looks([]).nodes.values()].every((look) => look.quiet)).toBe(true);
  });

  test('leaders are marked', () => {
    const one = { channel: 'one', kind: 'gossip', last: true } as const;
    const { nodes } = looks(
      EDGES,
      new Map<string, Leading[]>([
        [P0, [one, { ...one, channel: 'two' }]],
        [P1, [{ ...one, last: false }]],
        [ORDERER, [{ ...one, kind: 'consensus' }]],
      ]),
    );
    expect([P0, P1, ORDERER, USER].map((id) => nodes.get(id)?.caption)).toEqual([
      '★ leads 2 channels',
      'peer',
      '★ orderer, leader',
      'client',
    ]);
  });
});

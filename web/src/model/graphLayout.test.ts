import { expect, test } from 'vitest';
import type { Trace } from '../api/types.ts';
import { pointAt, routeEdges } from './edgeRoutes.ts';
import { fixtures, mvccConflict, validMissingPeer } from './fixtures.ts';
import { layoutNodes, NODE_HEIGHT, NODE_WIDTH } from './graphLayout.ts';

const columnOf = (trace: Trace) =>
  Object.fromEntries(layoutNodes(trace).map((node) => [node.id.split('/')[1], node.column]));

test('left to right: client, endorsers and gateway, orderer, leaders, peers; each once, the missing and unseen too', () => {
  expect(columnOf(validMissingPeer)).toEqual({
    'User1@org1.example.com': 'client',
    'peer0.org1.example.com': 'endorser',
    'peer1.org2.example.com': 'endorser',
    'orderer1.example.com': 'orderer',
    'peer1.org1.example.com': 'leader',
    'peer0.org2.example.com': 'peer',
    'peer0.org3.example.com': 'peer',
    'peer1.org3.example.com': 'peer',
  });
  const nodes = layoutNodes(validMissingPeer);
  expect(nodes.filter((node) => node.state !== 'seen').map((node) => [node.id, node.state])).toEqual([
    ['Org3MSP/peer0.org3.example.com', 'missing'],
    ['Org3MSP/peer1.org3.example.com', 'unobserved'],
  ]);
  const x = (column: string) => nodes.find((node) => node.column === column && node.state === 'seen')?.x ?? 0;
  expect([x('client'), x('endorser'), x('orderer'), x('leader'), x('peer')]).toEqual([0, 246, 492, 738, 984]);
});

test('organisations are bands: the creator’s first, the ordering service in the middle, none crossing another', () => {
  const nodes = layoutNodes(mvccConflict);
  const span = (msp: string) => {
    const ys = nodes.filter((node) => node.msp === msp).map((node) => node.y);
    return [Math.min(...ys), Math.max(...ys)] as const;
  };
  const order = ['Org1MSP', 'OrdererMSP', 'Org2MSP', 'Org3MSP'].map(span);
  for (let index = 1; index < order.length; index++) {
    expect((order[index]?.[0] ?? 0) - (order[index - 1]?.[1] ?? 0)).toBeGreaterThan(NODE_HEIGHT + 40);
  }
});

test.each(fixtures)('$txId: same places whatever the order; no two nodes on top of each other', (trace) => {
  const nodes = layoutNodes(trace);
  const shuffled = { ...trace, participants: trace.participants.toReversed(), missing: trace.missing.toReversed() };
  const places = (list: typeof nodes) => new Map(list.map((node) => [node.id, [node.x, node.y]]));
  expect(places(layoutNodes(shuffled))).toEqual(places(nodes));
  for (const a of nodes) {
    for (const b of nodes) {
      const apart = Math.abs(a.x - b.x) >= NODE_WIDTH + 20 || Math.abs(a.y - b.y) >= NODE_HEIGHT + 20;
      expect(a.id === b.id || apart).toBe(true);
    }
  }
});

test('forty peers of one organisation wrap into columns', () => {
  const peers = Array.from({ length: 40 }, (_, index) => `Org2MSP/p${index}`);
  const nodes = layoutNodes({ ...mvccConflict, missing: peers });
  expect(nodes.filter((node) => peers.includes(node.id))).toHaveLength(40);
  expect(new Set(nodes.map((node) => `${node.x},${node.y}`)).size).toBe(nodes.length);
  expect(Math.max(...nodes.map((node) => node.y))).toBeLessThan(2000);
});

test.each(fixtures)(
  '$txId: every edge has a route, and none runs through a node that it does not belong to',
  (trace) => {
    const nodes = layoutNodes(trace);
    const routes = routeEdges(nodes, trace.edges, new Map());
    expect(routes.map((route) => route.seq)).toEqual(trace.edges.map((edge) => edge.seq));
    for (const route of routes) {
      const edge = trace.edges.find((one) => one.seq === route.seq);
      expect(route.shape).toBe(edge?.point === 'commit' ? 'dock' : 'line');
      if (route.shape === 'dock') continue;
      for (const node of nodes.filter((one) => one.id !== edge?.from && one.id !== edge?.to)) {
        for (let step = 0; step <= 20; step++) {
          const [x, y] = pointAt(route, step / 20);
          expect(Math.abs(x - node.x) * 2 < NODE_WIDTH && Math.abs(y - node.y) * 2 < NODE_HEIGHT).toBe(false);
        }
      }
    }
  },
);

test('two hand-overs between the same two do not lie on top of each other', () => {
  const [first] = mvccConflict.edges;
  if (first === undefined) throw new Error('the fixture has edges');
  const edges = [
    first,
    { ...first, seq: 2, point: 'gateway' as const },
    { ...first, seq: 3, from: first.to, to: first.from ?? '' },
  ];
  const routes = routeEdges(layoutNodes(mvccConflict), edges, new Map());
  expect(new Set(routes.map((route) => route.control1.map((one) => one.toFixed(1)).join(','))).size).toBe(3);
});

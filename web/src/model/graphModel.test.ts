import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Edge, Trace } from '../api/types.ts';
import { endorsementFailed, fixtures, mvccConflict, validMissingPeer } from './fixtures.ts';
import { graphModelOf, labelOf } from './graphModel.ts';
import { edgesOfRecord, nextEdgeOfRecord, selectedEdge } from './selection.ts';
import { sentencesOf, verdictOf } from './sentences.ts';
import { timelineOf } from './timeline.ts';

test.each(fixtures)('$txId: a node a participant, an edge a hand-over', (trace) => {
  const model = graphModelOf(trace);
  const ids = [...trace.participants.map((one) => one.id), ...trace.missing, ...trace.unobserved];
  expect(model.nodes.map((node) => node.id).toSorted()).toEqual(ids.toSorted());
  expect(model.edges.map((edge) => edge.id)).toEqual(trace.edges.map((edge) => `edge-${edge.seq}`));
});

test('words on nodes and edges say what colours and dashes say', () => {
  const model = graphModelOf(validMissingPeer);
  expect(model.nodes.map((node) => [node.name, node.caption].join(': ')).toSorted()).toEqual([
    'User1@org1: client',
    'orderer1: orderer',
    'peer0.org1: endorser, gateway',
    'peer0.org2: peer',
    'peer0.org3: ✘ not committed',
    'peer1.org1: peer, from orderer',
    'peer1.org2: endorser',
    'peer1.org3: ? log not seen',
  ]);
  expect(validMissingPeer.edges.map((edge) => labelOf(edge, validMissingPeer))).toEqual([
    'endorse 96.4 ms',
    'endorse 44.4 ms',
    'broadcast 3.8 ms',
    'deliver 5.4 ms',
    'deliver',
    'gossip 1.2 ms',
    'gossip 6.6 ms',
    '✔ valid, first',
    '✔ valid +2.1 ms',
    '✔ valid +3.9 ms',
    '✔ valid +35 ms',
  ]);
  expect(endorsementFailed.edges.map((edge) => labelOf(edge, endorsementFailed))[1]).toBe(
    '✘ endorse 500 18.1 ms\nchaincode response 500, the…',
  );
});

test('an edge is selected by its number in the URL, and by the records that show it', () => {
  expect(selectedEdge(mvccConflict, '4')).toBe(4);
  for (const wrong of [null, '', '99', '-1', '4.0', '1e1', 'x'.repeat(1000)])
    expect(selectedEdge(mvccConflict, wrong)).toBeNull();
  const shared = {
    edges: mvccConflict.edges.map((edge) => Object.assign({}, edge, { records: edge.seq < 4 ? ['r'] : [] })),
  };
  expect(edgesOfRecord(shared, 'r')).toEqual([1, 2, 3]);
  expect([null, 1, 2, 3].map((selected) => nextEdgeOfRecord(shared, 'r', selected))).toEqual([1, 2, 3, 1]);
  expect(nextEdgeOfRecord(shared, 'none', null)).toBeNull();
});

const id = fc.oneof(fc.constantFrom('A/a', 'A/b', 'B/a', 'a', 'client'), fc.string({ maxLength: 12 }));
const time = fc.option(fc.integer({ min: 0, max: 3e7 }).map((ms) => new Date(1.7e12 + ms).toISOString()));
const edges = fc.array(
  fc.record({
    point: fc.constantFrom<Edge['point'][]>('gateway', 'endorse', 'broadcast', 'deliver', 'gossip', 'commit'),
    from: fc.option(id),
    to: id,
    at: time,
    respondedAt: time,
    status: fc.option(fc.oneof(fc.integer(), fc.string())),
    source: fc.constantFrom<Edge['source'][]>('record', 'block', 'derived'),
  }),
  { maxLength: 14 },
);

test('whatever the evidence holds, every hand-over has a route, a sentence and, where its time is known, a bar', () => {
  fc.assert(
    fc.property(edges, fc.array(id, { maxLength: 5 }), time, (list, missing, startedAt) => {
      const trace: Trace = {
        ...mvccConflict,
        startedAt,
        participants: [],
        missing,
        edges: list.map((edge, index) => ({ ...edge, seq: index + 1, durationUs: null, block: null, records: [] })),
      };
      const model = graphModelOf(trace);
      expect(model.edges).toHaveLength(list.length);
      expect(new Set(model.nodes.map((node) => `${node.x} ${node.y}`)).size).toBe(model.nodes.length);
      for (const { route } of model.edges)
        expect([...route.start, ...route.control1, ...route.end].every(Number.isFinite)).toBe(true);
      expect(sentencesOf(trace).filter((sentence) => sentence.seq !== null)).toHaveLength(list.length);
      expect(verdictOf(trace)).not.toBe('');
      const { rows, untimed } = timelineOf(trace);
      expect(rows.flatMap((row) => row.bars).length + untimed.length).toBe(list.length);
    }),
    { numRuns: 300 },
  );
});

test('three hundred hand-overs are laid out as well', () => {
  const [first] = mvccConflict.edges;
  if (first === undefined) throw new Error('the fixture has edges');
  const many = Array.from({ length: 300 }, (_, index) => ({
    ...first,
    seq: index + 1,
    point: 'gossip' as const,
    from: `Org${index % 7}MSP/p${index % 50}`,
    to: `Org${(index * 3) % 7}MSP/q${index % 60}`,
  }));
  expect(graphModelOf({ ...mvccConflict, edges: many }).edges).toHaveLength(300);
});

import { expect, test } from 'vitest';
import type { NodeHealth, NodeMetrics } from '../api/types.ts';
import { nodesOf, panelsOfNodes, timeOfTrace, whyNothing } from './aroundTrace.ts';
import { validMissingPeer } from './fixtures.ts';
import { knownPart, readRange, windowOf } from './range.ts';

const panel = (id: string, lines: NodeMetrics['panels'][number]['lines']): NodeMetrics['panels'][number] => ({
  id,
  title: id,
  unit: 'count',
  metric: id,
  lines,
  more: 0,
});
const metricsOf = (panels: NodeMetrics['panels']): NodeMetrics => ({
  node: '',
  source: 'scraper',
  from: '',
  to: '',
  stepMs: 5000,
  since: null,
  problem: null,
  panels,
});
const points = [[1, 1]] as [number, number | null][];

test('all peers and orderers of a trace, also the missing; no clients', () => {
  const ids = nodesOf(validMissingPeer);
  expect(ids).toContain('Org3MSP/peer0.org3.example.com');
  expect(ids).toContain('OrdererMSP/orderer1.example.com');
  expect(ids.some((id) => id.includes('User1'))).toBe(false);
});

test('one panel a metric, a line a node; of channels and chaincodes the trace’s own', () => {
  const trace = { channel: 'mychannel', chaincode: 'basic' };
  const peer = (extra: string) =>
    metricsOf([
      panel('cpu', [{ name: '', points }]),
      panel('height', [
        { name: 'mychannel', points },
        { name: 'other', points },
      ]),
      panel('endorse', [
        { name: '_lifecycle:syscc', points },
        { name: 'basic:1.0', points },
      ]),
      panel('codes', [
        { name: 'VALID', points },
        { name: extra, points: [[1, null]] },
      ]),
    ]);
  const panels = panelsOfNodes(trace, [
    { name: 'peer0', metrics: peer('MVCC_READ_CONFLICT') },
    { name: 'peer1', metrics: peer('PHANTOM_READ_CONFLICT') },
    { name: 'orderer1', metrics: metricsOf([panel('cpu', [{ name: '', points }]), panel('enqueue', [])]) },
  ]);
  expect(panels[3]?.lines.map((line) => line.look)).toEqual([0, 1]);
  expect(panels.map(({ id, of, lines }) => [id, of, lines.map((line) => line.name)])).toEqual([
    ['cpu', undefined, ['peer0', 'peer1', 'orderer1']],
    ['height', 'mychannel', ['peer0', 'peer1']],
    ['endorse', 'basic', ['peer0', 'peer1']],
    ['codes', undefined, ['peer0 VALID', 'peer1 VALID']],
    ['enqueue', undefined, []],
  ]);
});

test('five minutes on either side of the transaction', () => {
  const time = timeOfTrace({ startedAt: '2026-11-21T00:20:42.882500Z', endedAt: '2026-11-21T00:20:43.538Z' });
  const start = Date.parse('2026-11-21T00:20:42.882Z');
  expect(time).toEqual({
    span: { from: start, to: start + 656 },
    window: { from: start - 300_000, to: start + 656 + 300_000 },
  });
  expect(timeOfTrace({ startedAt: null, endedAt: null })).toBeNull();
});

const now = Date.parse('2026-11-21T12:00:00Z');
const at = (minutes: number) => ({ from: now + (minutes - 10) * 60_000, to: now + minutes * 60_000 });
const id = 'Org1MSP/peer0';
const items: NodeHealth[] = [
  {
    id,
    node: 'peer0',
    msp: 'Org1MSP',
    kind: 'peer',
    health: 'ok',
    failedChecks: [],
    problem: null,
    version: '',
    checkedAt: '',
    heights: [],
    heightsProblem: null,
    logSpecChange: null,
  },
];

test.each([
  ['nobody was told of them', { metrics: 'scraper', items: [] }, at(-5), null, /--operations/],
  [
    'too long ago for FTL',
    { metrics: 'scraper', items },
    at(-90),
    '2026-11-21T11:00:00Z',
    /1 h 30 min ago.*--prometheus-url/,
  ],
  ['before FTL began', { metrics: 'scraper', items }, at(-30), '2026-11-21T11:50:00Z', /since .* later/],
  [
    'they told none',
    { metrics: 'scraper', items },
    at(-1),
    '2026-11-21T11:50:00Z',
    /nothing then: it hangs\. .*health/,
  ],
  ['Prometheus has none', { metrics: 'prometheus', items: [] }, at(-90), null, /^it hangs\. .*labels/],
] as const)('why there is nothing: %s', (_, { metrics, items: known }, window, since, says) => {
  const { why, help } = whyNothing(
    { metrics, items: [...known] },
    { nodes: [id], window, since, problem: 'it hangs', now },
  );
  expect(`${why} ${help}`).toMatch(says);
});

test('what cannot be known is not drawn', () => {
  const minute = 60_000;
  const window = { from: 0, to: 10 * minute };
  expect(knownPart(window, null, 60 * minute)).toEqual(window);
  expect(knownPart(window, 4 * minute, 8 * minute)).toEqual({ from: 4 * minute, to: 8 * minute });
  expect(knownPart(window, 8 * minute, 8 * minute)).toEqual({ from: 6 * minute, to: 8 * minute });
  expect(knownPart(window, 5 * minute, 0)).toEqual({ from: 0, to: 2 * minute });
});

test('the range of a page’s charts is in its address', () => {
  expect(readRange(new URLSearchParams(''))).toEqual({ key: '15m', around: null });
  expect(readRange(new URLSearchParams('range=6h&at=2026-11-21T12:00:00Z'))).toEqual({ key: '6h', around: now });
  expect(readRange(new URLSearchParams('range=9y&at=yesterday'))).toEqual({ key: '15m', around: null });
  expect(windowOf({ key: '1h', around: null }, now)).toEqual({ from: now - 3_600_000, to: now });
  expect(windowOf({ key: '1h', around: now }, 0)).toEqual({ from: now - 1_800_000, to: now + 1_800_000 });
});

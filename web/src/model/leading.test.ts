import { expect, test } from 'vitest';
import type { LeaderTerm } from '../api/types.ts';
import { leadingIn, leadingLines } from './leading.ts';

const P0 = 'Org1MSP/peer0.org1.example.com';
const P1 = 'Org1MSP/peer1.org1.example.com';
const Q0 = 'Org2MSP/peer0.org2.example.com';
const O1 = 'OrdererMSP/orderer1.example.com';
const O2 = 'OrgBMSP/orderer2.example.com';

const at = (minute: number) => new Date(Date.UTC(2026, 10, 21, 0, minute)).toISOString();
const gossip = (node: string, from: number, to: number | null, channel = 'one'): LeaderTerm => ({
  channel,
  kind: 'gossip',
  msp: node.split('/')[0] ?? null,
  node,
  from: at(from),
  to: to === null ? null : at(to),
});
const consensus = (node: string, from: number, to: number | null): LeaderTerm => ({
  ...gossip(node, from, to),
  kind: 'consensus',
});
const lastOf = (terms: readonly LeaderTerm[], from: number, to: number) =>
  Object.fromEntries(
    [...leadingIn(terms, { from: Date.parse(at(from)), to: Date.parse(at(to)) })].map(([node, offices]) => [
      node,
      offices.map(({ last }) => last),
    ]),
  );

test('who leads at the end of the time, and who did before', () => {
  const terms = [gossip(P1, 0, 5), gossip(P0, 5, null), gossip(Q0, 1, null)];
  expect(lastOf(terms, 0, 10)).toEqual({ [P1]: [false], [P0]: [true], [Q0]: [true] });
  // A part before the change, and one after it.
  expect(lastOf(terms, 0, 4)).toEqual({ [P1]: [true], [Q0]: [true] });
  expect(lastOf(terms, 6, 10)).toEqual({ [P0]: [true], [Q0]: [true] });
  expect(lastOf(terms, -9, 0)).toEqual({});
});

test('the ordering service has one leader, of whatever organisation', () => {
  expect(lastOf([consensus(O1, 0, 3), consensus(O2, 3, null)], 0, 9)).toEqual({ [O1]: [false], [O2]: [true] });
});

test('where all terms ended before the end of the time, the latest stands for it', () => {
  expect(lastOf([gossip(P1, 0, 2), gossip(P0, 2, 4)], 0, 60)).toEqual({ [P1]: [false], [P0]: [true] });
});

test('two leaders at once are both told', () => {
  expect(lastOf([gossip(P1, 0, null), gossip(P0, 3, null)], 0, 9)).toEqual({ [P1]: [true], [P0]: [true] });
});

test('one that lost the lead and won it back leads', () => {
  const terms = [gossip(P0, 0, 2), gossip(P1, 2, 4), gossip(P0, 4, null)];
  expect(lastOf(terms, 0, 9)).toEqual({ [P0]: [true], [P1]: [false] });
  expect(lastOf(terms.toReversed(), 0, 9)).toEqual({ [P0]: [true], [P1]: [false] });
});

test('in words, channels together', () => {
  const leading = leadingIn(
    [gossip(P0, 0, null, 'two'), gossip(P0, 0, null, 'one'), gossip(P0, 0, 2, 'three'), gossip(P1, 2, null, 'three')],
    { from: Date.parse(at(0)), to: Date.parse(at(9)) },
  );
  expect(leadingLines(leading.get(P0) ?? [], 'Org1')).toEqual([
    'leads Org1’s peers on one, two',
    'led Org1’s peers on three earlier',
  ]);
  expect(leadingLines([{ channel: 'one', kind: 'consensus', last: true }], 'Orderer')).toEqual([
    'leads the ordering service on one',
  ]);
  expect(leadingLines([], 'Org1')).toEqual([]);
});

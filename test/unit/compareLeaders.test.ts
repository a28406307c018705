import { describe, expect, it } from 'vitest';
import { compareLeaders } from '#test/truth/compareLeaders.ts';
import { readTruth } from '#test/truth/truth.ts';
import type { LeaderTerm } from '#trace/store/traceStore.ts';

const truth = readTruth('fabric-v3.1.5');
const terms: LeaderTerm[] = [
  ...truth.gossipLeaders.map(({ msp, node, from, until }) => ({ kind: 'gossip' as const, msp, node, from, to: until })),
  ...truth.consensusLeaders.map(({ node, from, until }) => ({
    kind: 'consensus' as const,
    msp: 'OrdererMSP',
    node,
    from,
    to: until,
  })),
].map((term) => Object.assign(term, { channel: truth.channel }));
const killed = terms.findIndex(({ node }) => node === 'Org1MSP/peer1.org1.example.com');

describe('compareLeaders', () => {
  it('finds nothing to say of those who led', () => {
    expect(compareLeaders(truth, terms)).toEqual([]);
  });

  it('lets the term of a killed leader end anywhere up to the next one', () => {
    const noticed = terms.with(killed, { ...(terms[killed] as LeaderTerm), to: '2026-11-21T00:21:39.247386Z' });
    expect(compareLeaders(truth, noticed)).toEqual([]);
    const late = terms.with(killed, { ...(terms[killed] as LeaderTerm), to: '2026-11-21T00:21:41.000000Z' });
    expect(compareLeaders(truth, late)).toHaveLength(1);
    const never = terms.with(killed, { ...(terms[killed] as LeaderTerm), to: null });
    expect(compareLeaders(truth, never)).toHaveLength(1);
  });

  it('names who is missing and who never led', () => {
    const other = { ...(terms[killed] as LeaderTerm), node: 'Org1MSP/peer9.org1.example.com' };
    expect(compareLeaders(truth, terms.with(killed, other))).toEqual([
      `gossip leader Org1MSP/peer1.org1.example.com from ${other.from} is missing`,
      `gossip leader Org1MSP/peer9.org1.example.com from ${other.from} never was`,
    ]);
  });
});

import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTruth } from '#test/truth/make/makeTruth.ts';
import { RECORDINGS } from '#test/truth/make/recordings.ts';
import { edgesOf, readTruth } from '#test/truth/truth.ts';

const VECTORS = path.join(import.meta.dirname, '../vectors');

describe('the truth', () => {
  it.each(RECORDINGS)('of $name follows from its vendored logs and blocks', (recording) => {
    expect(makeTruth(VECTORS, recording)).toEqual(readTruth(recording.name));
  });

  it('of v3.1.5 holds the counts that its description states', () => {
    const { transactions, blocks } = readTruth('fabric-v3.1.5');
    const entries = [...transactions, ...transactions.flatMap(({ duplicates }) => duplicates)].map(({ code }) => code);
    const count = (code: string) => entries.filter((one) => one === code).length;
    expect(blocks).toHaveLength(82);
    // 226 of chaincode, 2 of configuration.
    expect(count('VALID')).toBe(228);
    expect(count('MVCC_READ_CONFLICT')).toBe(4);
    expect(count('ENDORSEMENT_POLICY_FAILURE')).toBe(3);
    expect(count('DUPLICATE_TXID')).toBe(2);
    for (const block of blocks) expect(Object.keys(block.commits)).toHaveLength(5);
  });

  it('names for every ordered transaction who handed it to whom, without a gap', () => {
    for (const { name } of RECORDINGS) {
      const truth = readTruth(name);
      for (const tx of truth.transactions.filter(({ block }) => block !== null && block > 0)) {
        const edges = edgesOf(truth, tx);
        expect(edges.some(({ point }) => point === 'broadcast')).toBe(true);
        expect(edges.filter((edge) => edge.point === 'commit' && edge.from === null)).toEqual([]);
        for (const endorser of tx.endorsers)
          expect(edges.some(({ point, to }) => point === 'endorse' && to === endorser)).toBe(true);
      }
    }
  });
});

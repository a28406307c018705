import { expect, test } from 'vitest';
import { completenessOf } from './completeness.ts';
import { endorsementFailed, mvccConflict, validMissingPeer } from './fixtures.ts';
import { sentencesOf, verdictOf } from './sentences.ts';

test('a valid transaction that one peer lacks and one peer hides', () => {
  expect(sentencesOf(validMissingPeer).map((sentence) => sentence.text)).toEqual([
    'User1@org1 asked peer0.org1 to endorse: answered 200 after 96.4 ms.',
    'peer0.org1 asked peer1.org2 to endorse: answered 200 after 44.4 ms.',
    'orderer1 accepted it for ordering from peer0.org1 after 3.8 ms.',
    'peer1.org1 received block 4 from orderer1 in 5.4 ms.',
    'peer1.org2 received block 4 from orderer1. (Concluded, not seen.)',
    'peer1.org1 passed block 4 on to peer0.org1 in 1.2 ms.',
    'peer1.org2 passed block 4 on to peer0.org2 in 6.6 ms.',
    'peer1.org1 committed it in block 4 as valid, the first to do so.',
    'peer0.org1 committed it in block 4 as valid, 2.1 ms behind the first.',
    'peer1.org2 committed it in block 4 as valid, 3.9 ms behind the first.',
    'peer0.org2 committed it in block 4 as valid, 35 ms behind the first.',
    'peer0.org3 has not committed it.',
    'Whether peer1.org3 committed it is not known: its log was not seen.',
  ]);
  expect(completenessOf(validMissingPeer)).toMatchObject({ label: '4 of 6 peers', complete: false });
  expect(verdictOf(validMissingPeer)).toBe(
    'Valid: its changes are in the ledger. 4 of 6 known peers committed its block; 1 has not; nothing can be said of 1, whose log was not seen.',
  );
});

test('a refused endorsement tells who refused, and that nothing was ordered', () => {
  const told = sentencesOf(endorsementFailed);
  expect(told[1]).toMatchObject({
    seq: 2,
    tone: 'bad',
    text: 'peer0.org1 asked peer1.org2 to endorse: refused with 500 after 18.1 ms: “chaincode response 500, the asset asset999 does not exist”.',
  });
  expect(told.at(-1)?.text).toBe('It was never seen to reach an orderer, so it is in no block.');
  expect(verdictOf(endorsementFailed)).toBe(
    'Not committed: no block is known that holds it. peer1.org2 refused to endorse it.',
  );
});

test('a conflict is bad at every commit; only when every known peer committed does it say all', () => {
  const commits = sentencesOf(mvccConflict).filter((sentence) => (sentence.seq ?? 0) >= 9);
  expect(commits).toHaveLength(5);
  expect(commits.every((sentence) => sentence.tone === 'bad')).toBe(true);
  expect(verdictOf(mvccConflict)).toContain('All 5 known peers committed its block.');
  expect(verdictOf({ ...mvccConflict, unobserved: ['Org4MSP/x'] })).not.toContain('All');
});

test('without any evidence of commits nothing is called complete', () => {
  const nothing = { ...mvccConflict, commits: [], missing: [], unobserved: [] };
  expect(completenessOf(nothing).complete).toBe(false);
  expect(verdictOf(nothing)).toContain('not known who committed');
});

import { describe, expect, it } from 'vitest';
import { BlockView } from '#node/protos/blockView.ts';
import { commitAll, hex, recordedChain, recordedState, stateOf, testLedger, VERSIONS } from './commitBlocks.ts';

const chains = VERSIONS.map(recordedChain);
const ways = [
  { state: 'leveldb', overlap: true },
  { state: 'leveldb', overlap: false },
  { state: 'memory', overlap: true },
  { state: 'memory', overlap: false },
  { state: 'memory', overlap: true, parallel: false, decodeOnce: false },
] as const;

describe.each(chains)('every block of the recorded network $name', (chain) => {
  it.each(ways)('gets the codes and hashes that Go gave it ($state, overlap $overlap)', async (way) => {
    await using test = await testLedger(way);
    const committed = await commitAll(test.pipeline, chain.blocks);

    const stored = chain.blocks.map((bytes) => BlockView.fromBytes(bytes));
    expect(committed.map(({ transactions }) => transactions.map(({ codeName }) => codeName))).toEqual(chain.codes);
    expect(committed.map((block) => hex(block.commitHash))).toEqual(stored.map((block) => hex(block.commitHash)));
    // A block's hash is what the next one calls its previous hash.
    expect(committed.slice(0, -1).map((block) => hex(block.hash))).toEqual(
      stored.slice(1).map((block) => hex(block.previousHash)),
    );
    // What is stored is byte for byte what the Go peer stored.
    expect(committed.map(({ view }) => hex(view.bytes))).toEqual(stored.map(({ bytes }) => hex(bytes)));
    expect(test.ledger.height).toBe(chain.blocks.length);
  });

  it('tells why for each transaction that is not valid', async () => {
    await using test = await testLedger();
    const committed = await commitAll(test.pipeline, chain.blocks);

    const transactions = committed.flatMap((block) => block.transactions);
    expect(transactions.filter(({ code, reason }) => (code === 0) !== (reason === null))).toEqual([]);
  });
});

describe('the state that the blocks leave', () => {
  const chain = recordedChain('v3.1.5');

  it('is what the chaincode of the Go network listed', async () => {
    await using test = await testLedger();
    await commitAll(test.pipeline, chain.blocks);

    const found = new Map<string, unknown>();
    for await (const { key, value } of test.ledger.state.range('basic', '', '')) {
      found.set(key, JSON.parse(Buffer.from(value).toString('utf8')));
    }
    expect(found).toEqual(recordedState());
  });

  it('is the same in LevelDB as in memory', async () => {
    await using one = await testLedger({ state: 'leveldb' });
    await using other = await testLedger({ state: 'memory', overlap: false });
    await commitAll(one.pipeline, chain.blocks);
    await commitAll(other.pipeline, chain.blocks);

    const state = await stateOf(one.ledger);
    expect(state.length).toBeGreaterThan(100);
    expect(await stateOf(other.ledger)).toEqual(state);
  });
});

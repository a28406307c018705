import { writeSync } from 'node:fs';
import { ledger } from '@hyperledger/fabric-protos';
import { BlockStore } from '../blocks/blockStore.ts';
import { generatedBlock } from '../blocks/testChain.ts';
import { PrivateDataStore } from './privateDataStore.ts';

/** For tests: commits blocks with private data (every third has none) until it is killed, and says how many. Argument: folder. */
const [folder] = process.argv.slice(2) as [string];
const blocks = await BlockStore.open(folder, 'generated');
const store = await PrivateDataStore.open(folder, 'generated', () => 0);
store.alignWith(blocks.height);
for (;;) {
  const block = generatedBlock(blocks.height, blocks.lastHash, { transactions: 2, envelopeBytes: 500 });
  const write = new ledger.rwset.kvrwset.KVWrite();
  write.setKey(`key ${block.number}`);
  const set = new ledger.rwset.kvrwset.KVRWSet();
  set.addWrites(write);
  const collection = { namespace: 'assets', collection: 'secret', rwset: set.serializeBinary() };
  const data = block.number % 3 === 0 ? [] : [{ tx: 1, collections: [collection] }];
  await store.commitWithBlock(blocks, block, data, []);
  writeSync(1, `${blocks.height}\n`);
}

import { writeSync } from 'node:fs';
import { BlockStore } from './blockStore.ts';
import { generatedBlock } from './testChain.ts';

/**
 * For tests: appends generated blocks until it is killed, and says which ones are stored.
 * Arguments: folder, bytes in a file, durability.
 */
const [folder, maxFileBytes, durability] = process.argv.slice(2) as [string, string, 'each' | 'group'];
const store = await BlockStore.open(folder, 'generated', { maxFileBytes: Number(maxFileBytes), durability });
for (;;) {
  await store.append(generatedBlock(store.height, store.lastHash, { transactions: 5, envelopeBytes: 3_000 }));
  writeSync(1, `${store.height}\n`);
}

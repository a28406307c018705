import { writeSync } from 'node:fs';
import { BlockStore } from './blockStore.ts';
import { generatedBlock } from './testChain.ts';

/**
 * For tests: appends generated blocks until it is killed or the disk is full, and says which ones are stored.
 * Arguments: folder, bytes in a file, durability.
 */
const [folder, maxFileBytes, durability] = process.argv.slice(2) as [string, string, 'each' | 'group'];
const store = await BlockStore.open(folder, 'generated', { maxFileBytes: Number(maxFileBytes), durability });
const next = (envelopeBytes: number) =>
  generatedBlock(store.height, store.lastHash, { transactions: 5, envelopeBytes });
for (;;) {
  try {
    await store.append(next(3_000));
  } catch (error) {
    // The disk is full: a smaller block may still fit.
    await store.append(next(1));
    await store.close();
    writeSync(1, `${store.height} ${(error as NodeJS.ErrnoException).code}\n`);
    break;
  }
  writeSync(1, `${store.height}\n`);
}

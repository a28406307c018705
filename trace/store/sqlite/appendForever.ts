/** Appends a block's records and its number as the checkpoint, block after block, until it is killed. For sqliteFile.test.ts. */
import { blockRecords, txIdOf } from '../conformance/exampleRecords.ts';
import { openSqliteStore } from './sqliteStore.ts';

const store = await openSqliteStore(process.argv[2] ?? '');
for (let number = 1; ; number++) {
  await store.append(
    blockRecords({ number, txs: { [txIdOf(`${number}-`)]: 'VALID' } }),
    new Map([['block', String(number)]]),
  );
  if (number % 3 === 0) await store.refresh({ limit: 2 });
  process.stdout.write(`${number}\n`);
}

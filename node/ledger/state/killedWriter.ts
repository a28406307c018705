import { LevelStateDatabase } from './levelStateDatabase.ts';
import { StateUpdates } from './stateUpdates.ts';

/** For a test that kills it: writes block after block, each of which sets every key to its number and drops one key of the last. */
const [folder = '', keys = '0'] = process.argv.slice(2);
const state = await LevelStateDatabase.open(folder);
for (let block = ((await state.savepoint())?.block ?? -1) + 1; ; block++) {
  const updates = new StateUpdates();
  const version = { block, tx: 0 };
  const value = Buffer.alloc(500, block % 256);
  for (let key = 0; key < Number(keys); key++) {
    updates.putPublic('ns', `key${key}`, { value, metadata: null, version });
  }
  updates.putPublic('ns', `only${block - 1}`, { value: null, metadata: null, version });
  updates.putPublic('ns', `only${block}`, { value, metadata: null, version });
  await state.apply(updates, version);
  process.stdout.write(`${block}\n`);
}

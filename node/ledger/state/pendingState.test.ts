import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryStateDatabase } from './memoryStateDatabase.ts';
import { PendingState } from './pendingState.ts';
import type { StateReader, VersionedEntry } from './stateDatabase.ts';
import { publicUpdates } from './stateDatabase.compliance.ts';
import { StateUpdates } from './stateUpdates.ts';

const KEYS = ['a', 'b', 'c', 'd', '\u{ffff}', '😀'];

/** All that a reader says of namespaces `ns` and `cc$$hcol`. */
async function told(reader: StateReader, start: string, end: string, size: number) {
  const ranges: VersionedEntry[][] = [];
  const keys = ['ns', 'cc$$hcol'].flatMap((namespace) => KEYS.map((key) => ({ namespace, key })));
  for (const namespace of ['ns', 'cc$$hcol']) {
    const entries: VersionedEntry[] = [];
    for await (const entry of reader.range(namespace, start, end)) {
      entries.push(entry);
    }
    ranges.push(entries);
  }
  return {
    ranges,
    page: await reader.page('ns', start, end, size),
    single: await Promise.all(keys.map(({ namespace, key }) => reader.get(namespace, key))),
    many: await reader.getMany(keys),
    versions: await reader.getVersions(keys),
    metadata: ['ns', 'cc'].map((name) => reader.mayHaveMetadata(name)),
  };
}

describe('pending state', () => {
  it('says what the database will say', async () => {
    const change = fc.record({
      key: fc.constantFrom(...KEYS),
      to: fc.option(fc.constantFrom('1', '2')),
      hashed: fc.boolean(),
    });
    const changes = fc.array(change, { maxLength: 6 });
    const bound = fc.constantFrom('', ...KEYS);
    await fc.assert(
      fc.asyncProperty(
        fc.array(changes, { maxLength: 4 }),
        bound,
        bound,
        fc.nat(4),
        async (blocks, start, end, size) => {
          const batches = blocks.map((block, number) => {
            const updates = new StateUpdates();
            for (const [tx, { key, to, hashed }] of block.entries()) {
              const value = to === null ? null : new Uint8Array(Buffer.from(to));
              const metadata = to === '2' ? Uint8Array.of(number) : null;
              const update = { value, metadata, version: { block: number, tx } };
              if (hashed) {
                updates.putHashed('cc', 'col', key, update);
              } else {
                updates.putPublic('ns', key, update);
              }
            }
            return updates;
          });
          const written = new MemoryStateDatabase();
          const behind = new MemoryStateDatabase();
          let pending: StateReader = behind;
          for (const [number, updates] of batches.entries()) {
            await written.apply(updates, { block: number, tx: 0 });
            if (number < 1) {
              await behind.apply(updates, { block: number, tx: 0 });
            } else {
              pending = new PendingState(pending, updates);
            }
          }
          const expected = await told(written, start, end, size);
          expect(await told(pending, start, end, size)).toEqual(expected);
          // Nothing changes for the reader when the database catches up.
          for (const [number, updates] of batches.entries()) {
            if (number >= 1) {
              await behind.apply(updates, { block: number, tx: 0 });
            }
          }
          expect(await told(pending, start, end, size)).toEqual(expected);
        },
      ),
    );
  });

  it('asks nothing of the database where it knows all', async () => {
    const closed = new MemoryStateDatabase();
    await closed.close();
    const pending = new PendingState(closed, publicUpdates(1, { ns: { a: '1', b: null } }));
    expect(await pending.getVersions([{ namespace: 'ns', key: 'a' }])).toEqual([{ block: 1, tx: 0 }]);
    expect(await pending.get('ns', 'b')).toBeNull();
    await expect(pending.get('ns', 'c')).rejects.toMatchObject({ code: 'closed' });
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { summarise } from '../../assemble/summarise.ts';
import type { NewStore } from '../conformance.ts';
import type { StoredRecord } from '../../record.ts';
import { exampleRecords } from './exampleRecords.ts';
import { allPages, readEverything, refreshAll } from './readEverything.ts';

export function orderSuite(newStore: NewStore, share: number): void {
  describe('order', () => {
    it('reads back the same whatever order, batches and repetition the records came in', async () => {
      const records = exampleRecords();
      const reference = await newStore();
      await reference.store.append(records);
      const expected = await readEverything(reference.store);
      await fc.assert(
        fc.asyncProperty(
          fc.shuffledSubarray(records, { minLength: records.length }),
          fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.nat(3)), { minLength: 1, maxLength: 12 }),
          async (shuffled, steps) => {
            const { store } = await newStore();
            let rest: readonly StoredRecord[] = shuffled;
            for (const [size, refreshes] of steps) {
              await store.append(rest.slice(0, size));
              // Some of it again, some of it refreshed in between.
              if (refreshes === 1) await store.append(rest.slice(0, size >> 1));
              if (refreshes === 2) await store.refresh({ limit: 3 });
              if (refreshes === 3) await refreshAll(store);
              rest = rest.slice(size);
            }
            await store.append(rest);
            expect(await readEverything(store)).toEqual(expected);
            await store.close();
          },
        ),
        { numRuns: Math.ceil(40 * share) },
      );
    });

    it('lists what the traces say', async () => {
      const { store } = await newStore();
      await store.append(exampleRecords());
      await refreshAll(store);
      const items = await allPages((cursor) => store.traces({ limit: 5, ...(cursor !== undefined && { cursor }) }));
      expect(items.length).toBe(13);
      for (const item of items) {
        const trace = await store.trace({ channel: item.channel, txId: item.txId });
        expect(trace === null ? null : summarise(trace)).toEqual(item);
      }
    });

    it('refreshes as many as it is told and says how many remain', async () => {
      const { store } = await newStore();
      await store.append(exampleRecords());
      const first = await store.refresh({ limit: 2 });
      expect(first.refreshed).toBe(2);
      expect(first.remaining).toBeGreaterThan(5);
      const rest = await store.refresh();
      expect(rest).toEqual({ refreshed: first.remaining, remaining: 0 });
      expect(await store.refresh()).toEqual({ refreshed: 0, remaining: 0 });
    });
  });
}

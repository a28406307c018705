import { describe, expect, it } from 'vitest';
import type { StoredRecord } from '../../record.ts';
import type { NewStore } from '../conformance.ts';
import type { TraceStore } from '../traceStore.ts';
import { exampleRecords, IDS, P3, peer, record } from './exampleRecords.ts';
import { readEverything } from './readEverything.ts';

async function exportAll(store: TraceStore, limit: number): Promise<StoredRecord[]> {
  const records: StoredRecord[] = [];
  for (let after: string | null = null; ; ) {
    const page = await store.exportRecords(after, { limit });
    expect(page.records.length).toBeLessThanOrEqual(limit);
    records.push(...page.records);
    if (page.next === null) return records;
    after = page.next;
  }
}

const sorted = (records: readonly StoredRecord[]) => records.toSorted((a, b) => (a.id < b.id ? -1 : 1));

export function exportSuite(newStore: NewStore): void {
  describe('export', () => {
    it('gives all records once, of whatever kind, in pages of any size', async () => {
      const { store } = await newStore();
      expect(await store.exportRecords(null)).toEqual({ records: [], next: null });
      const distinct = new Map(exampleRecords().map((one) => [one.id, one]));
      await store.append([...distinct.values()]);
      for (const limit of [1, 7, distinct.size, 5000]) {
        expect(sorted(await exportAll(store, limit))).toEqual(sorted([...distinct.values()]));
      }
    });

    it('goes on from a cursor in another handle, whatever was added before it', async () => {
      const { store, again } = await newStore();
      const records = exampleRecords();
      await store.append(records);
      const first = await store.exportRecords(null, { limit: 40 });
      await store.append([
        record({ channel: 'mychannel', node: P3, ms: 7000, point: 'tx.seen', tx_id: IDS.plain }),
        record({
          channel: 'mychannel',
          node: P3,
          ms: 7001,
          point: 'leader.gossip',
          stage: 'elected',
          sender: peer(P3),
        }),
      ]);
      const other = await again();
      const ids = new Set(first.records.map(({ id }) => id));
      for (let { next } = first; next !== null; ) {
        const page = await other.exportRecords(next, { limit: 10 });
        for (const { id } of page.records) {
          expect(ids).not.toContain(id);
          ids.add(id);
        }
        ({ next } = page);
      }
      expect(records.filter(({ id }) => !ids.has(id))).toEqual([]);
    });

    it('fills another store with the same', async () => {
      const { store } = await newStore();
      await store.append(exampleRecords());
      const copy = await newStore();
      for (let after: string | null = null; ; ) {
        const { records, next } = await store.exportRecords(after, { limit: 25 });
        await copy.store.append(records);
        if (next === null) break;
        after = next;
      }
      expect(await readEverything(copy.store)).toEqual(await readEverything(store));
    });

    it('refuses cursors that are none, and pages of no size', async () => {
      const { store } = await newStore();
      await store.append(exampleRecords());
      const cursors = [
        '',
        'nonsense',
        ...['[]', '[1]', '["nowhere"]', '["record","x"]', '["fact",1,2,3]'].map(encoded),
      ];
      for (const cursor of cursors) {
        await expect(store.exportRecords(cursor)).rejects.toMatchObject({ code: 'invalid_query' });
      }
      for (const limit of [0, 1.5, 5001]) {
        await expect(store.exportRecords(null, { limit })).rejects.toMatchObject({ code: 'invalid_query' });
      }
    });
  });
}

const encoded = (text: string) => Buffer.from(text).toString('base64url');

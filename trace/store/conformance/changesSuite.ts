import { describe, expect, it } from 'vitest';
import type { NewStore } from '../conformance.ts';
import { blockRecords, exampleRecords, IDS, P3, peer, record } from './exampleRecords.ts';
import { refreshAll } from './readEverything.ts';

export function changesSuite(newStore: NewStore): void {
  describe('changes', () => {
    it('tells another handle what changed, oldest first, each once', async () => {
      const { store, again } = await newStore();
      const reader = await again();
      expect(await reader.revision()).toBe(0);
      expect(await reader.changes(0)).toEqual({ revision: 0, traces: [], blocks: [] });
      await store.append(exampleRecords());
      await refreshAll(store);
      const seen: string[] = [];
      const blocks: string[] = [];
      let revision = 0;
      for (;;) {
        const changes = await reader.changes(revision, { limit: 2 });
        if (changes.traces.length === 0 && changes.blocks.length === 0) break;
        expect(changes.traces.length).toBeLessThanOrEqual(2);
        expect(changes.revision).toBeGreaterThan(revision);
        revision = changes.revision;
        seen.push(...changes.traces.map(({ channel, txId }) => `${channel} ${txId}`));
        blocks.push(...changes.blocks.map(({ channel, number }) => `${channel} ${number}`));
      }
      const { items } = await store.traces({ limit: 1000 });
      expect(seen.toSorted()).toEqual(items.map(({ channel, txId }) => `${channel} ${txId}`).toSorted());
      expect(blocks.toSorted()).toEqual([
        'mychannel 1',
        'mychannel 2',
        'mychannel 3',
        'mychannel 4',
        'mychannel 5',
        'other 1',
      ]);
      expect(revision).toBe(await store.revision());
    });

    it('gives a changed trace a new revision, and an unchanged one none', async () => {
      const { store, again } = await newStore();
      const reader = await again();
      await store.append(blockRecords({ number: 1, txs: { [IDS.plain]: 'VALID' } }));
      await store.append(blockRecords({ number: 2, txs: { [IDS.invalid]: 'VALID' } }));
      await refreshAll(store);
      const revision = await reader.revision();
      await store.append([
        record({
          channel: 'mychannel',
          node: 'peer0.org1.example.com',
          ms: 1080,
          point: 'gossip.send',
          sender: peer('peer0.org1.example.com'),
          receiver: peer(P3),
          block: { number: 1 },
        }),
      ]);
      await refreshAll(store);
      const changes = await reader.changes(revision);
      expect(changes.traces.map(({ txId }) => txId)).toEqual([IDS.plain]);
      expect(changes.blocks).toEqual([{ channel: 'mychannel', number: 1 }]);
      expect(await reader.changes(changes.revision)).toEqual({ revision: changes.revision, traces: [], blocks: [] });
      await expect(reader.changes(-1)).rejects.toMatchObject({ code: 'invalid_query' });
    });

    it('lets several handles write at once', async () => {
      const { store, again } = await newStore();
      const other = await again();
      const records = exampleRecords();
      for (const [n, one] of records.entries()) {
        await (n % 2 === 0 ? store : other).append([one]);
        if (n % 7 === 0) await (n % 3 === 0 ? store : other).refresh();
      }
      await refreshAll(other);
      const reference = await newStore();
      await reference.store.append(records);
      await refreshAll(reference.store);
      expect(await store.traces({ limit: 1000 })).toEqual(await reference.store.traces({ limit: 1000 }));
    });
  });
}

import { describe, expect, it } from 'vitest';
import type { NewStore } from '../conformance.ts';
import { ALIKE, at, blockRecords, exampleRecords, IDS, P2, record, txIdOf } from './exampleRecords.ts';
import { readEverything, refreshAll } from './readEverything.ts';

export function retentionSuite(newStore: NewStore): void {
  describe('retention', () => {
    it('forgets what is older than a time and nothing else', async () => {
      const { store } = await newStore();
      for (let number = 1; number <= 40; number++) {
        await store.append(
          blockRecords({ number, txs: { [txIdOf(`a${number}-`)]: 'VALID', [txIdOf(`b${number}-`)]: 'VALID' } }),
        );
      }
      await refreshAll(store);
      const before = await store.info();
      const dropped = await store.dropBefore(at(21_000));
      expect(dropped.traces).toBe(40);
      await refreshAll(store);
      const { items } = await store.traces({ limit: 1000 });
      expect(items).toHaveLength(40);
      const info = await store.info();
      expect(info.records).toBe(before.records - dropped.records);
      expect(info.records).toBe(before.records / 2);
      expect(await store.trace({ channel: 'mychannel', txId: txIdOf('a20-') })).toBeNull();
      expect(await store.block('mychannel', 20)).toBeNull();
      const kept = await store.trace({ channel: 'mychannel', txId: txIdOf('a21-') });
      expect(kept).toMatchObject({ code: 'VALID', block: { number: 21 }, missing: [] });
      expect((await store.statistics({})).outcomes).toEqual({ VALID: 40 });
      expect(await store.dropBefore(at(21_000))).toEqual({ records: 0, traces: 0 });
    });

    it('keeps all evidence of what is still alive', async () => {
      const { store } = await newStore();
      await store.append(exampleRecords());
      const reference = await readEverything(store);
      // Every trace has a record after this, or stands in a block that has.
      await store.dropBefore(at(1000));
      await refreshAll(store);
      expect(await readEverything(store)).toMatchObject({ blocks: (reference as { blocks: object }).blocks });
      const twice = await store.trace({ channel: 'mychannel', txId: IDS.twice });
      await store.dropBefore(at(2500));
      // Its second block is younger: the first stays too.
      expect(await store.trace({ channel: 'mychannel', txId: IDS.twice })).toEqual(twice);
    });

    it('settles a shortened ID when all but one of its candidates are gone', async () => {
      const { store } = await newStore();
      await store.append([
        ...blockRecords({ number: 1, txs: { [ALIKE[0]]: 'VALID' } }),
        ...blockRecords({ number: 50, txs: { [ALIKE[1]]: 'VALID' } }),
        record({
          channel: 'mychannel',
          node: P2,
          ms: 50_000,
          point: 'chaincode.invoke',
          tx_id_prefix: 'abcdef01',
          duration_us: 5,
        }),
      ]);
      await refreshAll(store);
      expect((await store.traces({ finding: 'ambiguous_tx_id' })).items).toHaveLength(2);
      await store.dropBefore(at(20_000));
      await refreshAll(store);
      const { items } = await store.traces({});
      // The ambiguous record is young and was shown to both: both live.
      expect(items.map(({ txId }) => txId).toSorted()).toEqual([...ALIKE]);
      await store.dropBefore(at(60_000));
      expect(await store.find('abcdef01')).toEqual([]);
    });

    it('takes records again that it has forgotten', async () => {
      const { store } = await newStore();
      const records = exampleRecords();
      await store.append(records);
      const expected = await readEverything(store);
      await store.dropBefore('2030-01-01T00:00:00Z');
      await refreshAll(store);
      expect((await store.traces({})).items).toEqual([]);
      expect((await store.nodes()).length).toBeGreaterThan(0);
      await store.append(records);
      expect(await readEverything(store)).toEqual(expected);
      await expect(store.dropBefore('soon')).rejects.toMatchObject({ code: 'invalid_query' });
    });
  });
}

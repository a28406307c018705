import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { traceIdOf, type StoredRecord } from '../../record.ts';
import type { NewStore } from '../conformance.ts';
import { blockRecord, transactionRecord } from './arbitraryRecords.ts';
import { blockRecords, exampleRecords, IDS, record, stored, txIdOf } from './exampleRecords.ts';
import { readEverything, refreshAll } from './readEverything.ts';

const byId = (records: readonly StoredRecord[]) => Object.fromEntries(records.map((one) => [one.id, one.record]));

export function writingSuite(newStore: NewStore, share: number): void {
  describe('writing', () => {
    it('gives back exactly the records that were put in', async () => {
      const { store } = await newStore();
      let run = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(transactionRecord('c1', 'any', 'f'.repeat(32)), { minLength: 1, maxLength: 4 }),
          fc.array(blockRecord('c1', 0), { maxLength: 2 }),
          async (ofTransaction, ofBlock) => {
            run++;
            const txId = run % 2 === 0 ? txIdOf(run.toString(16)) : `block:${run}:0`;
            const traceId = traceIdOf('c1', txId);
            const records = [
              ...ofTransaction.map((one) => ({
                ...one,
                ...(one['trace.id'] === 'f'.repeat(32) && { 'trace.id': traceId }),
                ftl: { ...one.ftl, tx_id: txId },
              })),
              ...ofBlock.map((one) => ({ ...one, ftl: { ...one.ftl, block: { ...one.ftl.block, number: run } } })),
              record({ channel: 'c1', point: 'validate.tx', tx_id: txId, block: { number: run } }).record,
            ].map(stored);
            await store.append(records);
            const back = byId(await store.records({ channel: 'c1', txId }));
            // Its block's records may be those of earlier runs too: any block number may come.
            for (const one of records) expect(back[one.id]).toEqual(one.record);
          },
        ),
        { numRuns: Math.ceil(300 * share), endOnFailure: true },
      );
    });

    it('gives back records of the same form as earlier ones', async () => {
      const { store } = await newStore();
      await fc.assert(
        fc.asyncProperty(
          fc.array(transactionRecord('c1', 'same-form', 'f'.repeat(32)), { minLength: 1, maxLength: 3 }),
          async (forms) => {
            const records = [0, 1, 2].flatMap((n) =>
              forms.map((form) => stored({ ...form, ftl: { ...form.ftl, seq: n, nonce: n } })),
            );
            for (const one of records) await store.append([one]);
            const back = new Map(
              (await store.records({ channel: 'c1', txId: 'same-form' })).map((one) => [one.id, one.record]),
            );
            for (const one of records) expect(back.get(one.id)).toEqual(one.record);
          },
        ),
        { numRuns: Math.ceil(100 * share), endOnFailure: true },
      );
    });

    it('adds a known record no second time', async () => {
      const { store } = await newStore();
      const records = exampleRecords();
      const distinct = new Set(records.map(({ id }) => id)).size;
      expect(await store.append(records)).toEqual({ added: distinct, known: records.length - distinct });
      const before = await readEverything(store);
      const revision = await store.revision();
      expect(await store.append(records)).toEqual({ added: 0, known: records.length });
      expect(await store.refresh()).toEqual({ refreshed: 0, remaining: 0 });
      expect(await store.revision()).toBe(revision);
      expect(await readEverything(store)).toEqual(before);
    });

    it('keeps checkpoints with the records, by prefix', async () => {
      const { store, again } = await newStore();
      await store.append([], new Map([['file:a', '1']]));
      await store.append(
        blockRecords({ number: 1, txs: { [IDS.plain]: 'VALID' } }),
        new Map([
          ['file:a', '2'],
          ['file:b', '7'],
          ['other', 'x'],
        ]),
      );
      expect(await store.checkpoints('file:')).toEqual(
        new Map([
          ['file:a', '2'],
          ['file:b', '7'],
        ]),
      );
      expect((await (await again()).checkpoints()).size).toBe(3);
      expect(await store.checkpoints('%')).toEqual(new Map());
    });

    it('adds all of a batch and its checkpoints or nothing', async () => {
      const { store } = await newStore();
      const good = exampleRecords();
      const bad = { ...record({ channel: 'new', point: 'tx.seen', tx_id: 'abcd' }), id: 'no ID' };
      await expect(store.append([...good, bad], new Map([['a', '1']]))).rejects.toMatchObject({
        name: 'StoreError',
        code: 'invalid_record',
      });
      expect(await store.checkpoints()).toEqual(new Map());
      expect((await store.info()).records).toBe(0);
      expect(await store.find(IDS.plain)).toEqual([]);
      expect(await store.channels()).toEqual([]);
      // And works on afterwards.
      const reference = await newStore();
      await store.append(good, new Map([['a', '2']]));
      await reference.store.append(good);
      expect(await readEverything(store)).toEqual(await readEverything(reference.store));
    });

    it('shows everything to a handle opened later', async () => {
      const { store, again } = await newStore();
      await store.append(exampleRecords());
      await refreshAll(store);
      expect(await readEverything(await again())).toEqual(await readEverything(store));
    });

    it('refuses work once closed', async () => {
      const { store } = await newStore();
      await store.close();
      await store.close();
      await expect(store.append([])).rejects.toMatchObject({ code: 'closed' });
      await expect(store.traces({})).rejects.toMatchObject({ code: 'closed' });
    });
  });
}

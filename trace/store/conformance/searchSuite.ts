import { describe, expect, it } from 'vitest';
import type { NewStore } from '../conformance.ts';
import type { TraceQuery, TraceStore } from '../traceStore.ts';
import { at, blockRecords, exampleRecords, IDS, P1, P2, P3, record, txIdOf } from './exampleRecords.ts';
import { allPages, refreshAll } from './readEverything.ts';

async function filled(newStore: NewStore): Promise<TraceStore> {
  const { store } = await newStore();
  await store.append(exampleRecords());
  await refreshAll(store);
  return store;
}

const us = (time: string | null) => (time === null ? Number.NaN : Date.parse(time));

export function searchSuite(newStore: NewStore): void {
  describe('search', () => {
    it('finds exactly the summaries that a query describes', async () => {
      const store = await filled(newStore);
      const { items: all } = await store.traces({ limit: 1000 });
      type Item = (typeof all)[number];
      const cases: readonly (readonly [TraceQuery, (item: Item) => boolean])[] = [
        [{ channel: 'other' }, ({ channel }) => channel === 'other'],
        [{ channel: 'nowhere' }, () => false],
        [{ code: 'VALID' }, ({ code }) => code === 'VALID'],
        [{ code: 'NONE' }, ({ code }) => code === null],
        [{ chaincode: 'basic' }, ({ chaincode }) => chaincode === 'basic'],
        [{ function: 'CreateAsset' }, (item) => item.function === 'CreateAsset'],
        [{ participant: `Org1MSP/${P1}` }, ({ participants }) => participants.includes(`Org1MSP/${P1}`)],
        [{ participant: P3 }, ({ participants }) => participants.some((id) => id.endsWith(P3))],
        [{ participant: '%' }, () => false],
        [{ block: 3 }, ({ block }) => block?.number === 3],
        [{ txId: IDS.plain }, ({ txId }) => txId === IDS.plain],
        [{ txId: 'abcdef01' }, ({ txId }) => txId.startsWith('abcdef01')],
        [{ txId: 'abcdef010' }, ({ txId }) => txId.startsWith('abcdef010')],
        [{ minDurationUs: 160_000 }, ({ durationUs }) => durationUs !== null && durationUs >= 160_000],
        [{ maxDurationUs: 160_000 }, ({ durationUs }) => durationUs !== null && durationUs <= 160_000],
        [{ from: at(2000) }, ({ startedAt }) => us(startedAt) >= us(at(2000))],
        [
          { from: at(1000), to: at(2000) },
          ({ startedAt }) => us(startedAt) >= us(at(1000)) && us(startedAt) < us(at(2000)),
        ],
        [{ to: at(2000) }, ({ startedAt }) => us(startedAt) < us(at(2000))],
        [{ finding: 'mvcc_conflict' }, ({ findings }) => findings.some(({ code }) => code === 'mvcc_conflict')],
        [
          { finding: 'duplicate_txid', code: 'VALID' },
          (item) => item.code === 'VALID' && item.findings.some(({ code }) => code === 'duplicate_txid'),
        ],
        [
          { text: 'CREATEasset  user1' },
          (item) => item.function === 'CreateAsset' && (item.creator ?? '').includes('User1'),
        ],
        [{ text: P2.toUpperCase() }, ({ participants }) => participants.some((id) => id.includes(P2))],
        [{ text: IDS.twice.slice(5, 20) }, ({ txId }) => txId === IDS.twice],
        [{ text: `${IDS.twice.slice(5, 20)} basic` }, ({ txId }) => txId === IDS.twice],
        [{ text: `${IDS.twice.slice(5, 20)} nothing` }, () => false],
        [{ text: 'mvcc_read' }, ({ code }) => code === 'MVCC_READ_CONFLICT'],
        [{ text: "%' OR 1" }, () => false],
        [{ text: '  ' }, () => true],
      ];
      for (const [query, matches] of cases) {
        const expected = all.filter(matches).map(({ channel, txId }) => `${channel} ${txId}`);
        const { items } = await store.traces({ ...query, limit: 1000 });
        expect({ query, found: items.map(({ channel, txId }) => `${channel} ${txId}`) }).toEqual({
          query,
          found: expected,
        });
      }
    });

    it('sorts by start, duration or block, then by trace ID, absent values lowest', async () => {
      const store = await filled(newStore);
      const value = { startedAt: 'startedAt', durationUs: 'durationUs', block: 'block' } as const;
      for (const sort of Object.values(value)) {
        const { items } = await store.traces({ sort, order: 'asc', limit: 1000 });
        const keys = items.map((item) => {
          const key =
            sort === 'block'
              ? item.block?.number
              : sort === 'startedAt'
                ? Date.parse(item.startedAt ?? '')
                : item.durationUs;
          const number = key === undefined || key === null || Number.isNaN(key) ? 0 : key + 1;
          return `${String(number).padStart(20, '0')} ${item.traceId}`;
        });
        expect(keys).toEqual(keys.toSorted());
        const { items: down } = await store.traces({ sort, order: 'desc', limit: 1000 });
        expect(down).toEqual(items.toReversed());
      }
    });

    it('turns pages without gap or repetition while others are added', async () => {
      const store = await filled(newStore);
      const { items: all } = await store.traces({ limit: 1000 });
      let added = 0;
      const paged = await allPages(async (cursor) => {
        // Newer than everything: they belong to pages that are behind.
        await store.append(blockRecords({ number: 100 + added, txs: { [txIdOf(`e${added++}`)]: 'VALID' } }));
        await refreshAll(store);
        return store.traces({ limit: 3, ...(cursor === undefined ? { to: at(60_000) } : { cursor, to: at(60_000) }) });
      });
      const started = all.filter(({ startedAt }) => startedAt !== null);
      expect(paged.map(({ txId }) => txId)).toEqual(started.map(({ txId }) => txId));
    });

    it('refuses what makes no sense', async () => {
      const store = await filled(newStore);
      const { next } = await store.traces({ limit: 2 });
      const bad: TraceQuery[] = [
        { limit: 0 },
        { limit: 1001 },
        { limit: 1.5 },
        { cursor: 'nonsense' },
        { cursor: Buffer.from('[]').toString('base64url') },
        { cursor: next ?? '', sort: 'block' },
        { from: 'yesterday' },
        { txId: 'abc' },
        { sort: 'txId' as 'block' },
      ];
      for (const query of bad) {
        await expect(store.traces(query)).rejects.toMatchObject({ code: 'invalid_query' });
      }
    });

    it('knows IDs that are no hash', async () => {
      const { store } = await newStore();
      await store.append([
        record({ channel: 'c', point: 'tx.seen', tx_id: 'block:7:0' }),
        record({ channel: 'c', point: 'tx.seen', tx_id: 'BLOCK_%_é\u{10ffff}x' }),
      ]);
      await refreshAll(store);
      expect(await store.find('block:')).toEqual([{ channel: 'c', txId: 'block:7:0' }]);
      expect(await store.find('BLOCK_%_é\u{10ffff}')).toHaveLength(1);
      expect((await store.traces({ text: '%_' })).items).toHaveLength(1);
      expect((await store.traces({ text: 'block' })).items).toHaveLength(2);
      expect((await store.traces({ txId: 'block:7' })).items).toHaveLength(1);
    });
  });
}

import { describe, expect, it } from 'vitest';
import type { NewStore } from '../conformance.ts';
import type { TraceStore } from '../traceStore.ts';
import { ALIKE, blockRecords, exampleRecords, IDS, P1, P2, P3, peer, record } from './exampleRecords.ts';
import { refreshAll } from './readEverything.ts';

const channel = 'mychannel';

const seen = (txId: string) => record({ node: P2, point: 'tx.seen', tx_id: txId });

async function pointsOf(store: TraceStore, key: { channel: string; txId: string }): Promise<string[]> {
  return (await store.records(key)).map(({ record: one }) => one.ftl.point).toSorted();
}

async function listed(store: TraceStore): Promise<string[]> {
  await refreshAll(store);
  const { items } = await store.traces({ limit: 1000 });
  return items.map((item) => `${item.channel} ${item.txId}`).toSorted();
}

export function resolutionSuite(newStore: NewStore): void {
  describe('which records belong to a trace', () => {
    it('joins a block with its transactions, once for all', async () => {
      const { store } = await newStore();
      await store.append(
        blockRecords({ number: 1, txs: { [IDS.plain]: 'VALID', [IDS.invalid]: 'MVCC_READ_CONFLICT' } }),
      );
      const points = await pointsOf(store, { channel, txId: IDS.plain });
      expect(points).toEqual([
        'block.header',
        'broadcast.request',
        'broadcast.response',
        'deliver.block',
        'deliver.block',
        'endorse.request',
        'endorse.response',
        'gossip.commit',
        'gossip.commit',
        'order.block',
      ]);
      const trace = await store.trace({ channel, txId: IDS.invalid });
      expect(trace).toMatchObject({ code: 'MVCC_READ_CONFLICT', block: { number: 1, index: 1 } });
      expect(trace?.commits.map(({ peer: id }) => id)).toEqual([peer(P1).id, peer(P2).id]);
    });

    it('gives records in time order, then by ID', async () => {
      const { store } = await newStore();
      await store.append(exampleRecords().toReversed());
      const records = await store.records({ channel, txId: IDS.twice });
      const keys = records.map(({ id, record: one }) => `${one['@timestamp']} ${id}`);
      expect(keys).toEqual(keys.toSorted());
      expect(keys.length).toBeGreaterThan(10);
    });

    it('shows a transaction of two blocks both', async () => {
      const { store } = await newStore();
      await store.append(exampleRecords());
      const trace = await store.trace({ channel, txId: IDS.twice });
      expect(trace).toMatchObject({
        code: 'VALID',
        block: { number: 2 },
        duplicates: [{ block: 3, code: 'DUPLICATE_TXID' }],
      });
    });

    it('counts a range of blocks for each of them', async () => {
      const { store } = await newStore();
      const range = (first: number, last: number) =>
        record({
          channel,
          node: P3,
          point: 'gossip.transfer',
          stage: 'requested',
          sender: peer(P1),
          receiver: peer(P3),
          block: { number: first, last },
        });
      await store.append(blockRecords({ number: 5, txs: { [IDS.plain]: 'VALID' } }));
      const before = (await pointsOf(store, { channel, txId: IDS.plain })).length;
      const ranges = [
        range(5, 5),
        range(4, 5),
        range(5, 6),
        range(0, 1000),
        range(5, 2 ** 40),
        range(0, Number.MAX_SAFE_INTEGER),
      ];
      await store.append([...ranges, range(0, 4), range(6, 9), range(6, 2 ** 50)]);
      expect((await pointsOf(store, { channel, txId: IDS.plain })).length).toBe(before + ranges.length);
    });

    it('places an ID without a channel wherever it turns up', async () => {
      const { store } = await newStore();
      await store.append([seen(IDS.plain)]);
      expect(await store.find(IDS.plain)).toEqual([{ channel: '', txId: IDS.plain }]);
      expect(await listed(store)).toEqual([` ${IDS.plain}`]);
      await store.append(blockRecords({ number: 1, txs: { [IDS.plain]: 'VALID' } }));
      expect(await store.find(IDS.plain)).toEqual([{ channel, txId: IDS.plain }]);
      expect(await listed(store)).toEqual([`${channel} ${IDS.plain}`]);
      expect(await store.trace({ channel: '', txId: IDS.plain })).toBeNull();
      expect(await pointsOf(store, { channel, txId: IDS.plain })).toContain('tx.seen');
      await store.append(blockRecords({ channel: 'other', number: 1, txs: { [IDS.plain]: 'VALID' } }));
      expect(await pointsOf(store, { channel: 'other', txId: IDS.plain })).toContain('tx.seen');
      expect(await listed(store)).toEqual([`${channel} ${IDS.plain}`, `other ${IDS.plain}`]);
    });

    const shortened = record({
      channel,
      node: P2,
      point: 'chaincode.invoke',
      chaincode: 'basic',
      tx_id_prefix: 'abcdef01',
      duration_us: 7,
    });

    it('makes a provisional trace of a shortened ID that nothing explains', async () => {
      const { store } = await newStore();
      await store.append([shortened]);
      expect(await store.find('abcdef')).toEqual([{ channel, txId: 'abcdef01' }]);
      expect(await store.find('abcdef', { isWhole: true })).toEqual([]);
      expect(await store.find('abcdef01', { isWhole: true })).toEqual([{ channel, txId: 'abcdef01' }]);
      expect(await store.trace({ channel, txId: 'abcdef01' })).toMatchObject({
        txId: 'abcdef01',
        txIdPrefix: 'abcdef01',
        chaincode: 'basic',
      });
      expect(await listed(store)).toEqual([`${channel} abcdef01`]);
      // Asked by the full ID, the one shortened ID that it begins with answers.
      const asked = await store.trace({ channel, txId: ALIKE[0] });
      expect(asked).toMatchObject({ txId: ALIKE[0], txIdPrefix: 'abcdef01', chaincode: 'basic' });
      expect(await store.find(ALIKE[0])).toEqual([{ channel, txId: ALIKE[0] }]);
      expect(await store.find(ALIKE[0], { isWhole: true })).toEqual([{ channel, txId: ALIKE[0] }]);
      expect(await store.trace({ channel: 'other', txId: ALIKE[0] })).toBeNull();
    });

    it('gives a shortened ID to the one full ID of its channel', async () => {
      const { store } = await newStore();
      await store.append([shortened, ...blockRecords({ channel: 'other', number: 1, txs: { [ALIKE[1]]: 'VALID' } })]);
      expect(await listed(store)).toEqual([`${channel} abcdef01`, `other ${ALIKE[1]}`]);
      await store.append(blockRecords({ number: 1, txs: { [ALIKE[0]]: 'VALID' } }));
      expect(await listed(store)).toEqual([`${channel} ${ALIKE[0]}`, `other ${ALIKE[1]}`]);
      const trace = await store.trace({ channel, txId: ALIKE[0] });
      expect(trace?.txIdPrefix).toBeUndefined();
      expect(await pointsOf(store, { channel, txId: ALIKE[0] })).toContain('chaincode.invoke');
      expect(await pointsOf(store, { channel: 'other', txId: ALIKE[1] })).not.toContain('chaincode.invoke');
      expect(await store.find('abcdef01', { channel })).toEqual([{ channel, txId: ALIKE[0] }]);
    });

    it('never guesses between two, and tells both of them', async () => {
      const { store } = await newStore();
      await store.append([shortened, ...blockRecords({ number: 1, txs: { [ALIKE[0]]: 'VALID' } })]);
      await refreshAll(store);
      await store.append(blockRecords({ number: 2, txs: { [ALIKE[1]]: 'VALID' } }));
      await refreshAll(store);
      const { items } = await store.traces({ finding: 'ambiguous_tx_id' });
      expect(items.map(({ txId }) => txId).toSorted()).toEqual([...ALIKE]);
      for (const txId of ALIKE) {
        const trace = await store.trace({ channel, txId });
        expect(trace?.endorsers).not.toContain(peer(P2).id);
        expect(trace?.findings.map(({ code }) => code)).toContain('ambiguous_tx_id');
      }
    });

    it('places an ID without a channel by a shortened one', async () => {
      const { store } = await newStore();
      await store.append([seen(ALIKE[0])]);
      expect(await listed(store)).toEqual([` ${ALIKE[0]}`]);
      await store.append([shortened]);
      expect(await listed(store)).toEqual([`${channel} ${ALIKE[0]}`]);
      expect(await store.find(ALIKE[0])).toEqual([{ channel, txId: ALIKE[0] }]);
      expect(await store.trace({ channel, txId: ALIKE[0] })).toMatchObject({ chaincode: 'basic' });
      // A second one without a channel makes it a guess.
      await store.append([seen(ALIKE[1])]);
      expect(await listed(store)).toEqual([` ${ALIKE[0]}`, ` ${ALIKE[1]}`]);
      // Until one of them turns up elsewhere.
      await store.append(blockRecords({ channel: 'other', number: 1, txs: { [ALIKE[1]]: 'VALID' } }));
      expect(await listed(store)).toEqual([`${channel} ${ALIKE[0]}`, `other ${ALIKE[1]}`]);
    });

    it('knows nothing of what it does not hold', async () => {
      const { store } = await newStore();
      await store.append(exampleRecords());
      expect(await store.trace({ channel: 'nowhere', txId: IDS.plain })).toBeNull();
      expect(await store.trace({ channel, txId: 'f'.repeat(64) })).toBeNull();
      expect(await store.trace({ channel, txId: '' })).toBeNull();
      expect(await store.records({ channel, txId: 'f'.repeat(64) })).toEqual([]);
      expect(await store.find('ffff')).toEqual([]);
      expect(await store.find('0000', { channel: 'nowhere' })).toEqual([]);
      await expect(store.find('111')).rejects.toMatchObject({ code: 'invalid_query' });
    });
  });
}

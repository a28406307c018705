import { describe, expect, it } from 'vitest';
import type { NewStore } from '../conformance.ts';
import { at, blockRecords, exampleRecords, IDS, P1, P2, P3, peer, record, txIdOf } from './exampleRecords.ts';
import { allPages, refreshAll } from './readEverything.ts';

const channel = 'mychannel';

export function listingSuite(newStore: NewStore): void {
  describe('lists', () => {
    it('tells of blocks, newest first', async () => {
      const { store } = await newStore();
      await store.append(exampleRecords());
      const blocks = await allPages((cursor) =>
        store.blocks({ channel, limit: 2, ...(cursor !== undefined && { cursor }) }),
      );
      expect(blocks.map(({ number }) => number)).toEqual([5, 4, 3, 2, 1]);
      expect((await store.blocks({})).items.map((block) => `${block.number} ${block.channel}`).slice(-2)).toEqual([
        '1 mychannel',
        '1 other',
      ]);
      const block = await store.block(channel, 2);
      expect(block).toEqual(blocks[3]);
      expect(block).toMatchObject({
        channel,
        number: 2,
        hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        previousHash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        dataHash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        txCount: 3,
        txs: [IDS.shortened, IDS.twice, IDS.withoutChannel].map((id) => ({
          id,
          type: 'ENDORSER_TRANSACTION',
          code: 'VALID',
        })),
        commits: [
          { peer: peer(P1).id, at: at(2150), commitHash: expect.any(String) as string },
          { peer: peer(P2).id, at: at(2151), commitHash: expect.any(String) as string },
        ],
        // Not the block source's time, which is no clock's.
        firstSeenAt: at(2100),
      });
      expect(await store.block(channel, 99)).toBeNull();
      expect(await store.block('nowhere', 1)).toBeNull();
      await expect(store.blocks({ limit: 0 })).rejects.toMatchObject({ code: 'invalid_query' });
      await expect(store.blocks({ cursor: 'x' })).rejects.toMatchObject({ code: 'invalid_query' });
    });

    it('counts transactions of a block that nobody lists', async () => {
      const { store } = await newStore();
      await store.append([
        record({ channel, node: P1, point: 'gossip.commit', block: { number: 7 }, tx_count: 4, source: 'log' }),
      ]);
      expect(await store.block(channel, 7)).toMatchObject({ txCount: 4, txs: [], hash: null, firstSeenAt: at(0) });
    });

    it('tells of nodes, channels and leaders', async () => {
      const { store } = await newStore();
      await store.append(exampleRecords());
      await refreshAll(store);
      const nodes = await store.nodes();
      expect(nodes.find(({ id }) => id === peer(P1).id)).toMatchObject({
        kind: 'peer',
        msp: 'Org1MSP',
        starts: [at(-5000)],
        observed: true,
        firstSeenAt: at(-5000),
        channels: [
          { channel, height: 5 },
          { channel: 'other', height: 2 },
        ],
      });
      expect(nodes.find(({ id }) => id === peer(P2).id)).toMatchObject({ address: 'peer0.org2:7051', observed: true });
      const channels = await store.channels();
      expect(channels.map((one) => [one.channel, one.height, one.traces])).toEqual([
        [channel, 6, 11],
        ['other', 2, 1],
      ]);
      expect(channels[1]?.peers).toEqual([peer(P1).id, peer(P2).id]);
      const leaders = await store.leaders();
      expect(leaders).toMatchObject([{ channel, kind: 'gossip', node: peer(P1).id, from: at(500), to: null }]);
      expect(await store.leaders('other')).toEqual([]);
    });

    it('counts outcomes, findings and who calls whom', async () => {
      const { store } = await newStore();
      for (let number = 1; number <= 20; number++) {
        const code = number % 5 === 0 ? 'MVCC_READ_CONFLICT' : 'VALID';
        await store.append(blockRecords({ number, txs: { [txIdOf(`${number}-`)]: code } }));
      }
      await refreshAll(store);
      const all = await store.statistics({});
      expect(all.outcomes).toEqual({ MVCC_READ_CONFLICT: 4, VALID: 16 });
      expect(all.latency.total.count).toBe(20);
      expect(all.latency.endorse).toEqual({ count: 20, p50: 10_000, p95: 10_000, p99: 10_000 });
      expect(all.findings.find(({ code }) => code === 'mvcc_conflict')).toMatchObject({ count: 4 });
      const endorse = all.edges.filter(({ point }) => point === 'endorse');
      expect(endorse).toEqual([
        {
          point: 'endorse',
          from: 'Org1MSP/User1@org1.example.com',
          to: peer(P1).id,
          count: 20,
          errors: 0,
          medianUs: 10_000,
        },
      ]);
      expect(all.edges.filter(({ point }) => point === 'commit').map(({ errors }) => errors)).toEqual([4, 4]);
      const buckets = await store.statistics({ bucketUs: 5_000_000 });
      expect(buckets.bucketUs).toBe(5_000_000);
      expect(
        buckets.throughput.map(({ outcomes }) => Object.values(outcomes).reduce((sum, count) => sum + count, 0)),
      ).toEqual([4, 5, 5, 5, 1]);
      const part = await store.statistics({ from: at(10_000), to: at(12_000), channel });
      expect(part.outcomes).toEqual({ MVCC_READ_CONFLICT: 1, VALID: 1 });
      expect((await store.statistics({ channel: 'nowhere' })).outcomes).toEqual({});
      const none = await (await newStore()).store.statistics({});
      expect(none).toMatchObject({
        outcomes: {},
        throughput: [],
        edges: [],
        latency: { total: { count: 0, p50: null } },
      });
      await expect(store.statistics({ bucketUs: 1 })).rejects.toMatchObject({ code: 'invalid_query' });
      await expect(store.statistics({ from: 'x' })).rejects.toMatchObject({ code: 'invalid_query' });
    });

    it('sees peers appear, catch up and go missing in summaries', async () => {
      const { store } = await newStore();
      const summary = async () => {
        await refreshAll(store);
        const { items } = await store.traces({ txId: IDS.plain });
        return [items[0]?.committed, items[0]?.missing];
      };
      await store.append(blockRecords({ number: 2, txs: { [IDS.plain]: 'VALID' } }));
      expect(await summary()).toEqual([2, 0]);
      await store.append([commit(1)]);
      expect(await summary()).toEqual([2, 1]);
      // It has passed the block without a word: nothing can be said.
      await store.append([commit(5)]);
      expect(await summary()).toEqual([2, 0]);
      await store.append([commit(2)]);
      expect(await summary()).toEqual([3, 0]);
    });

    it('corrects summaries when a fact about the network comes late', async () => {
      const { store } = await newStore();
      await store.append([
        record({
          channel,
          node: P1,
          point: 'endorse.request',
          tx_id: IDS.plain,
          sender: client,
          receiver: { kind: 'peer', address: 'somewhere:7051' },
        }),
      ]);
      await refreshAll(store);
      expect((await store.traces({ participant: P2 })).items).toEqual([]);
      await store.append([
        record({ node: P2, ms: 5, point: 'node.identity', sender: { ...peer(P2), address: 'somewhere:7051' } }),
      ]);
      await refreshAll(store);
      expect((await store.traces({ participant: P2 })).items).toHaveLength(1);
    });
  });
}

const commit = (number: number) =>
  record({ channel, node: P3, ms: 9000 + number, point: 'gossip.commit', receiver: peer(P3), block: { number } });

const client = { kind: 'client', id: 'Org1MSP/User1@org1.example.com', msp: 'Org1MSP' } as const;

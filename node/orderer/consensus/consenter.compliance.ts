import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EnvelopeView } from '#node/protos/envelopeView.ts';
import { OrdererError } from '../ordererError.ts';
import type { Orderer } from '../orderer.ts';
import { TestNetwork } from '../testing/testChannel.ts';
import { allBlocks, blockOf, chainOf, orderedUpTo, temporaryFolder, txIdsOf } from '../testing/testOrderer.ts';
import type { Consenter } from './consenter.ts';

/** An orderer with the consensus in question, over a folder that may hold what an earlier one left. */
export type OpenOrderer = (folder: string, network: TestNetwork) => Promise<Orderer>;

function idsOf(envelopes: readonly EnvelopeView[]): string[] {
  return envelopes.map(({ channelHeader }) => channelHeader.txId);
}

/** What every consenter keeps to. */
export function consenterCompliance(name: string, open: OpenOrderer): void {
  describe(`${name}: a consenter`, () => {
    const network = new TestNetwork();
    let folder: ReturnType<typeof temporaryFolder>;
    let orderer: Orderer;

    const consenter = (): Consenter => chainOf(orderer).consenter;
    const messages = (count: number): EnvelopeView[] =>
      Array.from({ length: count }, () => EnvelopeView.fromBytes(network.transaction()));
    const orderAll = (envelopes: readonly EnvelopeView[]): Promise<void[]> =>
      Promise.all(envelopes.map((envelope) => consenter().order(envelope, 0)));
    const ordered = async (): Promise<string[]> => txIdsOf(await allBlocks(orderer));

    beforeEach(async () => {
      folder = temporaryFolder();
      orderer = await open(folder.path, network);
      await orderer.registrar.join('mychannel', network.genesis({ maxMessageCount: 10, batchTimeout: '20ms' }));
    });
    afterEach(async () => {
      await orderer.close();
      folder.remove();
    });

    it('puts every message into one block, in the order in which they were handed over', async () => {
      const sent = messages(95);
      await orderAll(sent);
      await blockOf(orderer, 10);
      expect(await ordered()).toEqual(idsOf(sent));
      const blocks = await allBlocks(orderer);
      expect(blocks.slice(1, 10).map(({ data }) => data.length)).toEqual(Array.from({ length: 9 }, () => 10));
    });

    it('puts a message that waits for others into a block when the time is up', async () => {
      const sent = messages(1);
      await orderAll(sent);
      await blockOf(orderer, 1);
      expect(await ordered()).toEqual(idsOf(sent));
    });

    it('gives a configuration a block of its own, behind what came before it', async () => {
      const chain = chainOf(orderer);
      const update = await network.update(chain.bundle, { maxMessageCount: 3 });
      const config = await chain.processor.processConfigUpdate(EnvelopeView.fromBytes(update));
      const [before, after] = [messages(4), messages(3)];
      await Promise.all([orderAll(before), consenter().configure(config.envelope, config.sequence), orderAll(after)]);
      await blockOf(orderer, 3);
      const blocks = await allBlocks(orderer);
      expect(blocks.map(({ data }) => data.length)).toEqual([1, 4, 1, 3]);
      expect(blocks[2]?.envelopes[0]?.channelHeader.typeName).toBe('CONFIG');
      expect(chain.bundle.sequence).toBe(1);
    });

    it('is well and ready while it runs', async () => {
      expect(consenter().failure).toBeNull();
      await expect(consenter().waitReady()).resolves.toBeUndefined();
      expect(consenter().status).toEqual({ relation: 'consenter', status: 'active' });
    });

    it('accepts nothing once it is halted, and says so', async () => {
      const halted = consenter();
      await halted.halt();
      await halted.halt();
      expect(halted.failure).toBe('chain is stopped');
      const [message] = messages(1) as [EnvelopeView];
      for (const refused of [halted.order(message, 0), halted.configure(message, 0), halted.waitReady()]) {
        await expect(refused).rejects.toBeInstanceOf(OrdererError);
        await expect(refused).rejects.toMatchObject({ code: 'unavailable', message: 'chain is stopped' });
      }
    });

    it('loses and doubles nothing that it accepted over restarts', async () => {
      const all: EnvelopeView[] = [];
      for (let round = 0; round < 4; round++) {
        const sent = messages(7 + round * 8);
        all.push(...sent);
        await orderAll(sent);
        await orderer.close();
        orderer = await open(folder.path, network);
      }
      const last = messages(1);
      await orderAll(last);
      expect(await orderedUpTo(orderer, idsOf(last)[0] as string)).toEqual(idsOf([...all, ...last]));
    });
  });
}

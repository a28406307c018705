import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyBlockSignatures, verifyChain } from '#node/commit/verifyBlock.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { EnvelopeView } from '#node/protos/envelopeView.ts';
import { vendoredBlocks } from '#node/protos/testBlocks.ts';
import { configEnvelopeOf } from './messageProcessor.ts';
import type { Orderer } from './orderer.ts';
import { bundleOf, TestNetwork } from './testing/testChannel.ts';
import {
  allBlocks,
  blockOf,
  broadcast,
  chainOf,
  openOrderer,
  temporaryFolder,
  txIdsOf,
} from './testing/testOrderer.ts';

const network = new TestNetwork();
let folder: ReturnType<typeof temporaryFolder>;
let orderer: Orderer;

beforeEach(async () => {
  folder = temporaryFolder();
  orderer = await openOrderer(folder.path, network);
});
afterEach(async () => {
  await orderer.close();
  folder.remove();
});

const idOf = (envelope: Uint8Array): string => EnvelopeView.fromBytes(envelope).channelHeader.txId;
const transactions = (count: number): Uint8Array[] => Array.from({ length: count }, () => network.transaction());

describe('an orderer', () => {
  it('puts transactions into blocks that peers accept, in the order in which they came', async () => {
    await orderer.registrar.join('mychannel', network.genesis({ maxMessageCount: 10 }));
    const sent = transactions(25);
    const answers = await broadcast(orderer, sent);
    expect(answers.map(({ status }) => status)).toEqual(sent.map(() => 'SUCCESS'));
    await blockOf(orderer, 3);
    const blocks = await allBlocks(orderer);
    expect(blocks.map(({ data }) => data.length)).toEqual([1, 10, 10, 5]);
    expect(txIdsOf(blocks)).toEqual(sent.map(idOf));
    const bundle = bundleOf(blocks[0] as BlockView);
    for (const [index, block] of blocks.slice(1).entries()) {
      verifyChain(block, { height: index + 1, hash: blocks[index]?.hash ?? null }, 'mychannel');
      await verifyBlockSignatures(block, bundle);
      expect(block.lastConfig).toBe(0);
      expect(block.consenterIds).toEqual([1]);
    }
  });

  it('writes the metadata that a Go orderer writes', async () => {
    await orderer.registrar.join('mychannel', network.genesis({ maxMessageCount: 1 }));
    await broadcast(orderer, transactions(1));
    const ours = await blockOf(orderer, 1);
    const { blocks } = vendoredBlocks('v3.1.5');
    const theirs = BlockView.fromBytes((blocks.find(({ number }) => number > 0) as (typeof blocks)[0]).bytes);
    expect(ours.metadata.length).toBe(theirs.metadata.length);
    // A peer fills in the filter and the commit hash.
    expect(ours.metadata[2]).toHaveLength(0);
    expect(ours.metadata[3]).toEqual(theirs.metadata[3]);
    expect(ours.signatures).toHaveLength(1);
    expect(ours.signatures[0]?.creator).toEqual(network.signer.identity);
    expect(Object.keys(ours.signatures[0] ?? {})).toEqual(Object.keys(theirs.signatures[0] ?? {}));
    expect(theirs.lastConfig).not.toBeNull();
    expect(theirs.consenterIds.length).toBeGreaterThan(0);
  });

  it('cuts a block when the time is up', async () => {
    await orderer.registrar.join('mychannel', network.genesis({ maxMessageCount: 1000, batchTimeout: '30ms' }));
    const sent = transactions(3);
    await broadcast(orderer, sent);
    await blockOf(orderer, 1);
    expect(txIdsOf(await allBlocks(orderer))).toEqual(sent.map(idOf));
  });

  it('goes on with the chain after a restart', async () => {
    await orderer.registrar.join('mychannel', network.genesis());
    const sent = transactions(30);
    await broadcast(orderer, sent.slice(0, 15));
    await orderer.close();
    orderer = await openOrderer(folder.path, network);
    expect(orderer.registrar.list()).toEqual(['mychannel']);
    await broadcast(orderer, sent.slice(15));
    await orderer.close();
    orderer = await openOrderer(folder.path, network);
    const blocks = await allBlocks(orderer);
    expect(txIdsOf(blocks)).toEqual(sent.map(idOf));
    for (const [number, block] of blocks.entries()) {
      verifyChain(block, { height: number, hash: blocks[number - 1]?.hash ?? null }, 'mychannel');
    }
  });

  it('takes a new configuration in a block of its own, and goes by it from then on', async () => {
    await orderer.registrar.join('mychannel', network.genesis({ maxMessageCount: 10, batchTimeout: '1h' }));
    const chain = chainOf(orderer);
    const before = chain.bundle;
    const update = await network.update(before, { maxMessageCount: 2, batchTimeout: '1h' });
    const [first, ...rest] = transactions(5);
    expect(await broadcast(orderer, [first as Uint8Array, update, ...rest])).toEqual(
      Array.from({ length: 6 }, () => ({ status: 'SUCCESS', info: '' })),
    );
    await blockOf(orderer, 4);
    const blocks = await allBlocks(orderer);
    expect(blocks.map(({ data }) => data.length)).toEqual([1, 1, 1, 2, 2]);
    expect(blocks.map((block) => block.lastConfig)).toEqual([null, 0, 2, 2, 2]);
    expect(chain.bundle).not.toBe(before);
    expect(chain.bundle.sequence).toBe(1);
    expect(chain.bundle.orderer?.batchSize.maxMessageCount).toBe(2);
    const config = blocks[2] as BlockView;
    expect(config.envelopes[0]?.channelHeader).toMatchObject({ typeName: 'CONFIG', txId: '', channel: 'mychannel' });
    expect(Buffer.compare(config.envelopes[0]?.configUpdate?.bytes as Uint8Array, update)).toBe(0);
    // A peer takes it.
    await expect(before.apply(configEnvelopeOf(config.envelopes[0] as EnvelopeView))).resolves.toMatchObject({
      sequence: 1,
    });
    await verifyBlockSignatures(config, before);
    await orderer.close();
    orderer = await openOrderer(folder.path, network);
    expect(chainOf(orderer).bundle.sequence).toBe(1);
  });
});

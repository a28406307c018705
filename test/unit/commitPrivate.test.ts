import { createHash } from 'node:crypto';
import { cp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TraceRecord } from '#trace/record.ts';
import { commitRecord } from '#node/commit/commitRecord.ts';
import type { CommittedBlock } from '#node/commit/blockStages.ts';
import { BlockPipeline } from '#node/commit/blockPipeline.ts';
import { PeerLedger } from '#node/ledger/peerLedger.ts';
import { hashedNamespace, privateNamespace } from '#node/ledger/state/namespaces.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { privateWrites } from '../harness/privateWrites.ts';
import { commitAll, received, recordedChain, stateOf, testLedger } from './commitBlocks.ts';
import { CHANNEL, codesOf, MAJORITY, ownChannel, put, transaction } from './commitNetwork.ts';

/** What endorsers hand round of a private write. */
const handedRound = (key: string): Uint8Array => privateWrites({ [key]: `value of ${key}` });

const rwset = handedRound('secret');
const privateHash = createHash('sha256').update(rwset).digest();
const writes = { namespace: 'basic', collections: [{ name: 'few', keys: ['secret'], privateHash }] };
const definitions = [{ name: 'basic', policy: MAJORITY, collections: [{ name: 'few' }] }];
const data = [{ tx: 1, collections: [{ namespace: 'basic', collection: 'few', rwset }] }];

describe('private data that comes with a block', () => {
  it('is stored, goes into the state, and is there when the state has to be made anew', async () => {
    await using channel = await ownChannel({ state: 'leveldb' }, definitions);
    const view = BlockView.fromBytes(channel.maker.next([transaction([put('a')]), transaction([writes])]));
    expect(codesOf(await channel.pipeline.commit({ view, privateData: data }))).toEqual(['VALID', 'VALID']);

    const name = privateNamespace('basic', 'few');
    expect(Buffer.from((await channel.ledger.state.get(name, 'secret'))?.value ?? []).toString()).toBe(
      'value of secret',
    );
    const kept = (await channel.ledger.privateData.ofBlock(2))[0];
    expect([kept?.tx, Buffer.from(kept?.collections[0]?.rwset ?? []).equals(rwset)]).toEqual([1, true]);
    const before = await stateOf(channel.ledger);
    await channel.ledger.close();

    // In memory nothing is there yet: all of it is made from blocks and private data.
    await using again = await PeerLedger.open({ folder: channel.folder, channelId: CHANNEL, state: 'memory' });
    expect(await stateOf(again)).toEqual(before);
  });

  it('with another hash than the block holds is refused, and the right data are taken after it', async () => {
    await using channel = await ownChannel({}, definitions);
    const view = BlockView.fromBytes(channel.maker.next([transaction([put('a')]), transaction([writes])]));
    const wrong = [{ tx: 1, collections: [{ namespace: 'basic', collection: 'few', rwset: handedRound('other') }] }];
    await expect(channel.pipeline.commit({ view, privateData: wrong })).rejects.toMatchObject({ code: 'private_hash' });
    expect([channel.ledger.height, channel.ledger.privateData.height]).toEqual([2, 2]);

    expect(codesOf(await channel.pipeline.commit({ view, privateData: data }))).toEqual(['VALID', 'VALID']);
  });

  it('expires with its hash when its blocks are over', async () => {
    const brief = [{ name: 'basic', policy: MAJORITY, collections: [{ name: 'few', blockToLive: 1 }] }];
    await using channel = await ownChannel({}, brief);
    const view = BlockView.fromBytes(channel.maker.next([transaction([put('a')]), transaction([writes])]));
    await channel.pipeline.commit({ view, privateData: data });
    const [name, hashes] = [privateNamespace('basic', 'few'), hashedNamespace('basic', 'few')];
    const hash = createHash('sha256').update('secret').digest('hex');
    const there = async (): Promise<readonly boolean[]> =>
      (
        await channel.ledger.state.getMany([
          { namespace: name, key: 'secret' },
          { namespace: hashes, key: hash },
        ])
      ).map((value) => value !== null);

    await channel.block(transaction([put('b')]));
    expect(await there()).toEqual([true, true]);
    await channel.block(transaction([put('c')]));
    expect(await there()).toEqual([false, false]);
  });

  it('expires as well where the state is one block behind when the ledger is opened again', async () => {
    const brief = [{ name: 'basic', policy: MAJORITY, collections: [{ name: 'few', blockToLive: 1 }] }];
    await using channel = await ownChannel({ state: 'leveldb' }, brief);
    const view = BlockView.fromBytes(channel.maker.next([transaction([put('a')]), transaction([writes])]));
    await channel.pipeline.commit({ view, privateData: data });
    await channel.block(transaction([put('b')]));
    await channel.ledger.close();
    const [state, before] = [join(channel.folder, 'ftlState'), join(channel.folder, 'before')];
    await cp(state, before, { recursive: true });
    const open = () => PeerLedger.open({ folder: channel.folder, channelId: CHANNEL });
    const last = await open();
    await commitAll(await BlockPipeline.open({}, { ledger: last }), [channel.maker.next([transaction([put('c')])])]);
    const wanted = await stateOf(last);
    await last.close();

    await rm(state, { recursive: true });
    await rename(before, state);
    await using again = await open();
    expect(await stateOf(again)).toEqual(wanted);
    expect(await again.state.get(privateNamespace('basic', 'few'), 'secret')).toBeNull();
  });

  it('is in a state that is made anew where its database was taken away', async () => {
    await using channel = await ownChannel({ state: 'leveldb' }, definitions);
    const view = BlockView.fromBytes(channel.maker.next([transaction([put('a')]), transaction([writes])]));
    await channel.pipeline.commit({ view, privateData: data });
    const wanted = await stateOf(channel.ledger);
    await channel.ledger.close();
    await rm(join(channel.folder, 'ftlState', CHANNEL), { recursive: true });
    await using again = await PeerLedger.open({ folder: channel.folder, channelId: CHANNEL });
    expect(await stateOf(again)).toEqual(wanted);
    expect(await again.state.get(privateNamespace('basic', 'few'), 'secret')).not.toBeNull();
  });

  it('that is not at hand is noted, where this peer should have it', async () => {
    await using channel = await ownChannel({}, definitions);
    await channel.ledger.close();
    await using member = await PeerLedger.open({
      folder: channel.folder,
      channelId: CHANNEL,
      eligible: (_namespace, collection) => collection === 'few',
    });
    const pipeline = await BlockPipeline.open({}, { ledger: member });
    await commitAll(pipeline, [channel.maker.next([transaction([writes])])]);

    expect(await member.privateData.missing(10)).toEqual([
      { block: 2, entries: [{ tx: 0, namespace: 'basic', collection: 'few' }] },
    ]);
  });
});

describe('the record of a commit', () => {
  it('fits the schema, with ID, code and reason of every transaction', async () => {
    const chain = recordedChain('v3.1.5');
    await using test = await testLedger();
    const told: CommittedBlock[] = [];
    const pipeline = await BlockPipeline.open({}, { ledger: test.ledger, onCommit: (block) => told.push(block) });
    for await (const block of pipeline.run(received(chain.blocks.slice(0, 50)))) {
      expect(told.at(-1)?.number).toBeGreaterThanOrEqual(block.number);
    }

    const context = { at: '2026-11-21T00:21:05.123456Z', self: { msp: 'Org1MSP', name: 'peer0.org1.example.com' } };
    const records = told.map((block) => TraceRecord.parse(commitRecord(block, context)));
    expect(records.map(({ ftl }) => ftl.block?.number)).toEqual(Array.from({ length: 50 }, (_, number) => number));
    expect(records[44]?.ftl).toMatchObject({
      point: 'gossip.commit',
      txs: [
        { code: 'VALID' },
        { code: 'DUPLICATE_TXID', reason: expect.stringContaining('an earlier transaction') as string },
      ],
    });
    expect(Object.keys(told[44]?.durations ?? {}).toSorted()).toEqual(
      ['blockStore', 'history', 'mvcc', 'policies', 'privateData', 'signatures', 'state', 'verify'].toSorted(),
    );
  });
});

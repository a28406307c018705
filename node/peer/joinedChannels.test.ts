import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CommittedBlock } from '#node/commit/blockStages.ts';
import { BlockView } from '#node/protos/blockView.ts';
import type { Party } from '#node/tracing/tracer.ts';
import { recordedChain, VERSIONS } from '#test/unit/commitBlocks.ts';
import { until } from '#test/harness/until.ts';
import { reached, testPeer } from './testPeer.ts';

const genesisOf = (blocks: readonly Uint8Array[]): BlockView => BlockView.fromBytes(blocks[0] as Uint8Array);

describe('a channel that is joined by its genesis block', () => {
  it.each(VERSIONS)('%s: takes the whole recorded chain, and goes on after a restart', async (version) => {
    const chain = recordedChain(version);
    const half = Math.floor(chain.blocks.length / 2);
    const commits: { readonly block: CommittedBlock; readonly sender: Party | null }[] = [];
    const tracer = { commit: (block: CommittedBlock, sender: Party | null) => commits.push({ block, sender }) };
    await using peer = await testPeer(chain.blocks.slice(0, half), { tracer });
    expect(peer.channels.list()).toEqual([]);

    const channel = await peer.channels.join(genesisOf(chain.blocks));
    expect([channel.channelId, channel.firstBlock]).toEqual([chain.channel, 0]);
    await reached(channel, half - 1);
    expect(channel.height).toBe(half);

    const again = await peer.restart();
    expect(again.list()).toEqual([chain.channel]);
    expect(again.channel(chain.channel)?.height).toBe(half);
    peer.sources.get(chain.channel)?.add(...chain.blocks.slice(half));
    await reached(again.channel(chain.channel), chain.blocks.length - 1);

    const codes = commits.map(({ block }) => block.transactions.map(({ codeName }) => codeName));
    expect(codes).toEqual(chain.codes);
    expect(commits[0]?.sender).toBeNull();
    expect(commits.slice(1).every(({ sender }) => sender?.address === 'orderer:7050')).toBe(true);
    expect(peer.failures).toEqual([]);
  });

  it('answers for it: blocks, transactions, state', async () => {
    const { blocks, channel: channelId } = recordedChain('v3.1.5');
    await using peer = await testPeer(blocks.slice(0, 20));
    const channel = await peer.channels.join(genesisOf(blocks));
    const told: number[] = [];
    const stop = channel.onCommit(({ number }) => told.push(number));
    await reached(channel, 19);
    stop();

    const block = await channel.block(15);
    expect(block?.number).toBe(15);
    expect(await channel.block(20)).toBeNull();
    expect(told.at(-1)).toBe(19);
    const txId = block?.envelopes[0]?.channelHeader.txId as string;
    expect([await channel.hasTransaction(txId), await channel.hasTransaction('none')]).toEqual([true, false]);
    await using simulator = await channel.simulator('tx');
    expect(simulator.height?.block).toBe(19);
    await expect(simulator.getPrivateData('none', 'few', 'key')).rejects.toMatchObject({ code: 'no_collections' });
    expect(peer.channels.chain(channelId)).toBe(channel);
  });

  it('is not joined twice, nor by something other than a genesis block', async () => {
    const { blocks } = recordedChain('v2.5.9');
    await using peer = await testPeer([]);
    const [one, other] = await Promise.allSettled([
      peer.channels.join(genesisOf(blocks)),
      peer.channels.join(genesisOf(blocks)),
    ]);
    expect([one.status, other.status].toSorted()).toEqual(['fulfilled', 'rejected']);
    await expect(peer.channels.join(genesisOf(blocks))).rejects.toMatchObject({
      code: 'exists',
      message: 'cannot create ledger from genesis block: ledger [mychannel] already exists with state [ACTIVE]',
    });
    await expect(peer.channels.join(BlockView.fromBytes(blocks[1] as Uint8Array))).rejects.toMatchObject({
      code: 'bad_genesis',
    });
    const garbage = BlockView.fromParts({
      number: 0,
      previousHash: new Uint8Array(0),
      dataHash: new Uint8Array(0),
      data: [Buffer.from('garbage')],
      metadata: [],
    });
    await expect(peer.channels.join(garbage)).rejects.toMatchObject({ code: 'bad_genesis' });
    expect(peer.channels.list()).toEqual(['mychannel']);
  });

  it('leaves nothing of a join that failed, or was cut short by a crash', async () => {
    const { blocks } = recordedChain('v2.5.9');
    const genesis = genesisOf(blocks);
    await using peer = await testPeer(blocks);
    const { number, previousHash, data, metadata } = genesis;
    const wrongHash = BlockView.fromParts({ number, previousHash, data, metadata, dataHash: Buffer.alloc(32) });
    await expect(peer.channels.join(wrongHash)).rejects.toMatchObject({ code: 'bad_genesis' });
    const ledgers = join(peer.folder, 'ledgersData');
    expect(await readdir(join(ledgers, 'chains', 'chains'))).toEqual([]);

    await peer.channels.join(genesis);
    await reached(peer.channels.channel('mychannel'), 3);
    // As if the process had ended before the ledger was whole.
    await mkdir(join(ledgers, 'ftlUnderConstruction'), { recursive: true });
    await writeFile(join(ledgers, 'ftlUnderConstruction', 'mychannel'), '');
    const again = await peer.restart();
    expect(again.list()).toEqual([]);
    await again.join(genesis);
    await reached(again.channel('mychannel'), 3);
  });
});

describe('a chain whose blocks are not right', () => {
  it('asks for another one, and goes on', async () => {
    const { blocks, channel } = recordedChain('v3.1.5');
    await using peer = await testPeer(blocks.slice(0, 3));
    const joined = await peer.channels.join(genesisOf(blocks));
    await reached(joined, 2);
    const source = peer.sources.get(channel);
    const right = BlockView.fromBytes(blocks[3] as Uint8Array);
    const unsigned = right.withMetadata(right.metadata.map((one, index) => (index === 0 ? new Uint8Array(0) : one)));
    source?.put(3, unsigned.bytes);
    source?.add(blocks[4] as Uint8Array);
    await until(() => (source?.rejected.length ?? 0) > 0);
    expect(source?.rejected[0]).toMatchObject({ block: 3 });
    expect(joined.height).toBe(3);

    source?.put(3, blocks[3] as Uint8Array);
    await reached(joined, 4);
    expect(joined.failure).toBeNull();
  });
});

import { common, peer } from '@hyperledger/fabric-protos';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChannelBundle } from '#node/channel/bundle.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { channelConfig, genesisEnvelope } from '../../harness/signedChannel.ts';
import { BlockMaker } from '../../harness/signedBlocks.ts';
import { type ProposalParts, signedProposal } from '../../harness/signedProposal.ts';
import { TestPeer, type TestPeerChannel } from '../../harness/testPeer.ts';
import { recordedChain } from '../commitBlocks.ts';
import { orderers, org1, org2 } from './endorserNetwork.ts';

type Arg = string | Uint8Array;

/** Outside any channel, as `peer channel` asks. */
async function ask(
  test: TestPeer,
  chaincode: string,
  args: readonly Arg[],
  more: Partial<ProposalParts> = {},
): Promise<peer.Response> {
  const sent = signedProposal({ channelId: '', creator: org1.admin, chaincode, args, ...more });
  const response = (await test.propose(sent.bytes)).getResponse() as peer.Response;
  return response;
}

const payload = (response: peer.Response): Uint8Array => {
  expect(response.getMessage()).toBe('');
  expect(response.getStatus()).toBe(200);
  return response.getPayload_asU8();
};
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const open = (): Promise<TestPeer> => TestPeer.open({ signer: org1.node, localMsp: org1.msp });
const genesis = (channelId: string): Uint8Array =>
  new BlockMaker(orderers.node).next([genesisEnvelope(channelId, channelConfig([org1, org2], orderers))]);

describe('qscc', () => {
  const chain = recordedChain('v3.1.5');
  const HEIGHT = 12;
  let test: TestPeer;
  let channel: TestPeerChannel;
  beforeAll(async () => {
    // Nobody here has the keys of that network: its access control is not what this is about.
    const access = { check: () => Promise.resolve() };
    test = await TestPeer.open({ signer: org1.node, localMsp: org1.msp, access });
    channel = await test.join(BlockView.fromBytes(chain.blocks[0] as Uint8Array));
    for (const block of chain.blocks.slice(1, HEIGHT)) {
      await channel.commit(block);
    }
  });
  afterAll(() => test[Symbol.asyncDispose]());

  const query = (name: string, ...args: readonly Arg[]): Promise<peer.Response> =>
    ask(test, 'qscc', [name, chain.channel, ...args]);
  const messageOf = async (name: string, ...args: readonly Arg[]): Promise<string> => {
    const response = await query(name, ...args);
    expect(response.getStatus()).toBe(500);
    return response.getMessage();
  };

  it('tells how long the chain is, and how it ends', async () => {
    const info = common.BlockchainInfo.deserializeBinary(payload(await query('GetChainInfo')));
    const last = BlockView.fromBytes(chain.blocks[HEIGHT - 1] as Uint8Array);
    expect(info.getHeight()).toBe(HEIGHT);
    expect(hex(info.getCurrentblockhash_asU8())).toBe(hex(last.hash));
    expect(hex(info.getPreviousblockhash_asU8())).toBe(hex(last.previousHash));
    expect(info.hasBootstrappingsnapshotinfo()).toBe(false);
  });

  it('gives blocks by number, by hash and by a transaction in them', async () => {
    const stored = (await channel.block(7)) as BlockView;
    expect(hex(payload(await query('GetBlockByNumber', '7')))).toBe(hex(stored.bytes));
    expect(hex(payload(await query('GetBlockByHash', stored.hash)))).toBe(hex(stored.bytes));
    const { txId } = (stored.envelopes[0] as (typeof stored.envelopes)[0]).channelHeader;
    expect(hex(payload(await query('GetBlockByTxID', txId)))).toBe(hex(stored.bytes));
    // As Go clients ask for the last one.
    const last = BlockView.fromBytes(payload(await query('GetBlockByNumber', '18446744073709551615')));
    expect(last.number).toBe(HEIGHT - 1);
  });

  it('gives a transaction with its validation code', async () => {
    for (const number of [3, 9]) {
      const stored = (await channel.block(number)) as BlockView;
      for (const [index, envelope] of stored.envelopes.entries()) {
        const { txId } = envelope.channelHeader;
        if (txId === '') {
          continue;
        }
        const found = peer.ProcessedTransaction.deserializeBinary(payload(await query('GetTransactionByID', txId)));
        expect(found.getValidationcode()).toBe(stored.transactionsFilter[index]);
        const whole = found.getTransactionenvelope() as common.Envelope;
        expect(hex(whole.getPayload_asU8())).toBe(hex(envelope.payloadBytes));
        expect(hex(whole.getSignature_asU8())).toBe(hex(envelope.signature));
      }
    }
  });

  it('says what it does not find, and what it does not understand', async () => {
    expect(await messageOf('GetBlockByNumber', '999')).toBe(
      'Failed to get block number 999, error no such block number [999] in index',
    );
    expect(await messageOf('GetBlockByNumber', '-1')).toBe(
      'Failed to parse block number with error strconv.ParseUint: parsing "-1": invalid syntax',
    );
    expect(await messageOf('GetBlockByNumber', '9'.repeat(30))).toContain('value out of range');
    expect(await messageOf('GetBlockByHash', new Uint8Array([1, 2]))).toContain('no such block hash [0102] in index');
    expect(await messageOf('GetTransactionByID', 'none')).toBe(
      'Failed to get transaction with id none, error no such transaction ID [none] in index',
    );
    expect(await messageOf('GetBlockByTxID', 'none')).toContain('no such transaction ID [none] in index');
    expect(await messageOf('GetBlockByNumber')).toBe('missing 3rd argument for GetBlockByNumber');
    expect(await messageOf('DropEverything', 'now')).toBe('Requested function DropEverything not found.');
    expect((await ask(test, 'qscc', ['GetChainInfo'])).getMessage()).toBe('Incorrect number of arguments, 1');
    expect((await ask(test, 'qscc', ['GetChainInfo', 'nowhere'])).getMessage()).toBe('Invalid chain ID, nowhere');
  });

  it('is for readers of the channel alone', async () => {
    await using guarded = await open();
    await guarded.join(BlockView.fromBytes(genesis('guarded')));
    expect((await ask(guarded, 'qscc', ['GetChainInfo', 'guarded'])).getStatus()).toBe(200);
    // Of this peer's organisation, so that it is heard, but not of the channel's.
    await guarded.join(BlockView.fromBytes(chain.blocks[0] as Uint8Array));
    const foreign = await ask(guarded, 'qscc', ['GetChainInfo', chain.channel]);
    expect(foreign.getStatus()).toBe(500);
    expect(foreign.getMessage()).toMatch(/^access denied for \[GetChainInfo\]\[.*\]: \[Failed evaluating policy/);
  });
});

describe('cscc', () => {
  it('joins a channel with its first block, once, and lists it', async () => {
    await using test = await open();
    const block = genesis('alpha');
    expect(payload(await ask(test, 'cscc', ['JoinChain', block]))).toHaveLength(0);
    expect(payload(await ask(test, 'cscc', ['JoinChain', genesis('beta')]))).toHaveLength(0);
    const listed = peer.ChannelQueryResponse.deserializeBinary(payload(await ask(test, 'cscc', ['GetChannels'])));
    expect(listed.getChannelsList().map((one) => one.getChannelId())).toEqual(['alpha', 'beta']);

    const again = await ask(test, 'cscc', ['JoinChain', block]);
    expect(again.getStatus()).toBe(500);
    expect(again.getMessage()).toBe(
      'cannot create ledger from genesis block: ledger [alpha] already exists with state [ACTIVE]',
    );
  });

  it('joins for administrators of its own organisation alone', async () => {
    await using test = await open();
    const response = await ask(test, 'cscc', ['JoinChain', genesis('alpha')], { creator: org1.client });
    expect(response.getMessage()).toMatch(/^access denied for \[JoinChain\]\[alpha\]: \[Failed verifying/);
    expect(test.list()).toEqual([]);
    const members = await ask(test, 'cscc', ['GetChannels'], { creator: org1.client });
    expect(members.getStatus()).toBe(200);
    // Of another organisation nobody is even heard.
    await expect(ask(test, 'cscc', ['GetChannels'], { creator: org2.admin })).rejects.toThrow(
      'access denied: channel [] creator org unknown, creator is malformed',
    );
  });

  it('refuses what is no first block of a channel for peers', async () => {
    await using test = await open();
    const messageFor = async (block: Uint8Array): Promise<string> => {
      const response = await ask(test, 'cscc', ['JoinChain', block]);
      expect(response.getStatus()).toBe(500);
      return response.getMessage();
    };
    expect(await messageFor(Buffer.from('no block'))).toMatch(/^Failed to reconstruct the genesis block, /);
    expect(await messageFor(new BlockMaker(orderers.node).next([]))).toBe(
      '"JoinChain" request failed to extract channel id from the block due to [failed to retrieve channel id - block is empty]',
    );
    const ordinary = recordedChain('v3.1.5').blocks[9] as Uint8Array;
    expect(await messageFor(ordinary)).toContain('failed because of validation of configuration block');
  });

  it('gives the configuration in force, and the block that brought it', async () => {
    await using test = await open();
    const block = genesis('alpha');
    await ask(test, 'cscc', ['JoinChain', block]);
    const found = BlockView.fromBytes(payload(await ask(test, 'cscc', ['GetConfigBlock', 'alpha'])));
    expect([found.number, hex(found.hash)]).toEqual([0, hex(BlockView.fromBytes(block).hash)]);
    const config = payload(await ask(test, 'cscc', ['GetChannelConfig', 'alpha']));
    expect(ChannelBundle.fromConfigBytes('alpha', config).application?.organizations.map(({ mspId }) => mspId)).toEqual(
      ['Org1MSP', 'Org2MSP'],
    );
    expect((await ask(test, 'cscc', ['GetConfigBlock', 'nowhere'])).getMessage()).toBe(
      'access denied for [GetConfigBlock][nowhere]: Failed to get policy manager for channel [nowhere]',
    );
    expect((await ask(test, 'cscc', ['GetChannelConfig', ''])).getMessage()).toBe('empty channel name provided');
  });

  it('speaks of snapshots', async () => {
    await using test = await open();
    const status = payload(await ask(test, 'cscc', ['JoinBySnapshotStatus']));
    expect(peer.JoinBySnapshotStatus.deserializeBinary(status).getInProgress()).toBe(false);
    expect((await ask(test, 'cscc', ['JoinChainBySnapshot', ''])).getMessage()).toBe(
      'Cannot join the channel, no snapshot directory provided',
    );
    expect((await ask(test, 'cscc', ['JoinChainBySnapshot', '/none'])).getMessage()).toContain(
      'cannot create ledger from snapshot /none',
    );
  });

  it('does not know other functions', async () => {
    await using test = await open();
    expect((await ask(test, 'cscc', [])).getMessage()).toBe('Incorrect number of arguments, 0');
    expect((await ask(test, 'cscc', ['JoinChain'])).getMessage()).toBe('Incorrect number of arguments, 1');
    expect((await ask(test, 'cscc', ['LeaveChain', 'x'])).getMessage()).toBe(
      'Requested function LeaveChain not found.',
    );
  });
});

import { describe, expect, it } from 'vitest';
import { BlockView } from '#node/protos/blockView.ts';
import { VERSIONS, vendoredBlocks } from '#node/protos/testBlocks.ts';
import { ChannelBundle } from './bundle.ts';

function bundleOf(version: (typeof VERSIONS)[number], number: number): ChannelBundle {
  const block = vendoredBlocks(version).blocks.find((one) => one.number === number);
  return ChannelBundle.fromBlock(BlockView.fromBytes(block?.bytes ?? new Uint8Array(0)));
}

describe('ChannelBundle of recorded channels', () => {
  it.each(VERSIONS)('reads the genesis block of %s', (version) => {
    const bundle = bundleOf(version, 0);
    expect(bundle.channelId).toBe('mychannel');
    expect(bundle.sequence).toBe(0);
    expect(bundle.orderer?.consensusType).toBe('etcdraft');
    expect(bundle.hashingAlgorithm).toBe('SHA256');
    expect(bundle.application?.organizations.map(({ mspId }) => mspId).toSorted()).toEqual(['Org1MSP', 'Org2MSP']);
    bundle.requireSupported('peer');
    bundle.requireSupported('orderer');
  });

  it('follows block 67, which adds an organisation', async () => {
    const genesis = bundleOf('v3.1.5', 0);
    const block = vendoredBlocks('v3.1.5').blocks.find((one) => one.number === 67);
    const envelope = BlockView.fromBytes(block?.bytes ?? new Uint8Array(0)).envelopes[0];
    const next = await genesis.apply(envelope?.payload.getData_asU8() ?? new Uint8Array(0));
    expect(next.sequence).toBe(1);
    expect(next.application?.organizations.map(({ mspId }) => mspId).toSorted()).toEqual([
      'Org1MSP',
      'Org2MSP',
      'Org3MSP',
    ]);
  });
});

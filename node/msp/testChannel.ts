import { msp } from '@hyperledger/fabric-protos';
import type { ConfigGroupNode } from '#node/protos/configTree.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import { type RecordedSet, type VERSIONS, vendoredBlocks } from '#node/protos/testBlocks.ts';
import { MspManager } from './mspManager.ts';
import { mspVersionOf } from './mspVersion.ts';

/** For tests: the channel of a recorded network as its last configuration in (or before) some block says. */
export interface RecordedChannel {
  readonly msps: MspManager;
  readonly root: ConfigGroupNode;
}

/** MSP configurations in the groups of organisations. */
export function mspConfigs(root: ConfigGroupNode): readonly msp.MSPConfig[] {
  return ['Application', 'Orderer'].flatMap((section) =>
    Array.from(root.groups.get(section)?.groups.values() ?? [], ({ values }) =>
      decodeMessage(msp.MSPConfig, values.get('MSP') as Uint8Array, 'msp.MSPConfig'),
    ),
  );
}

export function channelOf(block: BlockView): RecordedChannel {
  const config = (block.envelopes[0] as NonNullable<(typeof block.envelopes)[0]>).config;
  const version = mspVersionOf(config.capabilities.channel);
  return { msps: MspManager.fromConfigs(mspConfigs(config.root), { version }), root: config.root };
}

/** The channel as its genesis block says. */
export function vendoredChannel(version: (typeof VERSIONS)[number]): RecordedChannel {
  const [genesis] = vendoredBlocks(version).blocks;
  return channelOf(BlockView.fromBytes((genesis as NonNullable<typeof genesis>).bytes));
}

/** Every block with the configuration it was made under. */
export function* blocksWithChannel({
  blocks,
}: RecordedSet): Generator<{ readonly block: BlockView; readonly channel: RecordedChannel }> {
  let channel: RecordedChannel | undefined;
  for (const { bytes } of blocks) {
    const block = BlockView.fromBytes(bytes);
    if (channel !== undefined) {
      yield { block, channel };
    }
    if (block.envelopes[0]?.channelHeader.typeName === 'CONFIG') {
      channel = channelOf(block);
    }
  }
}

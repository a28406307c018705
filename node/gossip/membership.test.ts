import { describe, expect, it } from 'vitest';
import { ChannelBundle } from '#node/channel/bundle.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { vendoredBlocks } from '#node/protos/testBlocks.ts';
import { ConfiguredMembership } from './membership.ts';

/** Block 67 of the recording names three organisations' anchor peers. */
const bundles = vendoredBlocks('v3.1.5')
  .blocks.filter(({ number }) => number === 0 || number === 67)
  .map((block) => ChannelBundle.fromBlock(BlockView.fromBytes(block.bytes)));

describe('membership by configuration', () => {
  const last = bundles.at(-1) as ChannelBundle;
  const anchors = (last.application?.organizations ?? []).flatMap(({ mspId, anchorPeers }) =>
    anchorPeers.map(({ host, port }) => ({ mspId, endpoint: `${host}:${port}` })),
  );

  it('is the anchor peers of the channel, without this one, own organisation first', () => {
    const [self] = anchors;
    expect(self).toBeDefined();
    const { mspId, endpoint } = self as (typeof anchors)[number];
    const membership = new ConfiguredMembership({ mspId, endpoint }, { bundle: () => last });
    expect(membership.members(last.channelId)).toEqual(anchors.filter((one) => one.endpoint !== endpoint));
    const other = anchors.at(-1) as (typeof anchors)[number];
    const elsewhere = new ConfiguredMembership({ mspId: other.mspId, endpoint: 'x:1' }, { bundle: () => last });
    expect(elsewhere.members(last.channelId)[0]?.mspId).toBe(other.mspId);
    expect(elsewhere.members(last.channelId)).toHaveLength(anchors.length);
  });

  it('follows the configuration; a channel that the peer is not in has no members', () => {
    let bundle: ChannelBundle | null = null;
    const membership = new ConfiguredMembership({ mspId: 'Org1MSP', endpoint: 'x:1' }, { bundle: () => bundle });
    expect(membership.members('mychannel')).toEqual([]);
    bundle = last;
    expect(membership.members('mychannel').length).toBeGreaterThan(0);
    expect(membership.leads('mychannel')).toBe(true);
  });
});

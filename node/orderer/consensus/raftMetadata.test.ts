import { describe, expect, it } from 'vitest';
import { ChannelBundle } from '#node/channel/bundle.ts';
import { Certificate } from '#node/crypto/certificate.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { VERSIONS, vendoredBlocks } from '#node/protos/testBlocks.ts';
import { bundleOf, TestNetwork } from '../testing/testChannel.ts';
import { checkedRaftMetadata, consenterIndex } from './raftMetadata.ts';

describe.each(VERSIONS)('the configuration of a Go network (%s)', (version) => {
  const { blocks } = vendoredBlocks(version);
  const bundle = ChannelBundle.fromBlock(BlockView.fromBytes((blocks[0] as (typeof blocks)[0]).bytes));

  it('has consenters whose certificates hold, each of which finds itself', () => {
    const consenters = checkedRaftMetadata(bundle).getConsentersList();
    expect(consenters.length).toBeGreaterThan(0);
    for (const [index, consenter] of consenters.entries()) {
      expect(consenterIndex(consenters, Certificate.fromPem(consenter.getServerTlsCert_asU8()))).toBe(index);
    }
    expect(consenterIndex(consenters, new TestNetwork().server.certificate)).toBe(-1);
  });
});

describe('a configuration of etcdraft', () => {
  const network = new TestNetwork();

  it('may have consenters whose certificates have expired, or are not valid yet', () => {
    for (const [notBefore, notAfter] of [
      ['2001-01-01', '2002-01-01'],
      ['2090-01-01', '2091-01-01'],
    ] as const) {
      const tls = { notBefore: new Date(notBefore), notAfter: new Date(notAfter) };
      const genesis = network.genesis({}, [network.tlsHolder('orderer0', tls)]);
      expect(checkedRaftMetadata(bundleOf(genesis)).getConsentersList()).toHaveLength(1);
    }
  });

  it('is refused with the same consenter twice, or options that make no sense', () => {
    const twice = network.genesis({}, [network.server, network.server]);
    expect(() => checkedRaftMetadata(bundleOf(twice))).toThrow('duplicate consenter: orderer1.example.com:7050');
    const none = network.genesis({ maxInflightBlocks: 0 });
    expect(() => checkedRaftMetadata(bundleOf(none))).toThrow(
      'none of HeartbeatTick (1), ElectionTick (10) and MaxInflightBlocks (0) can be zero',
    );
  });
});

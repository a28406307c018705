import { describe, expect, it } from 'vitest';
import { entries, ftlOf } from '../../testing/entries.ts';

const self = { name: 'node', kind: 'peer' };

describe('delivery', () => {
  it('2.x tells the arrival of a block in other words', () => {
    const lines = [
      ...entries('peer.blocksprovider', [
        ['Pulling next blocks from ordering service', { channel: 'c', 'orderer-address': 'o:1', nextBlock: 5 }],
      ]),
      ...entries('peer.blocksprovider', [
        ['Adding payload to local buffer, blockNum = [5]', { channel: 'c' }, 'blocksprovider/blocksprovider.go:250'],
      ]),
      '2026-11-21 01:24:48.082 UTC 0a1f DEBU [peer.blocksprovider] processMsg -> Adding payload to local buffer, blockNum = [6] channel=c',
      ...entries('peer.blocksprovider', [
        [
          'Adding payload to local buffer, blockNum = [7]',
          { channel: 'c' },
          'deliverservice/gossip_block_handler.go:63',
        ],
      ]),
    ];
    expect(ftlOf(lines)).toEqual([
      {
        point: 'deliver.subscribe',
        channel: 'c',
        sender: { kind: 'orderer', address: 'o:1' },
        receiver: self,
        block: { number: 5 },
      },
      {
        point: 'deliver.block',
        channel: 'c',
        block: { number: 5 },
        sender: { kind: 'orderer', address: 'o:1' },
        receiver: self,
      },
      {
        point: 'deliver.block',
        channel: 'c',
        block: { number: 6 },
        sender: { kind: 'orderer', address: 'o:1' },
        receiver: self,
      },
    ]);
  });

  it('takes no event stream of a client for a delivery between nodes', () => {
    const line = entries('common.deliver', [['[channel: c] Delivering block [5] for (0xc000) for 1.1.1.1:1']]);
    const asPeer = entries('nodeCmd', [['Deployed system chaincodes']]);
    const asOrderer = entries('orderer.common.server', [['Beginning to serve requests']]);
    expect(ftlOf([...line, ...asPeer, ...line])).toEqual([]);
    expect(ftlOf([...asOrderer, ...line])).toMatchObject([
      { point: 'deliver.send', block: { number: 5 }, receiver: { kind: 'peer', address: '1.1.1.1:1' } },
    ]);
  });
});

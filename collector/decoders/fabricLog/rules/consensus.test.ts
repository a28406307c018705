import { describe, expect, it } from 'vitest';
import { entries, ftlOf, ID } from '../../testing/entries.ts';

const writing = (channel: string) => ['Writing block [7] (Raft index: 9) to ledger', { channel, node: 1 }] as const;

describe('consensus', () => {
  it('reads what SmartBFT says', () => {
    const lines = [
      ...entries('orderer.consensus.smartbft.chain', [
        [
          'Delivering proposal, writing block 7 with 3 transactions and metadata of total size 812 with signatures from [1 2 3] to the ledger, node id 4',
          { channel: 'c' },
        ],
      ]),
      ...entries('orderer.consensus.smartbft.consensus', [
        ['Changing to follower role, current view: 2, current leader: 3', { channel: 'c' }],
        ['Rotating leader from 3 to 1', { channel: 'c' }],
      ]),
    ];
    const sender = { name: 'node', kind: 'orderer' };
    expect(ftlOf(lines)).toEqual([
      // Once: which consenter the writer is.
      { point: 'node.identity', channel: 'c', sender, consensus: { node: 4 } },
      {
        point: 'order.block',
        channel: 'c',
        block: { number: 7 },
        sender,
        stage: 'written',
        tx_count: 3,
        consensus: { node: 4 },
      },
      { point: 'leader.consensus', channel: 'c', sender, consensus: { node: 4, leader: 3, view: 2 } },
      { point: 'leader.consensus', channel: 'c', sender, consensus: { node: 4, leader: 1 } },
    ]);
  });

  it('does not tie transactions to a block of one of two channels', () => {
    const index = entries('blkstorage', [
      [
        `Indexing block [blockNum=7, blockHash=[]byte{0x1} txOffsets=\ntxId=${ID} locPointer=offset=70, bytesLength=9\n]`,
      ],
    ]);
    expect(
      ftlOf([...entries('orderer.consensus.etcdraft', [writing('a'), writing('b')]), ...index]).map(
        ({ point }) => point,
      ),
    ).toEqual(['node.identity', 'order.block', 'node.identity', 'order.block']);
    expect(ftlOf([...entries('orderer.consensus.etcdraft', [writing('a')]), ...index]).at(-1)).toMatchObject({
      stage: 'indexed',
      channel: 'a',
      txs: [{ id: ID }],
    });
  });
});

import { describe, expect, it } from 'vitest';
import { entries, ftlOf, ID } from '../../testing/entries.ts';

const self = { name: 'node', kind: 'peer' };

describe('validation', () => {
  it('gives a phantom read no reason that is not its own', () => {
    const lines = entries('validation', [
      [
        'Transaction invalidation due to version mismatch, readset version does not match committed version',
        {
          namespace: 'cc',
          key: 'k',
          readVersion: '{BlockNum: 1, TxNum: 0}',
          committedVersion: '{BlockNum: 2, TxNum: 0}',
        },
      ],
      [
        `Block [9] Transaction index [0] TxId [${ID}] marked as invalid by state validator. Reason code [MVCC_READ_CONFLICT]`,
      ],
      [
        `Block [9] Transaction index [1] TxId [${ID}] marked as invalid by state validator. Reason code [PHANTOM_READ_CONFLICT]`,
      ],
    ]);
    expect(ftlOf(lines).map(({ code, error, channel }) => [code, error, channel])).toEqual([
      [
        'MVCC_READ_CONFLICT',
        'version mismatch, readset version does not match committed version (namespace cc, key k, readVersion {BlockNum: 1, TxNum: 0}, committedVersion {BlockNum: 2, TxNum: 0})',
        undefined,
      ],
      ['PHANTOM_READ_CONFLICT', undefined, undefined],
    ]);
  });

  it('does not guess between two channels that validate at once', () => {
    const both = [
      ...entries('committer.txvalidator', [['[a] Validated block [9] in 1ms'], ['[b] Validated block [9] in 1ms']]),
      ...entries('validation', [
        ['Version mismatch for key [cc:k]. Committed version = [x], Version in readSet [y]'],
        ['Version mismatch for key [cc:l]. Committed version = [x], Version in readSet [y]'],
        [
          `Block [9] Transaction index [0] TxId [${ID}] marked as invalid by state validator. Reason code [MVCC_READ_CONFLICT]`,
        ],
      ]),
    ];
    expect(ftlOf(both).at(-1)).toEqual({
      point: 'validate.tx',
      tx_id: ID,
      block: { number: 9 },
      tx_index: 0,
      code: 'MVCC_READ_CONFLICT',
      receiver: self,
    });
  });

  it('names a transaction without ID by its place', () => {
    const lines = entries('validation', [
      [
        'Channel [c]: Block [9] Transaction index [3] TxId [] marked as invalid by committer. Reason code [BAD_PAYLOAD]',
      ],
    ]);
    expect(ftlOf(lines)).toEqual([
      {
        point: 'validate.tx',
        channel: 'c',
        tx_id: 'block:9:3',
        block: { number: 9 },
        tx_index: 3,
        code: 'BAD_PAYLOAD',
        receiver: self,
      },
    ]);
  });

  it('reads what the validators of 1.4 capabilities say', () => {
    const lines = entries('committer.txvalidator', [
      [
        `VSCCValidateTx for transaction txId = ${ID} returned error: validation of endorsement policy for chaincode cc in tx 9:2 failed: signature set did not satisfy policy`,
      ],
      [`Duplicate transaction found,  ${ID} , skipping`],
    ]);
    expect(ftlOf(lines)).toMatchObject([
      {
        tx_id: ID,
        block: { number: 9 },
        tx_index: 2,
        error: expect.stringMatching(/^validation of endorsement policy/) as string,
      },
      { tx_id: ID, error: 'duplicate transaction ID' },
    ]);
  });
});

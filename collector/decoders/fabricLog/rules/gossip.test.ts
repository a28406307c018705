import { describe, expect, it } from 'vitest';
import { entries, ftlOf } from '../../testing/entries.ts';

const request = (nonce: number, digests: string) =>
  entries('gossip.comm', [
    [
      `Entering, Sending to p:1 , msg: GossipMessage: Channel: c, nonce: 0, tag: CHAN_AND_ORG data request: nonce: ${nonce} , Msg_type: BLOCK_MSG, digests: [${digests}], Envelope: 47 bytes`,
    ],
  ]);
const answer = (nonce: number, items: number) =>
  entries('gossip.gossip', [
    [
      `Entering, 1.1.1.1:1 ${'ab'.repeat(32)} sent us GossipMessage: Channel: c, nonce: 0, tag: CHAN_AND_ORG DataUpdate: Type: BLOCK_MSG, items: ${items}, nonce: ${nonce}, Envelope: 9 bytes`,
    ],
  ]);

describe('gossip', () => {
  it('tells a leader of an organisation that steps back', () => {
    const lines = entries('gossip.service', [
      ['Elected as a leader, starting delivery service for channel c'],
      ['Renounced leadership, stopping delivery service for channel c'],
      ['Stopping chain c'],
      ['Stopping leader election for c'],
    ]);
    expect(ftlOf(lines).map(({ stage, channel }) => [stage, channel])).toEqual([
      ['elected', 'c'],
      ['resigned', 'c'],
    ]);
  });

  it('does not believe a certificate that is not of its PKI-ID', () => {
    const message = `Got message: GossipMessage: Alive Message:Membership: Endpoint:p:1 PKI-id:${'ab'.repeat(32)}Identity:Org1MSP-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\nTimestamp:`;
    expect(ftlOf(entries('gossip.comm', [[message]]))).toEqual([]);
  });

  it('tells which blocks were pulled by digest, if all came that were asked for', () => {
    const lines = [
      ...request(7, '62 64 63 66'),
      ...request(8, '70 71'),
      ...answer(7, 4),
      ...answer(8, 1),
      ...answer(9, 1),
    ];
    expect(ftlOf(lines).map(({ stage, block }) => [stage, block])).toEqual([
      ['requested', { number: 62, last: 64 }],
      ['requested', { number: 66 }],
      ['requested', { number: 70, last: 71 }],
      ['received', { number: 62 }],
      ['received', { number: 63 }],
      ['received', { number: 64 }],
      ['received', { number: 66 }],
    ]);
  });
});

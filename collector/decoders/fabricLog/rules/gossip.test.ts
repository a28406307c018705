import { describe, expect, it } from 'vitest';
import { entries, ftlOf } from '../../testing/entries.ts';

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
});

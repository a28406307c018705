import { describe, expect, it } from 'vitest';
import { entries, ftlOf } from '../testing/entries.ts';
import { decodeFabric } from '../testing/recordedLogs.ts';

const deadOf = (lines: readonly string[]) => decodeFabric(lines).dead.map(({ code }) => code);

describe('what is no entry, or a broken one', () => {
  it('lets continuation lines, other output and lines of no interest pass in silence', () => {
    expect(
      decodeFabric([
        '',
        'goroutine 1 [running]:',
        '\tgithub.com/hyperledger/fabric/core/peer.go:12 +0x1d',
        '{"some":"json of another program"}',
        '2026-11-21 01:24:48 a line of another program',
        '2026-11-21 01:24:48.082 UTC 0001 INFO [localconfig] completeInitialization -> Kafka.Version unset',
        'binary \u0000\u0001\ufffd',
        ...entries('policies', [['anything']]),
      ]),
    ).toEqual({ records: [], dead: [] });
  });

  it('buries an entry that is cut off or has another shape', () => {
    const [line] = entries('kvledger', [['[c] Committed block [1] with 1 transaction(s) in 1ms () commitHash=[]']]);
    expect(deadOf([line!.slice(0, -20)])).toEqual(['bad_json']);
    expect(deadOf([line!.replace('"ts":1795220418', '"ts":"soon"')])).toEqual(['bad_time']);
    expect(deadOf(entries('kvledger', [['[c] Committed block [x]']]))).toEqual(['bad_entry']);
    expect(deadOf(['2026-11-21 01:24:48.082 UTC 0001 INFO [kvledger] com'])).toEqual(['bad_console']);
    expect(deadOf(['2026-11-21 01:24:48.082 UTC 0001 INFO [kvledger] commit -> [c] Committed block [1'])).toEqual([
      'bad_entry',
    ]);
    expect(
      deadOf([
        '2026-13-41 01:24:48.082 UTC 0001 INFO [endorser] x -> finished chaincode: a duration: 1ms channel=c txID=aaaa0001',
      ]),
    ).toEqual(['bad_time']);
  });

  it('buries a line that is too long to parse, if it would have been of interest', () => {
    const long = 'x'.repeat(1_100_000);
    expect(deadOf(entries('endorser', [[`finished chaincode: ${long}`]]))).toEqual(['too_long']);
    expect(deadOf([`2026-11-21 01:24:48.082 UTC 0001 INFO [endorser] x -> finished chaincode: ${long}`])).toEqual([
      'too_long',
    ]);
    expect(deadOf(entries('policies', [[long]]))).toEqual([]);
  });

  it('reads lines that end with a carriage return', () => {
    const line =
      '2026-11-21 01:24:48.082 UTC 0001 INFO [endorser] callChaincode -> finished chaincode: basic duration: 15ms channel=c txID=aaaa0001';
    expect(ftlOf([`${line}\r`])).toEqual(ftlOf([line]));
    expect(ftlOf([line])).toHaveLength(1);
  });
});

const times = (text: string, size = 900_000) => text.repeat(Math.floor(size / text.length));

describe('a hostile line', () => {
  const messages: readonly (readonly [logger: string, message: string])[] = [
    ['gossip.gossip', `Entering, ${times(`${'a'.repeat(64)} sent us `)} DataUpdate: Type: BLOCK_MSG, x`],
    ['gossip.gossip', `Creating gossip service with self membership of ${times('Endpoint: a, ')}`],
    ['gossip.gossip', `Entering, ${times('Channel: c, nonce: 0, tag: T ')} Block message: {`],
    ['gossip.comm', `Got message: -----BEGIN CERTIFICATE ${times('Membership: Endpoint: ')}`],
    [
      'gossip.comm',
      `Got message: ${times(`Membership: Endpoint:a PKI-id:${'a'.repeat(64)}Identity:M-----BEGIN CERTIFICATE`)}`,
    ],
    ['orderer.common.server', `Orderer config values:${times('\n')}`],
    ['orderer.common.server', `Orderer config values:${times('\n\tGeneral.')}`],
    ['nodeCmd', `Peer config with combined core.yaml settings:\npeer:\n${times(' - ')}`],
    ['nodeCmd', `Peer config with combined core.yaml settings:\npeer:\n  a: ${times('[')}`],
    ['validation', `Transaction invalidation due to ${times(' a')}`],
    ['committer.txvalidator', `Dispatch for transaction txId = x returned error: ${times(' in tx 1')}`],
    ['common.deliver', `[channel: c] Delivering block [1] ${times('for ')} `],
    ['kvledger', `[c] Committed block [1] with 1 transaction(s) in 1ms ${times('commitHash=')}`],
    ['blkstorage', `Indexing block [blockNum=1, blockHash=[]byte{${times('0x1, ')}`],
    [
      'orderer.common.broadcast',
      `[channel: c] Rejecting broadcast of ${times('] Rejecting broadcast of message from a ')}`,
    ],
    ['gateway', `Sending transaction to orderer ${times('a=" ')}`],
    ['gateway', `Sending transaction to orderer ${times('a=b=')}`],
  ];

  it.each(messages)('of %s costs no more than its length', (logger, message) => {
    // No clock is asked: a pattern that takes the square of the length would run into the test's own limit.
    const first = '{"level":"info","ts":1,"name":"orderer.x","msg":""}';
    const json = JSON.stringify({ level: 'info', ts: 1, name: logger, caller: 'x', msg: message });
    const console = `2026-11-21 01:24:48.082 UTC 0001 INFO [${logger}] x -> ${message}`;
    expect(decodeFabric([first, json]).records.length).toBeLessThan(20);
    expect(decodeFabric([first, ...console.split('\n')]).records.length).toBeLessThan(20);
  });
});

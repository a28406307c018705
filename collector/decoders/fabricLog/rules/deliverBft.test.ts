import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeAll, decodeFabric } from '../../testing/recordedLogs.ts';
import { fabricLog } from '../fabricLog.ts';
import { entries, ftlOf } from '../../testing/entries.ts';

const recorded = (node: string) =>
  readFileSync(new URL(`../../../../test/vectors/field-bft/${node}.log`, import.meta.url), 'utf8').split('\n');

const subscriptions = (lines: readonly string[]) => {
  const { records, dead } = decodeFabric(lines);
  expect(dead).toEqual([]);
  return records
    .filter(({ ftl }) => ftl.point === 'deliver.subscribe')
    .map(({ ftl }) => `${ftl.channel} ${ftl.sender?.address} from ${ftl.block?.number ?? '?'}`);
};

describe('a peer of BFT channels', () => {
  it('pulls each channel from an orderer of its own, at another one after the first is gone', () => {
    expect(subscriptions(recorded('farm0')).slice(0, 3)).toEqual([
      'supply 127.2.0.1:7050 from 1',
      'pay 127.2.0.2:7050 from 1',
      'supply 127.2.0.4:7050 from 17',
    ]);
  });

  it.each(['farm0', 'farm1', 'bft1', 'bft2'])('%s reads the same if the reader stops between any two lines', (node) => {
    const lines = recorded(node);
    let snapshot: unknown;
    const pieces = lines.map((line) => {
      const decoder = fabricLog.create({ fallbackName: 'node' }, structuredClone(snapshot));
      const { records } = decoder.line(line);
      snapshot = decoder.snapshot();
      return records;
    });
    const last = fabricLog.create({ fallbackName: 'node' }, snapshot).flush().records;
    expect([...pieces.flat(), ...last]).toEqual(decodeAll(lines, fabricLog.create({ fallbackName: 'node' })).records);
  });

  it('starts anew after a restart', () => {
    expect(subscriptions(recorded('farm1')).slice(0, 5)).toEqual([
      'supply 127.2.0.1:7050 from 1',
      'pay 127.2.0.2:7050 from 1',
      'pay 127.2.0.3:7050 from 13',
      'supply 127.2.0.1:7050 from 14',
      'supply 127.2.0.2:7050 from 17',
    ]);
  });
});

const sources = (channel: string, ...addresses: string[]) =>
  entries('peer.blocksprovider', [
    [`Refreshed endpoints: [${addresses.map((one) => `Address: ${one}, CertHash: 00`).join(' ')}]`, { channel }],
  ]);
const failed = (channel: string) =>
  entries('peer.blocksprovider', [['Failed to fetch blocks, count=1, round=0, going to retry in 100ms', { channel }]]);
const connected = (address: string) =>
  entries('BlockReceiver', [['BlockReceiver starting', { 'orderer-address': address }]]);

describe('several channels that connect at once', () => {
  it('are told apart by whose turn the orderer is', () => {
    const lines = [
      ...sources('a', 'o1:1', 'o2:1'),
      ...sources('b', 'o1:1', 'o3:1'),
      ...connected('o1:1'),
      ...connected('o1:1'),
      ...failed('a'),
      ...failed('b'),
      ...connected('o3:1'),
      ...connected('o2:1'),
    ];
    expect(subscriptions(lines).map((text) => text.split(' from')[0])).toEqual([
      'a o1:1',
      'b o1:1',
      'b o3:1',
      'a o2:1',
    ]);
  });

  it('are not guessed at if the log begins too late to tell', () => {
    expect(subscriptions([...failed('a'), ...failed('b'), ...connected('o3:1')])).toEqual([]);
    expect(subscriptions([...failed('a'), ...connected('o3:1')])).toEqual(['a o3:1 from ?']);
  });
});

it('reads blocks from the channel’s own logger at debug', () => {
  const lines = [
    ...sources('a', 'o1:1'),
    ...connected('o1:1'),
    ...entries('peer.blocksprovider', [
      ['onBlockProcessingSuccess: 12, <nil>', { channel: 'a' }],
      ['onBlockProcessingSuccess: exit', { channel: 'a' }],
    ]),
  ];
  expect(ftlOf(lines).slice(1)).toEqual([
    {
      point: 'deliver.block',
      channel: 'a',
      block: { number: 12 },
      sender: { kind: 'orderer', address: 'o1:1' },
      receiver: { kind: 'peer', name: 'node' },
    },
  ]);
});

it('leaves an orderer that catches up alone: it has the same logger', () => {
  const lines = [
    ...entries('orderer.common.server', [['Starting orderer:\n Version: v3.1.5\n']]),
    ...connected('o1:1'),
  ];
  expect(ftlOf(lines).map(({ point }) => point)).toEqual(['node.start']);
});

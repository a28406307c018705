import { describe, expect, it } from 'vitest';
import { entries, ftlOf } from '../../testing/entries.ts';
import { decodeFabric } from '../../testing/recordedLogs.ts';

const self = { name: 'node', kind: 'peer' };

const accepted = (txID: string) => ['signature is valid', { channel: 'c', txID, mspID: 'Org1MSP' }] as const;
const known = (txID: string) => ['creator is valid', { channel: 'c', txID, mspID: 'Org1MSP' }] as const;
const addresses = (lines: readonly string[]) => ftlOf(lines).map(({ sender }) => sender?.address);
const access = (subject?: string) =>
  entries('comm.grpc.server', [
    [
      'unary call completed',
      {
        'grpc.service': 'protos.Endorser',
        'grpc.peer_address': '1.1.1.1:1',
        ...(subject === undefined ? {} : { 'grpc.peer_subject': subject }),
        'grpc.code': 'OK',
      },
    ],
  ]);

const times = (lines: readonly string[]) =>
  decodeFabric(lines).records.map((record) => record['@timestamp'].slice(17, 26));

describe('endorser', () => {
  it('pairs a proposal with its address only where there is no doubt', () => {
    expect(
      addresses(
        entries('endorser', [
          ['request from 1.1.1.1:1'],
          accepted('aaaa0001'),
          ['request from 2.2.2.2:2'],
          accepted('aaaa0002'),
        ]),
      ),
    ).toEqual(['1.1.1.1:1', '2.2.2.2:2']);
    // Two at once from two addresses: either may be either.
    expect(
      addresses(
        entries('endorser', [
          ['request from 1.1.1.1:1'],
          ['request from 2.2.2.2:2'],
          accepted('aaaa0001'),
          accepted('aaaa0002'),
          ['request from 3.3.3.3:3'],
          accepted('aaaa0003'),
        ]),
      ),
    ).toEqual([undefined, undefined, '3.3.3.3:3']);
    // The next one arrives while the first one's signature is being checked.
    expect(
      addresses(
        entries('endorser', [
          ['request from 1.1.1.1:1'],
          known('aaaa0001'),
          ['request from 2.2.2.2:2'],
          known('aaaa0002'),
          accepted('aaaa0002'),
          accepted('aaaa0001'),
        ]),
      ),
    ).toEqual(['2.2.2.2:2', '1.1.1.1:1']);
    // Two at once over one connection.
    expect(
      addresses(
        entries('endorser', [
          ['request from 1.1.1.1:1'],
          ['request from 1.1.1.1:1'],
          accepted('aaaa0001'),
          accepted('aaaa0002'),
        ]),
      ),
    ).toEqual(['1.1.1.1:1', '1.1.1.1:1']);
  });

  it('lets a refused proposal go, whether a line says so or not', () => {
    const unpacked = [['request from 1.1.1.1:1'], ['Failed to unpack proposal', { error: 'bad' }]] as const;
    const next = [['request from 2.2.2.2:2'], known('aaaa0002'), accepted('aaaa0002')] as const;
    expect(addresses(entries('endorser', [...unpacked, ...next]))).toEqual(['2.2.2.2:2']);
    // Refused by its creator or by something later: nobody is named until all that wait are too old to be meant.
    const refused = [
      ['request from 1.1.1.1:1'],
      ['Failed to preProcess proposal', { error: 'access denied' }],
    ] as const;
    expect(addresses(entries('endorser', [...refused, ...next]))).toEqual([undefined]);
    const silent = entries('endorser', [['request from 1.1.1.1:1']]);
    const later = entries('endorser', next).map((line) => line.replace('"ts":17952204', '"ts":17952205'));
    expect(addresses([...silent, ...later])).toEqual(['2.2.2.2:2']);
    expect(addresses([...entries('endorser', refused), ...later])).toEqual(['2.2.2.2:2']);
  });

  it("names the caller once the access log has shown the connection's certificate", () => {
    const call = entries('endorser', [['request from 1.1.1.1:1'], accepted('aaaa0001')]);
    const senders = ftlOf([
      ...call,
      ...access('CN=peer0.org2.example.com,L=San Francisco,C=US'),
      ...call,
      ...access(),
      ...call,
    ]).map(({ sender }) => sender);
    expect(senders).toEqual([
      { address: '1.1.1.1:1' },
      { address: '1.1.1.1:1', name: 'peer0.org2.example.com' },
      { address: '1.1.1.1:1' },
    ]);
  });

  it('tells the time of the arrival where it is certain', () => {
    const one = entries('endorser', [['request from 1.1.1.1:1'], known('aaaa0001'), accepted('aaaa0001')]);
    expect(times(one)).toEqual(['18.000000']);
    const two = entries('endorser', [
      ['request from 1.1.1.1:1'],
      ['request from 1.1.1.1:1'],
      known('aaaa0001'),
      accepted('aaaa0001'),
    ]);
    expect(times(two)).toEqual(['18.003000']);
  });

  it('tells a refusal by the chaincode, and nothing of calls outside any channel', () => {
    const lines = entries('endorser', [
      ['chaincode error 404', { channel: 'c', txID: 'aaaa0001' }],
      ['finished chaincode: cscc duration: 46ms', { channel: '', txID: 'aaaa0001' }],
      ['request from 1.1.1.1:1'],
      ['signature is valid', { channel: '', txID: 'aaaa0001', mspID: 'Org1MSP' }],
    ]);
    expect(ftlOf(lines)).toEqual([
      { point: 'endorse.response', channel: 'c', tx_id_prefix: 'aaaa0001', status: 404, receiver: self },
    ]);
  });
});

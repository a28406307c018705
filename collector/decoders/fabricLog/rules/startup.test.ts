import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { entries } from '../../testing/entries.ts';
import { buildNetwork } from '#trace/network/buildNetwork.ts';
import { decodeAll, decodeFabric } from '../../testing/recordedLogs.ts';
import { fabricLog } from '../fabricLog.ts';

const recordedStart = readFileSync(
  new URL('../../../../test/vectors/field-v2.2/peerStart.log', import.meta.url),
  'utf8',
);

describe('who writes', () => {
  it('is what the configuration says, above what the log says', () => {
    const lines = entries('nodeCmd', [['Started peer with ID=[peer3.org1], network ID=[n], address=[10.0.0.1:7051]']]);
    const commit = entries('kvledger', [
      ['[c] Committed block [1] with 1 transaction(s) in 1ms (state_validation=0ms) commitHash=[]'],
    ]);
    const own = decodeAll(
      [...lines, ...commit],
      fabricLog.create({ fallbackName: 'file', self: { id: 'Org1MSP/peer0', name: 'peer0', msp: 'Org1MSP' } }),
    );
    expect(own.records.map((record) => record['service.node.name'])).toEqual(['peer0']);
    expect(own.records[0]?.ftl.receiver).toEqual({ id: 'Org1MSP/peer0', name: 'peer0', msp: 'Org1MSP', kind: 'peer' });
    const told = decodeFabric([...lines, ...commit], 'file');
    expect(told.records.map((record) => record['service.node.name'])).toEqual(['peer3.org1', 'peer3.org1']);
    expect(told.records[0]?.ftl).toMatchObject({
      point: 'node.identity',
      sender: { name: 'peer3.org1', address: '10.0.0.1:7051' },
    });
  });

  it('is the file, until the log tells; a start waits for that', () => {
    const start = entries('nodeCmd', [['Starting peer:\n Version: 2.2.15\n Commit SHA: x\n']]);
    const config = entries('nodeCmd', [
      [
        'Peer config with combined core.yaml settings and environment variable overrides:\nlogging: x\npeer:\n  id: peer7\n  localmspid: Org7MSP\n  address: 0.0.0.0:7051\n  gossip:\n    externalendpoint: peer7.example.com:7051\nvm: y\n',
      ],
    ]);
    const { records } = decodeFabric([...start, ...config], 'file');
    expect(records.map(({ ftl }) => ftl)).toMatchObject([
      { point: 'node.start', node_version: '2.2.15', sender: { name: 'peer7.example.com', kind: 'peer' } },
      // What it listens on everywhere is no address of its own.
      {
        point: 'node.identity',
        sender: { name: 'peer7.example.com', msp: 'Org7MSP', address: 'peer7.example.com:7051' },
      },
    ]);
    expect(decodeFabric(start, 'file').records).toMatchObject([
      { 'service.node.name': 'file', ftl: { point: 'node.start' } },
    ]);
  });

  it.each([
    ['a qualified name as it is', 'peer0.bank.test', '127.0.0.1:7051', 'peer0.bank.test'],
    ['a bare name that is the host’s first label: the host', 'peer0', 'peer0.bank.test:7051', 'peer0.bank.test'],
    ['a bare name that is the host', 'peer0-bank', 'peer0-bank:7051', 'peer0-bank'],
    ['a bare name, told apart from that of another organisation', 'peer0', '10.0.0.1:7051', 'peer0@BankMSP'],
    ['a bare name beside another host name', 'node-1', 'peer0.bank.test:7051', 'node-1@BankMSP'],
    ['the host instead of the sample’s name', 'jdoe', 'peer0.bank.test:7051', 'peer0.bank.test'],
    ['the file instead of the sample’s name without a host', 'jdoe', 'localhost:7051', 'file'],
  ])('is %s', (_, id, address, name) => {
    const text = `Peer config with combined core.yaml settings:\npeer:\n  id: ${id}\n  localmspid: BankMSP\n  address: ${address}\n`;
    const { records } = decodeFabric(entries('nodeCmd', [[text]]), 'file');
    expect(records).toMatchObject([{ 'service.node.name': name, ftl: { sender: { name, msp: 'BankMSP' } } }]);
  });

  it('is not what the file of a 2.2 peer says, but what the peer says when it has started', () => {
    const lines = recordedStart.split('\n');
    const { records, dead } = decodeFabric(lines, 'file');
    expect(dead).toEqual([]);
    const pki_id = 'dcd0da87c3227769ab2ded23109403c982b50f55cc2edee38ece9e3db4e6932e';
    const address = 'peer0.insurer.test:7051';
    // Its name comes last, so that what ties it to the certificate is told once more.
    const name = 'insurer@peer0.insurer.test:7051';
    expect(records.map(({ ftl }) => ftl)).toMatchObject([
      { point: 'node.start', node_version: '2.2.15', sender: { name: 'file' } },
      { point: 'node.identity', sender: { name: 'file', address, pki_id } },
      { point: 'node.identity', sender: { name, address, pki_id } },
    ]);
  });

  it('was the same before a restart that tells its name', () => {
    const commit = entries('kvledger', [
      ['[c] Committed block [1] with 1 transaction(s) in 1ms (state_validation=0ms) commitHash=[]'],
    ]);
    const pki_id = 'ab'.repeat(32);
    const start = [
      ...entries('nodeCmd', [
        ['Peer config with combined core.yaml settings:\npeer:\n  id: peer0.bank.test\n  localmspid: BankMSP\n'],
      ]),
      ...entries('gossip.gossip', [
        [
          `Creating gossip service with self membership of Endpoint: peer0.bank.test:7051, InternalEndpoint: x, PKI-ID: ${pki_id}, Metadata: `,
        ],
      ]),
    ];
    const { records } = decodeFabric([...commit, ...start, ...commit, ...start], 'file');
    const told = records.filter(({ ftl }) => ftl.sender?.pki_id === pki_id).map(({ ftl }) => ftl.sender?.name);
    expect(told).toEqual(['peer0.bank.test', 'file', 'peer0.bank.test']);
    const network = buildNetwork(records.map((record, index) => ({ id: `${index}`, record })));
    expect(network.nodes.map(({ id }) => id)).toEqual(['BankMSP/peer0.bank.test']);
    expect(network.resolve({ kind: 'peer', name: 'file' }).id).toBe('BankMSP/peer0.bank.test');
  });
});

import { describe, expect, it } from 'vitest';
import { TraceRecord } from '#trace/record.ts';
import type { DeadLetter } from '../decoder.ts';
import { decodeFabric, type Network, recordedBlocks, recordedLogs, scenario } from '../testing/recordedLogs.ts';

/** What the decoder makes of whole recorded networks, against what their scenario and blocks say happened. */

const decoded = new Map<Network, Map<string, TraceRecord[]>>();
const deadLetters: DeadLetter[] = [];

function network(name: Network): Map<string, TraceRecord[]> {
  let logs = decoded.get(name);
  if (logs === undefined) {
    logs = new Map();
    for (const { node, lines } of recordedLogs(name)) {
      const { records, dead } = decodeFabric(lines, node);
      deadLetters.push(...dead);
      logs.set(node, records);
    }
    decoded.set(name, logs);
  }
  return logs;
}

function all(name: Network, point: string, stage?: string): TraceRecord[] {
  return [...network(name).values()].flat().filter(({ ftl }) => ftl.point === point && ftl.stage === stage);
}

/** Nodes of one kind with their records. */
function nodes(name: Network, kind: 'peer' | 'orderer'): [string, TraceRecord[]][] {
  return [...network(name)].filter(([node]) => node.startsWith(kind));
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

const ids = (records: readonly TraceRecord[]) => new Set(records.map(({ ftl }) => ftl.tx_id));

describe.each<Network>(['fabric-v2.5.9', 'fabric-v3.1.5'])('%s', (name) => {
  it('makes records that fit the schema', () => {
    const errors = [...network(name).values()].flat().map((record) => TraceRecord.safeParse(record).error);
    expect(errors.filter((error) => error !== undefined)).toEqual([]);
    expect(deadLetters).toEqual([]);
  });

  it('names every node by its certificate', () => {
    for (const [node, records] of network(name)) {
      expect(new Set(records.map((record) => record['service.node.name']))).toEqual(new Set([`${node}.example.com`]));
      expect(new Set(records.map((record) => record['service.type']))).toEqual(
        new Set([node.startsWith('orderer') ? 'fabric-orderer' : 'fabric-peer']),
      );
    }
  });

  it('tells every commit at every peer', () => {
    const blocks = recordedBlocks(name);
    for (const [, records] of nodes(name, 'peer')) {
      const commits = records.filter(({ ftl }) => ftl.point === 'gossip.commit');
      expect(commits.map(({ ftl }) => [ftl.block?.number, ftl.tx_count])).toEqual(
        blocks.map(({ block, transactions }) => [block, transactions.length]),
      );
    }
  });

  it('names every invalid transaction with its code at every peer', () => {
    const expected = recordedBlocks(name).flatMap(({ block, transactions }) =>
      transactions
        .filter(({ validationCode }) => validationCode !== 'VALID')
        .map(({ index, txId, validationCode }) => [block, index, txId, validationCode, 'mychannel']),
    );
    expect(expected.length).toBeGreaterThan(7);
    for (const [, records] of nodes(name, 'peer')) {
      const invalid = records.filter(({ ftl }) => ftl.point === 'validate.tx' && ftl.code !== undefined);
      expect(invalid.map(({ ftl }) => [ftl.block?.number, ftl.tx_index, ftl.tx_id, ftl.code, ftl.channel])).toEqual(
        expected,
      );
    }
  });

  it('gives a read conflict its reason', () => {
    const reasons = all(name, 'validate.tx')
      .filter(({ ftl }) => ftl.code === 'MVCC_READ_CONFLICT')
      .map(({ ftl }) => ftl.error ?? '');
    const shape = /^version mismatch, .*\(namespace basic, key \S+, readVersion \{BlockNum: \d+, TxNum: \d+\}/;
    expect(reasons.length).toBeGreaterThan(15);
    expect(reasons.filter((text) => !shape.test(text))).toEqual([]);
  });

  it('tells every submission by a gateway, with its full ID', () => {
    const submitted = scenario(name).filter(
      ({ via, observed }) =>
        /^gateway \S+$/.test(via) && observed !== 'ENDORSEMENT_FAILED' && observed !== 'NOT_ORDERED',
    );
    const bySubmitter = new Map(
      [...network(name)].map(([node, records]) => [
        node,
        ids(records.filter(({ ftl }) => ftl.point === 'gateway.submit')),
      ]),
    );
    const missing = submitted.filter(
      ({ txId, via }) => bySubmitter.get(via.split(' ')[1] as string)?.has(txId) !== true,
    );
    expect(submitted.length).toBeGreaterThan(50);
    expect(missing).toEqual([]);
  });

  it('tells every endorsement that failed at a gateway', () => {
    const failed = scenario(name).filter(({ observed }) => observed === 'ENDORSEMENT_FAILED');
    expect(failed.length).toBeGreaterThan(2);
    const results = all(name, 'endorse.result').filter(({ ftl }) => ftl.status === 500);
    expect(ids(results)).toEqual(new Set(failed.map(({ txId }) => txId)));
    expect(results.filter(({ ftl }) => ftl.error?.startsWith('chaincode response 500, ') !== true)).toEqual([]);
  });

  it('tells every run of a chaincode for a transaction of the blocks', () => {
    const prefixes = new Set(all(name, 'chaincode.invoke').map(({ ftl }) => ftl.tx_id_prefix));
    const missing = recordedBlocks(name)
      .flatMap(({ transactions }) => transactions)
      .filter(({ type, txId }) => type === 'ENDORSER_TRANSACTION' && !prefixes.has(txId.slice(0, 8)));
    expect(missing).toEqual([]);
  });

  it('never gives a port that a connection happened to have as an identity', () => {
    const listening = new Set(
      ['7050', '7150', '7250', '7051', '7061', '9051', '9061', '11051'].flatMap((port) => [
        `127.0.0.1:${port}`,
        `localhost:${port}`,
      ]),
    );
    const addresses = all(name, 'node.identity').flatMap(({ ftl }) => ftl.sender?.address ?? []);
    expect(addresses.filter((address) => !listening.has(address))).toEqual([]);
  });
});

describe('fabric-v2.5.9, info level, console with colour', () => {
  it('knows release, MSP, address and PKI-ID of every peer, and of the orderer what its configuration says', () => {
    expect(all('fabric-v2.5.9', 'node.start').map(({ ftl }) => ftl.node_version)).toEqual(Array(5).fill('2.5.9'));
    for (const [node, records] of network('fabric-v2.5.9')) {
      const facts = records.filter(({ ftl }) => ftl.point === 'node.identity').map(({ ftl }) => ftl.sender);
      const org = /org\d/.exec(node)?.[0];
      expect(facts[0]).toMatchObject({
        name: `${node}.example.com`,
        msp: org === undefined ? 'OrdererMSP' : `Org${org.slice(3)}MSP`,
        address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string,
      });
    }
    for (const [, records] of nodes('fabric-v2.5.9', 'peer')) {
      const facts = records.filter(({ ftl }) => ftl.point === 'node.identity');
      expect(facts[1]?.ftl.sender?.pki_id).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  it('tells that each peer pulls for itself, from where', () => {
    expect(all('fabric-v2.5.9', 'leader.gossip', 'static')).toHaveLength(4);
    for (const { ftl } of all('fabric-v2.5.9', 'deliver.subscribe')) {
      expect(ftl).toMatchObject({
        channel: 'mychannel',
        sender: { kind: 'orderer', address: '127.0.0.1:7050' },
        block: { number: expect.any(Number) as number },
      });
    }
  });

  it('has milliseconds as the console prints them', () => {
    const [start] = network('fabric-v2.5.9').get('peer0.org1') ?? [];
    expect(start?.['@timestamp']).toBe('2026-11-21T01:24:48.082000Z');
  });
});

describe('fabric-v3.1.5, debug, JSON', () => {
  const name = 'fabric-v3.1.5';

  it('tells every broadcast of a chaincode transaction and its answer', () => {
    const ordered = recordedBlocks(name)
      .flatMap(({ transactions }) => transactions)
      .filter(({ type }) => type === 'ENDORSER_TRANSACTION')
      .map(({ txId }) => txId);
    expect(ordered).toHaveLength(235);
    expect(new Set(ordered).size).toBe(233);
    const requests = all(name, 'broadcast.request').map(({ ftl }) => ftl.tx_id);
    expect(new Set(requests)).toEqual(new Set(ordered));
    expect(requests).toHaveLength(ordered.length);
    const responses = all(name, 'broadcast.response');
    expect(ids(responses)).toEqual(new Set(ordered));
    expect(responses.map(({ ftl }) => ftl.status)).toEqual(ordered.map(() => 200));
  });

  it('ties every block of every orderer to its transactions', () => {
    const expected = recordedBlocks(name)
      .filter(({ block }) => block > 0)
      .map(({ block, transactions }) => [
        block,
        transactions.map(({ txId, index }) => (txId === '' ? `block:${block}:${index}` : txId)),
      ]);
    for (const node of ['orderer1', 'orderer2', 'orderer3']) {
      const indexed = (network(name).get(node) ?? []).filter(({ ftl }) => ftl.stage === 'indexed');
      expect(indexed.map(({ ftl }) => [ftl.block?.number, ftl.txs?.map(({ id }) => id)])).toEqual(expected);
      expect(indexed.filter(({ ftl }) => ftl.block?.hash?.length !== 64)).toEqual([]);
    }
    // One leader made each block.
    expect(
      all(name, 'order.block', 'created')
        .map(({ ftl }) => ftl.block?.number)
        .toSorted((a, b) => (a ?? 0) - (b ?? 0)),
    ).toEqual(expected.map(([number]) => number));
  });

  it('tells when and how blocks reached each peer: from an orderer, by gossip or by state transfer', () => {
    const blocks = range(1, 81);
    const missing = nodes(name, 'peer').map(([, records]) => {
      const arrivals = records.filter(
        ({ ftl }) =>
          ['deliver.block', 'gossip.receive'].includes(ftl.point) ||
          (ftl.point === 'gossip.transfer' && ftl.stage === 'received'),
      );
      const reached = new Set(arrivals.map(({ ftl }) => ftl.block?.number));
      return blocks.filter((block) => !reached.has(block));
    });
    expect(missing).toEqual([[], [], [], [], []]);
  });

  it('tells a whole state transfer, its last block too', () => {
    const requested = all(name, 'gossip.transfer', 'requested').map(({ ftl }) => ftl.block);
    expect(requested).toEqual([
      { number: 57, last: 61 },
      // The restarted peer pulls what its neighbour still keeps, before state transfer brings it all.
      { number: 62, last: 66 },
      { number: 57, last: 66 },
    ]);
    const received = all(name, 'gossip.transfer', 'received').map(({ ftl }) => ftl.block?.number);
    const asked = [range(57, 61), range(62, 66), range(57, 66)];
    expect(received).toEqual(asked.flat());
  });

  it('tells who led whom and when', () => {
    const elected = all(name, 'leader.gossip', 'elected').map((record) => record['service.node.name']);
    expect(new Set(elected)).toEqual(
      new Set(['peer0.org1.example.com', 'peer0.org3.example.com', 'peer1.org1.example.com', 'peer1.org2.example.com']),
    );
    expect(elected).toHaveLength(4);
    // The killed leader does not resign; the others do when they are stopped at the end.
    expect(all(name, 'leader.gossip', 'resigned')).toHaveLength(3);
    expect(all(name, 'leader.gossip', 'static')).toEqual([]);
    const raft = (network(name).get('orderer1') ?? []).filter(({ ftl }) => ftl.point === 'leader.consensus');
    expect(raft.map(({ ftl }) => ftl.consensus)).toEqual([
      { node: 1, leader: 2 },
      { node: 1, leader: 0 },
      { node: 1, leader: 3 },
    ]);
  });

  it('names the creator of every proposal by its MSP, and its address where that is certain', () => {
    const requests = all(name, 'endorse.request');
    expect(requests).toHaveLength(129 + 160 + 1 + 83 + 34);
    expect(requests.every(({ ftl }) => ftl.creator?.msp !== undefined)).toBe(true);
    const withAddress = requests.filter(({ ftl }) => ftl.sender?.address !== undefined);
    expect(withAddress).toHaveLength(requests.length);
  });

  it('names callers by the certificate that the access log shows', () => {
    const names = new Set(all(name, 'broadcast.request').map(({ ftl }) => ftl.sender?.name));
    expect(names.has('peer0.org1.example.com')).toBe(true);
    expect(names.has('peer0.org2.example.com')).toBe(true);
  });

  it('tells who a peer met by its certificate', () => {
    const facts = all(name, 'node.identity').map(({ ftl }) => ftl.sender);
    for (const [id, address] of [
      ['Org1MSP/peer0.org1.example.com', 'localhost:7051'],
      ['Org1MSP/peer1.org1.example.com', 'localhost:7061'],
      ['Org2MSP/peer0.org2.example.com', 'localhost:9051'],
      ['Org2MSP/peer1.org2.example.com', 'localhost:9061'],
      ['Org3MSP/peer0.org3.example.com', 'localhost:11051'],
    ]) {
      expect(facts).toContainEqual({
        id,
        kind: 'peer',
        msp: id?.split('/')[0],
        name: id?.split('/')[1],
        address,
        fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        pki_id: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      });
    }
  });

  it('tells a submission that failed', () => {
    const failed = all(name, 'gateway.submit', 'failed');
    expect(failed).toHaveLength(3);
    for (const { ftl } of failed)
      expect(ftl).toMatchObject({
        receiver: { kind: 'orderer', address: 'localhost:7150' },
        error: expect.stringMatching(/connection refused/) as string,
      });
  });
});

import { createHash } from 'node:crypto';
import type { PartialIdentity } from '../identity.ts';
import type { FtlFields, StoredRecord, TraceRecord } from '../record.ts';
import { formatMicros, parseMicros } from './time.ts';

/**
 * Records of a small network for tests and benchmarks: three orderers, two organisations with two peers each, one client.
 * One transaction in the forms in which networks tell of it.
 */
export const CHANNEL = 'mychannel';
export const TX_ID = 'be8ab01d0afab9121a7de06e94f71f70767c7842172d1c8920f20747bc844ff7';
export const BLOCK = 4;
export const T0 = parseMicros('2026-11-21T00:20:42.882000Z');

export const hex = (text: string) => createHash('sha256').update(text).digest('hex');

export interface ExampleNode {
  readonly name: string;
  readonly id: string;
  readonly msp: string;
  readonly kind: 'peer' | 'orderer';
  readonly address: string;
  readonly pkiId: string;
  readonly full: PartialIdentity;
}

function node(kind: 'peer' | 'orderer', msp: string, name: string, port: number): ExampleNode {
  const id = `${msp}/${name}`;
  const pkiId = hex(`pki ${id}`);
  const full = { id, kind, msp, name, fingerprint: hex(`certificate ${id}`) };
  return { name, id, msp, kind, address: `127.0.0.1:${port}`, pkiId, full };
}

export const P01 = node('peer', 'Org1MSP', 'peer0.org1.example.com', 7051);
export const P11 = node('peer', 'Org1MSP', 'peer1.org1.example.com', 7061);
export const P02 = node('peer', 'Org2MSP', 'peer0.org2.example.com', 9051);
export const P12 = node('peer', 'Org2MSP', 'peer1.org2.example.com', 9061);
export const O1 = node('orderer', 'OrdererMSP', 'orderer1.example.com', 7050);
export const O2 = node('orderer', 'OrdererMSP', 'orderer2.example.com', 7150);
export const O3 = node('orderer', 'OrdererMSP', 'orderer3.example.com', 7250);
export const PEERS = [P01, P11, P02, P12];
export const ORDERERS = [O1, O2, O3];
export const CLIENT: PartialIdentity = {
  id: 'Org1MSP/User1@org1.example.com',
  kind: 'client',
  msp: 'Org1MSP',
  name: 'User1@org1.example.com',
  fingerprint: hex('certificate of User1'),
};

export type Fields = Partial<FtlFields> & Pick<FtlFields, 'point'>;

const self = (one: ExampleNode) => ({ kind: one.kind, name: one.name });
const withPki = (one: ExampleNode) => ({ ...one.full, pki_id: one.pkiId });

/** A record as a store holds it; its ID is a hash of its content. `writer` null: a block source. */
export function stored(us: number, writer: ExampleNode | null, fields: Fields): StoredRecord {
  const record: TraceRecord = {
    '@timestamp': formatMicros(us),
    ...(writer && {
      'service.type': writer.kind === 'peer' ? 'fabric-peer' : 'fabric-orderer',
      'service.node.name': writer.name,
    }),
    ftl: { version: 1, ...(writer === null && { source: 'block' as const }), ...fields },
  };
  return { id: hex(JSON.stringify(record)).slice(0, 16), record };
}

/** The same record with its writer's clock off by `us`. */
export function skewed(records: readonly StoredRecord[], name: string, us: number): StoredRecord[] {
  return records.map(({ id, record }) =>
    record['service.node.name'] === name
      ? { id, record: { ...record, '@timestamp': formatMicros(parseMicros(record['@timestamp']) + us) } }
      : { id, record },
  );
}

export interface ExampleOptions {
  readonly txId?: string;
  readonly block?: number;
  readonly index?: number;
  readonly code?: string;
  readonly at?: number;
}

/** What the start of a stock network's logs and its first blocks tell of the network. */
export function networkFacts(): StoredRecord[] {
  const records: StoredRecord[] = [];
  const boot = T0 - 60_000_000;
  for (const one of [...PEERS, ...ORDERERS]) {
    const own = { kind: one.kind, name: one.name };
    const source = 'log';
    records.push(stored(boot, one, { point: 'node.start', source, sender: own, node_version: 'v3.1.5' }));
    const dump = { ...own, msp: one.msp, address: one.address.replace('127.0.0.1', 'localhost') };
    records.push(stored(boot + 1000, one, { point: 'node.identity', source, sender: dump }));
    if (one.kind === 'peer') {
      const sender = { ...own, address: one.address, pki_id: one.pkiId };
      records.push(stored(boot + 2000, one, { point: 'node.identity', source, sender }));
      records.push(stored(T0, null, { point: 'node.identity', sender: { ...one.full, pki_id: one.pkiId } }));
    }
  }
  for (const [at, one] of ORDERERS.entries()) {
    const consenter = { kind: 'orderer', msp: one.msp, name: one.name, address: one.address } as const;
    records.push(stored(T0, null, { point: 'node.identity', sender: consenter }));
    records.push(
      stored(boot + 5_000_000 + at * 1500, one, {
        point: 'leader.consensus',
        source: 'log',
        channel: CHANNEL,
        sender: { kind: 'orderer', name: one.name },
        consensus: { node: at + 1, leader: 2 },
      }),
    );
  }
  for (const [leader, orderer] of [
    [P11, O2],
    [P12, O1],
  ] as const) {
    const sender = { kind: 'peer', name: leader.name } as const;
    const common = { source: 'log', channel: CHANNEL } as const;
    records.push(stored(boot + 10_000_000, leader, { point: 'leader.gossip', ...common, stage: 'elected', sender }));
    records.push(
      stored(boot + 10_001_000, leader, {
        point: 'deliver.subscribe',
        ...common,
        sender: { kind: 'orderer', address: orderer.address.replace('127.0.0.1', 'localhost') },
        receiver: sender,
        block: { number: 1 },
      }),
    );
  }
  records.push(...policyFacts());
  return records;
}

const signature = (msp: string) => ({ n: 1, rules: [{ principal: `${msp}.peer` }] });

export function policyFacts(): StoredRecord[] {
  const config = {
    sequence: 1,
    organizations: [
      { msp: 'OrdererMSP', role: 'orderer' as const },
      { msp: 'Org1MSP', role: 'application' as const, endorsement: signature('Org1MSP') },
      { msp: 'Org2MSP', role: 'application' as const, endorsement: signature('Org2MSP') },
    ],
    endorsement: { expression: 'MAJORITY Endorsement', implicit: 'MAJORITY' as const },
  };
  const definition = {
    name: 'basic',
    sequence: 1,
    expression: 'MAJORITY Endorsement',
    reference: '/Channel/Application/Endorsement',
  };
  return [
    stored(T0 - 1, null, { point: 'channel.config', channel: CHANNEL, block: { number: 0 }, config }),
    stored(T0 - 1, null, { point: 'chaincode.definition', channel: CHANNEL, block: { number: 3 }, definition }),
  ];
}

/** The transaction's block, as a block source tells it. */
export function blockRecords(options: ExampleOptions = {}): StoredRecord[] {
  const { txId = TX_ID, block = BLOCK, index = 0, code = 'VALID', at = T0 } = options;
  const number = { number: block, hash: hex(`block ${block}`), previous_hash: hex(`block ${block - 1}`) };
  const type = 'ENDORSER_TRANSACTION';
  const txs = Array.from({ length: index + 2 }, (_, i) => ({
    id: i === index ? txId : hex(`other ${block} ${i}`),
    type,
    code,
  }));
  return [
    stored(at, null, { point: 'block.header', channel: CHANNEL, block: number, txs, signers: [O2.full] }),
    stored(at, null, {
      point: 'block.tx',
      channel: CHANNEL,
      tx_id: txId,
      tx_index: index,
      tx_type: type,
      block: number,
      sender: CLIENT,
      endorsers: [withPki(P01), withPki(P02)],
      chaincode: 'basic',
      function: 'CreateAsset',
      code,
      client_time: formatMicros(at),
      rw_sets: [{ namespace: 'basic', reads: [], writes: [{ key: 'asset0' }] }],
    }),
  ];
}

/** What stock Go logs at info level tell of the transaction. */
export function infoRecords(options: ExampleOptions = {}): StoredRecord[] {
  const { txId = TX_ID, block = BLOCK, at = T0 } = options;
  const source = 'log';
  const tx = { source, channel: CHANNEL, tx_id_prefix: txId.slice(0, 8) } as const;
  const whole = { source, channel: CHANNEL, block: { number: block } } as const;
  const chaincode = (one: ExampleNode, us: number) =>
    stored(at + us, one, {
      point: 'chaincode.invoke',
      ...tx,
      chaincode: 'basic',
      duration_us: 3000,
      sender: self(one),
      receiver: { kind: 'chaincode', name: 'basic' },
    });
  return [
    chaincode(P01, 60_100),
    chaincode(P02, 61_200),
    stored(at + 70_000, P01, {
      point: 'gateway.submit',
      source,
      tx_id: txId,
      sender: self(P01),
      receiver: { kind: 'orderer', address: 'localhost:7050' },
    }),
    stored(at + 627_000, O2, {
      point: 'order.block',
      ...whole,
      stage: 'created',
      sender: self(O2),
      consensus: { node: 2 },
    }),
    ...ORDERERS.map((one, i) =>
      stored(at + 628_000 + i * 100, one, {
        point: 'order.block',
        ...whole,
        stage: 'written',
        sender: self(one),
        consensus: { node: i + 1 },
      }),
    ),
    ...PEERS.map((one, i) =>
      stored(at + 650_000 + i * 2000, one, {
        point: 'gossip.commit',
        ...whole,
        tx_count: 2,
        duration_us: 12_000,
        commit_hash: hex(`commit ${block}`),
        receiver: self(one),
      }),
    ),
  ];
}

/** What debug level adds. */
export function debugRecords(options: ExampleOptions = {}): StoredRecord[] {
  const { txId = TX_ID, block = BLOCK, at = T0 } = options;
  const source = 'log';
  const short = { source, channel: CHANNEL, tx_id_prefix: txId.slice(0, 8) } as const;
  const full = { source, channel: CHANNEL, tx_id: txId } as const;
  const whole = { source, channel: CHANNEL, block: { number: block } } as const;
  const remote = { ...full, chaincode: 'basic', sender: self(P01) };
  const toP02 = { kind: 'peer', address: 'localhost:9051', msp: 'Org2MSP' } as const;
  const request = (one: ExampleNode, us: number, port: number) =>
    stored(at + us, one, {
      point: 'endorse.request',
      ...short,
      sender: { address: `127.0.0.1:${port}` },
      creator: { kind: 'client', msp: 'Org1MSP' },
      receiver: self(one),
    });
  const response = (one: ExampleNode, us: number) =>
    stored(at + us, one, { point: 'endorse.response', ...short, chaincode: 'basic', status: 200, receiver: self(one) });
  const deliver = (orderer: ExampleNode, peer: ExampleNode, us: number) =>
    stored(at + us, peer, {
      point: 'deliver.block',
      ...whole,
      sender: { kind: 'orderer', address: orderer.address },
      receiver: self(peer),
    });
  const gossip = (from: ExampleNode, to: ExampleNode, us: number) => [
    stored(at + us, from, {
      point: 'gossip.send',
      ...whole,
      sender: self(from),
      receiver: { kind: 'peer', address: to.address.replace('127.0.0.1', 'localhost') },
    }),
    stored(at + us + 800, to, {
      point: 'gossip.receive',
      ...whole,
      sender: { kind: 'peer', pki_id: from.pkiId },
      receiver: self(to),
    }),
  ];
  const broadcast = { ...full, sender: { address: '127.0.0.1:40112' }, receiver: self(O1) };
  return [
    stored(at + 56_000, P01, { point: 'endorse.caller', ...remote, receiver: toP02 }),
    stored(at + 63_500, P01, { point: 'endorse.result', ...remote, status: 200, receiver: toP02 }),
    request(P01, 55_000, 40110),
    response(P01, 60_400),
    request(P02, 57_000, 40111),
    response(P02, 61_500),
    stored(at + 71_300, O1, { point: 'broadcast.request', ...broadcast, tx_type: 'ENDORSER_TRANSACTION' }),
    stored(at + 73_000, O1, { point: 'broadcast.response', ...broadcast, status: 200 }),
    deliver(O2, P11, 631_000),
    deliver(O1, P12, 632_000),
    ...gossip(P11, P01, 632_500),
    ...gossip(P12, P02, 633_000),
  ];
}

/** The transaction as our own, instrumented nodes tell it. */
export function instrumentedRecords(options: ExampleOptions = {}): StoredRecord[] {
  const { txId = TX_ID, block = BLOCK, at = T0, code = 'VALID' } = options;
  const tx = { channel: CHANNEL, tx_id: txId } as const;
  const number = { number: block, hash: hex(`block ${block}`) };
  const txs = [{ id: txId, type: 'ENDORSER_TRANSACTION', code }];
  const whole = { channel: CHANNEL, block: number, txs } as const;
  const call = { ...tx, chaincode: 'basic', function: 'CreateAsset' };
  return [
    stored(at, P01, { point: 'gateway.endorse', ...call, sender: CLIENT, receiver: P01.full }),
    stored(at + 1000, P01, { point: 'endorse.request', ...call, sender: CLIENT, receiver: P01.full }),
    stored(at + 9000, P01, { point: 'endorse.response', ...call, status: 200, sender: CLIENT, receiver: P01.full }),
    stored(at + 2500, P02, {
      point: 'endorse.request',
      ...call,
      sender: P01.full,
      creator: CLIENT,
      receiver: P02.full,
    }),
    stored(at + 9100, P02, {
      point: 'endorse.response',
      ...call,
      status: 200,
      sender: P01.full,
      creator: CLIENT,
      receiver: P02.full,
    }),
    stored(at + 15_000, O1, { point: 'broadcast.request', ...tx, sender: P01.full, receiver: O1.full }),
    stored(at + 16_000, O1, { point: 'broadcast.response', ...tx, status: 200, sender: P01.full, receiver: O1.full }),
    stored(at + 500_000, O2, {
      point: 'order.block',
      ...whole,
      txs: [{ id: txId }],
      stage: 'created',
      sender: O2.full,
    }),
    stored(at + 510_000, P11, { point: 'deliver.block', ...whole, sender: O2.full, receiver: P11.full }),
    stored(at + 510_500, P12, { point: 'deliver.block', ...whole, sender: O1.full, receiver: P12.full }),
    stored(at + 511_000, P11, { point: 'gossip.send', ...whole, sender: P11.full, receiver: P01.full }),
    stored(at + 511_200, P12, { point: 'gossip.send', ...whole, sender: P12.full, receiver: P02.full }),
    stored(at + 530_000, P11, { point: 'gossip.commit', ...whole, sender: O2.full, receiver: P11.full }),
    stored(at + 531_000, P12, { point: 'gossip.commit', ...whole, sender: O1.full, receiver: P12.full }),
    stored(at + 532_000, P01, { point: 'gossip.commit', ...whole, sender: P11.full, receiver: P01.full }),
    stored(at + 533_000, P02, { point: 'gossip.commit', ...whole, sender: P12.full, receiver: P02.full }),
  ];
}

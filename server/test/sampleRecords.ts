import { createHash } from 'node:crypto';
import type { PartialIdentity } from '#trace/identity.ts';
import type { FtlFields, StoredRecord, TraceRecord } from '#trace/record.ts';

/** Records as instrumented nodes and a block source write them, of a small network: what the tests of the API ask for. */
export const CHANNEL = 'mychannel';
export const OTHER_CHANNEL = 'otherchannel';
const hex = (text: string): string => createHash('sha256').update(text).digest('hex');
/** Committed by both peers. */
export const COMPLETE = hex('complete');
/** Endorsed, never ordered. */
export const PENDING = hex('pending');
/** Two transactions that begin alike. */
export const TWINS = [`abcdef12${hex('one').slice(8)}`, `abcdef12${hex('two').slice(8)}`] as const;
/** One ID in two channels. */
export const IN_BOTH = hex('both');
/** Of this one, logs hold the first 8 characters only. */
export const SHORTENED = hex('shortened');
export const BLOCK = 4;

export const PEERS = ['peer0.org1.example.com', 'peer0.org2.example.com'] as const;
const client: PartialIdentity = {
  id: 'Org1MSP/User1@org1.example.com',
  kind: 'client',
  msp: 'Org1MSP',
  name: 'User1@org1.example.com',
};
const orderer: PartialIdentity = {
  id: 'OrdererMSP/orderer1.example.com',
  kind: 'orderer',
  msp: 'OrdererMSP',
  name: 'orderer1.example.com',
};
const peer = (name: string): PartialIdentity => {
  const msp = name.includes('org1') ? 'Org1MSP' : 'Org2MSP';
  return { id: `${msp}/${name}`, kind: 'peer', msp, name };
};

export function record(
  time: string,
  node: string | null,
  ftl: Record<string, unknown> & { readonly point: FtlFields['point'] },
): StoredRecord {
  const content: TraceRecord = {
    '@timestamp': `2026-11-21T${time}Z`,
    ...(node === null
      ? {}
      : {
          'service.type': node.startsWith('orderer') ? ('fabric-orderer' as const) : ('fabric-peer' as const),
          'service.node.name': node,
        }),
    ftl: { version: 1 as const, ...ftl },
  };
  return { id: hex(JSON.stringify(content)).slice(0, 16), record: content };
}

/** A proposal and its answer at the first peer. */
export function endorsed(txId: string, channel: string, minute: string): StoredRecord[] {
  const about = {
    channel,
    tx_id: txId,
    sender: client,
    receiver: peer(PEERS[0]),
    chaincode: 'basic',
    function: 'CreateAsset',
  };
  return [
    record(`00:${minute}:01.000100`, PEERS[0], { point: 'endorse.request', ...about }),
    record(`00:${minute}:01.012500`, PEERS[0], { point: 'endorse.response', ...about, status: 200 }),
  ];
}

function committedBlock(txIds: readonly string[], channel: string, number: number, minute: string): StoredRecord[] {
  const block = {
    number,
    hash: hex(`block ${channel} ${number}`),
    previous_hash: hex(`block ${channel} ${number - 1}`),
    data_hash: hex(`data ${channel} ${number}`),
  };
  const txs = txIds.map((id) => ({ id, type: 'ENDORSER_TRANSACTION', code: 'VALID' }));
  return [
    record(`00:${minute}:01.900000`, null, { point: 'block.header', source: 'block', channel, block, txs }),
    ...txIds.map((txId, index) =>
      record(`00:${minute}:01.900000`, null, {
        point: 'block.tx',
        source: 'block',
        channel,
        block,
        tx_id: txId,
        tx_index: index,
        tx_type: 'ENDORSER_TRANSACTION',
        code: 'VALID',
        sender: client,
        endorsers: [peer(PEERS[0]), peer(PEERS[1])],
        chaincode: 'basic',
        function: 'CreateAsset',
      }),
    ),
    record(`00:${minute}:02.000000`, 'orderer1.example.com', {
      point: 'order.block',
      channel,
      block,
      stage: 'created',
      sender: orderer,
    }),
    ...PEERS.flatMap((name, at) => [
      record(`00:${minute}:02.01${at}000`, name, {
        point: 'deliver.block',
        channel,
        block,
        sender: orderer,
        receiver: peer(name),
      }),
      record(`00:${minute}:02.03${at}000`, name, {
        point: 'gossip.commit',
        channel,
        block,
        txs,
        tx_count: txs.length,
        receiver: peer(name),
      }),
    ]),
  ];
}

export function sampleRecords(): StoredRecord[] {
  return [
    ...PEERS.map((name) => record('00:00:00.000000', name, { point: 'node.start', sender: peer(name) })),
    record('00:00:05.000000', PEERS[0], {
      point: 'leader.gossip',
      stage: 'elected',
      channel: CHANNEL,
      sender: peer(PEERS[0]),
    }),
    ...endorsed(COMPLETE, CHANNEL, '10'),
    ...endorsed(IN_BOTH, CHANNEL, '10'),
    ...committedBlock([COMPLETE, IN_BOTH], CHANNEL, BLOCK, '10'),
    ...endorsed(TWINS[0], CHANNEL, '11'),
    ...endorsed(TWINS[1], CHANNEL, '12'),
    ...endorsed(IN_BOTH, OTHER_CHANNEL, '13'),
    ...committedBlock([IN_BOTH], OTHER_CHANNEL, 1, '13'),
    record('00:14:00.000000', PEERS[0], {
      point: 'chaincode.invoke',
      source: 'log',
      channel: CHANNEL,
      tx_id_prefix: SHORTENED.slice(0, 8),
      chaincode: 'basic',
      duration_us: 3000,
      sender: peer(PEERS[0]),
      receiver: { kind: 'chaincode', name: 'basic' },
    }),
    ...endorsed(PENDING, CHANNEL, '15'),
  ];
}

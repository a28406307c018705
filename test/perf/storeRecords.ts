import { hash } from 'node:crypto';
import { traceIdOf, type StoredRecord, type TraceRecord } from '#trace/record.ts';

const BLOCK_SIZE = 100;
const CHANNEL = 'mychannel';
const START_MS = Date.UTC(2026, 0, 1);
const peerOf = (name: string, msp: string) => ({
  id: `${msp}/${name}`,
  kind: 'peer' as const,
  msp,
  name,
  address: `${name}:7051`,
  fingerprint: hash('sha256', name),
});
const PEERS = [
  peerOf('peer0.org1.example.com', 'Org1MSP'),
  peerOf('peer1.org1.example.com', 'Org1MSP'),
  peerOf('peer0.org2.example.com', 'Org2MSP'),
  peerOf('peer1.org2.example.com', 'Org2MSP'),
] as const;
const ORDERER = {
  id: 'OrdererMSP/orderer1.example.com',
  kind: 'orderer' as const,
  msp: 'OrdererMSP',
  name: 'orderer1.example.com',
  fingerprint: hash('sha256', 'orderer1'),
};
const CLIENTS = Array.from({ length: 200 }, (_, n) => ({
  id: `Org1MSP/User${n}@org1.example.com`,
  kind: 'client' as const,
  msp: 'Org1MSP',
  name: `User${n}@org1.example.com`,
  fingerprint: hash('sha256', `user ${n}`),
}));

export const txIdAt = (block: number, index: number): string => hash('sha256', `tx ${block} ${index}`);
export const BLOCKS_PER = (count: number): number => Math.ceil(count / (BLOCK_SIZE * 6 + 9));
export const TXS_PER_BLOCK = BLOCK_SIZE;

/** A small generator of numbers from 0 to 1 that gives the same each time. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * What the instrumented nodes of two organisations (two peers each) and an orderer write about block after block of 100
 * transactions, every field that they write: six records per transaction, nine per block. In time order, as one JSON line each
 * would give them: no object is shared between records.
 */
export function* storeRecords(count: number): Generator<StoredRecord> {
  const sequences = new Map<string, number>();
  const random = dice(7);
  let made = 0;
  for (let block = 1; made < count; block++) {
    for (const record of blockOf(block, random, sequences)) {
      const line = JSON.stringify(record);
      yield { id: hash('sha256', line).slice(0, 16), record: JSON.parse(line) as TraceRecord };
      if (++made >= count) return;
    }
  }
}

function blockOf(number: number, random: () => number, sequences: Map<string, number>): TraceRecord[] {
  const records: TraceRecord[] = [];
  const begin = START_MS * 1000 + number * 500_000;
  const write = (
    us: number,
    who: { readonly name: string; readonly kind: string },
    message: string,
    ftl: object,
    traceId?: string,
  ) => {
    const time = Math.round(begin + us);
    const seq = (sequences.get(who.name) ?? 0) + 1;
    sequences.set(who.name, seq);
    records.push({
      '@timestamp': `${new Date(Math.floor(time / 1000)).toISOString().slice(0, -1)}${String(time % 1000).padStart(3, '0')}Z`,
      'log.level': 'info',
      'log.logger': 'ftl',
      message,
      'ecs.version': '9.2.0',
      'service.type': who.kind === 'orderer' ? 'fabric-orderer' : 'fabric-peer',
      'service.node.name': who.name,
      ...(traceId !== undefined && { 'trace.id': traceId }),
      ftl: { version: 1, ...ftl, seq } as TraceRecord['ftl'],
    });
  };
  const txs = Array.from({ length: BLOCK_SIZE }, (_, index) => ({
    id: txIdAt(number, index),
    type: 'ENDORSER_TRANSACTION',
    code: random() < 0.02 ? 'MVCC_READ_CONFLICT' : 'VALID',
  }));
  for (const [index, { id }] of txs.entries()) {
    const traceId = traceIdOf(CHANNEL, id);
    const sender = CLIENTS[Math.floor(random() * CLIENTS.length)];
    const about = { channel: CHANNEL, tx_id: id, sender, chaincode: 'basic' };
    const asked = index * 4000 + random() * 3000;
    for (const receiver of [PEERS[index % 2], PEERS[2 + (index % 2)]] as const) {
      if (receiver === undefined) continue;
      const took = 5000 + Math.floor(random() * 20_000);
      const call = { ...about, function: index % 3 === 0 ? 'CreateAsset' : 'TransferAsset', receiver };
      write(asked + random() * 500, receiver, 'Proposal received', { point: 'endorse.request', ...call }, traceId);
      const answer = { point: 'endorse.response', ...call, status: 200, duration_us: took };
      write(asked + 1000 + took, receiver, 'Proposal answered', answer, traceId);
    }
    const sent = asked + 30_000 + random() * 5000;
    const broadcast = { ...about, receiver: ORDERER };
    write(sent, ORDERER, 'Transaction received', { point: 'broadcast.request', ...broadcast }, traceId);
    write(
      sent + 300,
      ORDERER,
      'Transaction taken',
      { point: 'broadcast.response', ...broadcast, status: 200 },
      traceId,
    );
  }
  records.sort((a, b) => (a['@timestamp'] < b['@timestamp'] ? -1 : 1));
  const block = {
    number,
    hash: hash('sha256', `block ${number}`),
    previous_hash: hash('sha256', `block ${number - 1}`),
  };
  const about = { channel: CHANNEL, block };
  write(480_000, ORDERER, 'Block created', {
    point: 'order.block',
    stage: 'created',
    ...about,
    sender: ORDERER,
    txs: txs.map(({ id }) => ({ id })),
  });
  for (const receiver of PEERS) {
    write(481_000 + random() * 3000, receiver, 'Block received', {
      point: 'deliver.block',
      ...about,
      sender: ORDERER,
      receiver,
    });
    const commit = { point: 'gossip.commit', ...about, sender: ORDERER, receiver, txs, tx_count: txs.length };
    const took = 8000 + Math.floor(random() * 9000);
    write(490_000 + took, receiver, 'Block committed', {
      ...commit,
      duration_us: took,
      commit_hash: hash('sha256', `commit ${number}`),
    });
  }
  return records;
}

import { createHash } from 'node:crypto';
import type { StoredRecord, TraceRecord } from '#trace/record.ts';

const PEERS = ['peer0.org1.example.com', 'peer1.org1.example.com', 'peer0.org2.example.com', 'peer1.org2.example.com'];
export const BLOCK_SIZE = 10;
/** Six of each transaction, one of the orderer, two of each peer. */
export const RECORDS_PER_BLOCK = 6 * BLOCK_SIZE + 1 + 2 * PEERS.length;
const START_MS = Date.UTC(2026, 0, 1);

/**
 * Records of a network of two organisations with two peers each, block after block, as instrumented nodes write them: ten
 * transactions a block, each endorsed by one peer of each organisation; the same for the same count.
 *
 * @param count records in all, to within a block
 */
export function* generateRecords(count: number, batchSize: number): Generator<StoredRecord[]> {
  let batch: StoredRecord[] = [];
  let made = 0;
  for (let block = 1; made < count; block++) {
    for (const record of blockRecords(block)) {
      const id = createHash('sha256').update(JSON.stringify(record)).digest('hex').slice(0, 16);
      batch.push({ id, record });
      made += 1;
      if (batch.length < batchSize) continue;
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

const peer = (name: string) => {
  const msp = name.includes('org1') ? 'Org1MSP' : 'Org2MSP';
  return { id: `${msp}/${name}`, kind: 'peer' as const, msp, name };
};
const ORDERER = {
  id: 'OrdererMSP/orderer1.example.com',
  kind: 'orderer' as const,
  msp: 'OrdererMSP',
  name: 'orderer1.example.com',
};
/** The transaction at this position (0 to 9) of this block (from 1). */
export const generatedTxId = (block: number, index: number): string => hex(`${block} ${index}`);
const hex = (text: string) => createHash('sha256').update(text).digest('hex');

function* blockRecords(number: number): Generator<TraceRecord> {
  const begin = START_MS + number * 500;
  const at = (ms: number) => `${new Date(begin + ms).toISOString().slice(0, -1)}000Z`;
  const channel = 'mychannel';
  const client = { id: `Org1MSP/User${number % 50}@org1.example.com`, kind: 'client' as const, msp: 'Org1MSP' };
  const txs = Array.from({ length: BLOCK_SIZE }, (_none, index) => ({
    id: generatedTxId(number, index),
    type: 'ENDORSER_TRANSACTION',
    code: index === 9 && number % 7 === 0 ? 'MVCC_READ_CONFLICT' : 'VALID',
  }));
  const from = (name: string, ms: number, ftl: TraceRecord['ftl']): TraceRecord => ({
    '@timestamp': at(ms),
    'service.type': name.startsWith('orderer') ? 'fabric-orderer' : 'fabric-peer',
    'service.node.name': name,
    ftl,
  });
  for (const [index, tx] of txs.entries()) {
    const about = {
      version: 1 as const,
      channel,
      tx_id: tx.id,
      sender: client,
      chaincode: 'basic',
      function: 'Transfer',
    };
    for (const name of [PEERS[(number + index) % 2] ?? '', PEERS[2 + ((number + index) % 2)] ?? '']) {
      yield from(name, index, { ...about, point: 'endorse.request', receiver: peer(name) });
      yield from(name, index + 8, {
        ...about,
        point: 'endorse.response',
        receiver: peer(name),
        status: 200,
        duration_us: 8000,
      });
    }
    const broadcast = { ...about, receiver: ORDERER };
    yield from('orderer1.example.com', index + 20, { ...broadcast, point: 'broadcast.request' });
    yield from('orderer1.example.com', index + 21, { ...broadcast, point: 'broadcast.response', status: 200 });
  }
  const block = {
    number,
    hash: hex(`block ${number}`),
    previous_hash: hex(`block ${number - 1}`),
    data_hash: hex(`data ${number}`),
  };
  const about = { version: 1 as const, channel, block };
  yield from('orderer1.example.com', 500, { ...about, point: 'order.block', stage: 'created', sender: ORDERER, txs });
  for (const [index, name] of PEERS.entries()) {
    yield from(name, 510 + index, { ...about, point: 'deliver.block', sender: ORDERER, receiver: peer(name) });
    yield from(name, 530 + index, {
      ...about,
      point: 'gossip.commit',
      receiver: peer(name),
      txs,
      tx_count: txs.length,
      duration_us: 9000,
    });
  }
}

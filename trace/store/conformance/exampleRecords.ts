import { createHash } from 'node:crypto';
import type { PartialIdentity } from '../../identity.ts';
import type { FtlFields, StoredRecord, TraceRecord } from '../../record.ts';

/** A 64-digit transaction ID that begins with `start`. */
export function txIdOf(start: string): string {
  return start + createHash('sha256').update(start).digest('hex').slice(start.length);
}

/** The record with the ID that its content gives it. */
export function stored(made: TraceRecord): StoredRecord {
  return { id: createHash('sha256').update(JSON.stringify(made)).digest('hex').slice(0, 16), record: made };
}

export interface Given extends Omit<FtlFields, 'version'> {
  /** Milliseconds after the example's start. */
  readonly ms?: number;
  /** Whose stream; none for a block source. */
  readonly node?: string;
}

export const START = Date.UTC(2026, 4, 1, 12);
export const at = (ms: number) => `${new Date(START + ms).toISOString().slice(0, -1)}000Z`;

/** One record, of few words. */
export function record({ ms = 0, node, ...ftl }: Given): StoredRecord {
  return stored({
    '@timestamp': at(ms),
    ...(node !== undefined && {
      'service.type': node.startsWith('orderer') ? ('fabric-orderer' as const) : ('fabric-peer' as const),
      'service.node.name': node,
    }),
    ftl: { version: 1, ...ftl } as FtlFields,
  });
}

export const P1 = 'peer0.org1.example.com';
export const P2 = 'peer0.org2.example.com';
export const P3 = 'peer1.org2.example.com';
export const O1 = 'orderer1.example.com';
export const peer = (name: string): PartialIdentity => ({
  id: `${name.includes('org1') ? 'Org1MSP' : 'Org2MSP'}/${name}`,
  kind: 'peer',
  msp: name.includes('org1') ? 'Org1MSP' : 'Org2MSP',
  name,
});
export const orderer: PartialIdentity = { id: `OrdererMSP/${O1}`, kind: 'orderer', msp: 'OrdererMSP', name: O1 };
export const client: PartialIdentity = { id: 'Org1MSP/User1@org1.example.com', kind: 'client', msp: 'Org1MSP' };
const hex = (text: string) => createHash('sha256').update(text).digest('hex');

export interface BlockOptions {
  readonly channel?: string;
  readonly number: number;
  /** Transactions with their codes. */
  readonly txs: Readonly<Record<string, string>>;
  readonly ms?: number;
  /** Peers that commit it. */
  readonly peers?: readonly string[];
  /** Whether the block source's header is among the records. */
  readonly header?: boolean;
}

/** What nodes and a block source write of a block and its transactions, from the proposal to the commits. */
export function blockRecords(options: BlockOptions): StoredRecord[] {
  const { channel = 'mychannel', number, ms = number * 1000, peers = [P1, P2], header = true } = options;
  const txs = Object.entries(options.txs).map(([id, code]) => ({ id, type: 'ENDORSER_TRANSACTION', code }));
  const block = { number, hash: hex(`${channel} ${number}`), previous_hash: hex(`${channel} ${number - 1}`) };
  const records: StoredRecord[] = [];
  for (const [n, { id }] of txs.entries()) {
    const about = { channel, tx_id: id, chaincode: 'basic', function: n % 2 === 0 ? 'TransferAsset' : 'CreateAsset' };
    const ask = { ...about, sender: client, receiver: peer(P1), node: P1 };
    records.push(
      record({ ...ask, ms: ms + n, point: 'endorse.request' }),
      record({ ...ask, ms: ms + n + 10, point: 'endorse.response', status: 200, duration_us: 9876.5 }),
      record({ ...about, ms: ms + n + 20, node: O1, point: 'broadcast.request', sender: client, receiver: orderer }),
      record({
        ...about,
        ms: ms + n + 21,
        node: O1,
        point: 'broadcast.response',
        sender: client,
        receiver: orderer,
        status: 200,
      }),
    );
  }
  if (header) {
    records.push(
      record({ channel, ms, point: 'block.header', source: 'block', block: { ...block, data_hash: hex('d') }, txs }),
    );
  }
  records.push(
    record({ channel, ms: ms + 100, node: O1, point: 'order.block', stage: 'created', sender: orderer, block }),
  );
  for (const [n, name] of peers.entries()) {
    const here = { channel, node: name, receiver: peer(name) };
    records.push(record({ ...here, ms: ms + 110 + n, point: 'deliver.block', sender: orderer, block: { number } }));
    records.push(
      record({
        ...here,
        ms: ms + 150 + n,
        point: 'gossip.commit',
        block: { number },
        txs,
        tx_count: txs.length,
        commit_hash: hex(`c${number}`),
      }),
    );
  }
  return records;
}

/** IDs that share their first 8 digits. */
export const ALIKE = [txIdOf('abcdef0100'), txIdOf('abcdef0111')] as const;
export const IDS = {
  plain: txIdOf('11'),
  invalid: txIdOf('22'),
  shortened: txIdOf('33333333'),
  twice: txIdOf('44'),
  withoutChannel: txIdOf('55'),
  onlyWithoutChannel: txIdOf('66'),
  placed: txIdOf('77777777'),
  provisional: txIdOf('88888888'),
  onlyInList: txIdOf('99'),
  twoChannels: txIdOf('aa'),
} as const;

/** A bit of everything that a store has to put together; about a hundred records. */
export function exampleRecords(): StoredRecord[] {
  const channel = 'mychannel';
  const shortened = (id: string, more: Partial<Given> = {}) =>
    record({
      channel,
      node: P2,
      ms: 1500,
      point: 'chaincode.invoke',
      chaincode: 'basic',
      tx_id_prefix: id.slice(0, 8),
      duration_us: 1234,
      ...more,
    });
  const seen = (id: string, more: Partial<Given> = {}) =>
    record({ node: P2, ms: 1600, point: 'tx.seen', tx_id: id, source: 'log', ...more });
  return [
    ...blockRecords({ number: 1, txs: { [IDS.plain]: 'VALID', [IDS.invalid]: 'MVCC_READ_CONFLICT' } }),
    ...blockRecords({
      number: 2,
      txs: { [IDS.shortened]: 'VALID', [IDS.twice]: 'VALID', [IDS.withoutChannel]: 'VALID' },
    }),
    ...blockRecords({ number: 3, txs: { [IDS.twice]: 'DUPLICATE_TXID', [ALIKE[0]]: 'VALID' }, peers: [P1, P2, P3] }),
    ...blockRecords({ number: 4, txs: { [ALIKE[1]]: 'VALID', [IDS.twoChannels]: 'VALID' }, peers: [P1] }),
    ...blockRecords({ channel: 'other', number: 1, txs: { [IDS.twoChannels]: 'PHANTOM_READ_CONFLICT' }, ms: 9000 }),
    // In a list and nowhere else.
    record({
      channel,
      node: O1,
      ms: 5100,
      point: 'order.block',
      stage: 'indexed',
      sender: orderer,
      block: { number: 5 },
      txs: [{ id: IDS.onlyInList }],
    }),
    shortened(IDS.shortened),
    shortened(IDS.shortened, {
      point: 'endorse.request',
      receiver: peer(P2),
      creator: { kind: 'client', msp: 'Org1MSP' },
    }),
    shortened(ALIKE[0]),
    shortened(IDS.placed),
    seen(IDS.placed),
    shortened(IDS.provisional),
    seen(IDS.withoutChannel),
    record({
      node: P1,
      ms: 2015,
      point: 'gateway.submit',
      tx_id: IDS.withoutChannel,
      sender: peer(P1),
      receiver: orderer,
    }),
    seen(IDS.onlyWithoutChannel),
    seen(IDS.twoChannels),
    record({
      channel,
      node: P3,
      ms: 6000,
      point: 'gossip.transfer',
      stage: 'requested',
      sender: peer(P1),
      receiver: peer(P3),
      block: { number: 1, last: 2 },
    }),
    record({
      channel,
      node: P2,
      ms: 1700,
      point: 'validate.tx',
      tx_id: IDS.invalid,
      block: { number: 1 },
      tx_index: 1,
      code: 'MVCC_READ_CONFLICT',
      error: 'version of key a',
    }),
    record({ node: P1, ms: -5000, point: 'node.start', sender: peer(P1), node_version: 'v3.1.5' }),
    record({ node: P2, ms: -4000, point: 'node.identity', sender: { ...peer(P2), address: 'peer0.org2:7051' } }),
    record({ channel, node: P1, ms: 500, point: 'leader.gossip', stage: 'elected', sender: peer(P1) }),
    record({
      channel,
      node: P1,
      ms: 510,
      point: 'deliver.subscribe',
      sender: orderer,
      receiver: peer(P1),
      block: { number: 1 },
    }),
    record({
      channel,
      ms: 0,
      point: 'chaincode.definition',
      source: 'block',
      block: { number: 0 },
      definition: {
        name: 'basic',
        sequence: 1,
        expression: "OR('Org1MSP.peer')",
        rule: { n: 1, rules: [{ principal: 'Org1MSP.peer' }] },
      },
    }),
    // Neither transaction nor block: kept, shown nowhere.
    record({ channel, node: O1, ms: 1, point: 'config.update' }),
  ];
}

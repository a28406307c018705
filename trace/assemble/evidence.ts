import type { Identity, PartialIdentity } from '../identity.ts';
import type { Network } from '../network/network.ts';
import type { Point } from '../points.ts';
import type { FtlFields, StoredRecord } from '../record.ts';
import type { AssembleContext } from './context.ts';
import { parseMicros } from './time.ts';

/** One record, read once: its time as a number, its parties resolved. */
export interface Item {
  readonly id: string;
  readonly point: Point;
  readonly ftl: FtlFields;
  /** Raw microseconds; of a block source's record not a time at which anything happened. */
  readonly at: number;
  /** Whose clock stamped it: the writer; null for block sources and nameless streams. */
  readonly clock: Identity | null;
  readonly sender: Identity | null;
  readonly receiver: Identity | null;
}

/** The records that concern one transaction, in an order that depends on nothing but their content. */
export interface Evidence {
  readonly channel: string;
  readonly txId: string;
  readonly network: Network;
  /** Records that carry the transaction's ID, or a shortened one that can only be its. */
  readonly tx: readonly Item[];
  /** Records about blocks of the channel, of this transaction's block or not. */
  readonly blocks: readonly Item[];
  /** Records whose shortened ID might be this transaction's or another's. */
  readonly ambiguous: readonly string[];
  readonly isAmbiguous: boolean;
  /** The shortened ID, where no record holds the full one. */
  readonly prefix: string | null;
}

const BLOCK_POINTS: ReadonlySet<Point> = new Set<Point>([
  'deliver.block',
  'gossip.send',
  'gossip.commit',
  'order.block',
  'deliver.send',
  'gossip.receive',
  'gossip.transfer',
  'validate.block',
  'block.header',
  'config.update',
]);

/** Points at which the writer is the sender; at all others it is the receiver. */
const WRITTEN_BY_SENDER: ReadonlySet<Point> = new Set<Point>([
  'gossip.send',
  'endorse.caller',
  'endorse.result',
  'gateway.evaluate',
  'gateway.submit',
  'chaincode.invoke',
  'order.block',
  'deliver.send',
  'tx.seen',
  'config.update',
]);

export function collectEvidence(
  records: readonly StoredRecord[],
  context: AssembleContext,
  network: Network,
): Evidence {
  const { channel, txId } = context;
  const mine: Item[] = [];
  const seen = new Set<string>();
  let fullId = false;
  let clash = context.ambiguousPrefix === true;
  let prefix: string | null = null;
  for (const stored of records) {
    if (seen.has(stored.id)) continue;
    seen.add(stored.id);
    const { record } = stored;
    const { ftl } = record;
    if (ftl.channel !== undefined && ftl.channel !== channel) continue;
    if (ftl.tx_id !== undefined) {
      if (ftl.tx_id !== txId) continue;
      fullId = true;
    } else if (ftl.tx_id_prefix !== undefined) {
      if (!txId.startsWith(ftl.tx_id_prefix)) continue;
      if (prefix === null || ftl.tx_id_prefix.length < prefix.length) prefix = ftl.tx_id_prefix;
    } else if (!BLOCK_POINTS.has(ftl.point) || ftl.block === undefined) continue;
    mine.push(readItem(stored, parseMicros(record['@timestamp']), network));
  }
  mine.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
  const shortened = prefix;
  if (shortened !== null && !clash) clash = sharesPrefix(records, channel, txId, shortened);

  const tx: Item[] = [];
  const blocks: Item[] = [];
  const ambiguous: string[] = [];
  for (const item of mine) {
    const { ftl } = item;
    if (ftl.tx_id !== undefined) tx.push(item);
    else if (ftl.tx_id_prefix === undefined) {
      if (ftl.txs !== undefined && !fullId) fullId = ftl.txs.some(({ id }) => id === txId);
      blocks.push(item);
    } else if (clash) ambiguous.push(item.id);
    else tx.push(item);
  }
  return { channel, txId, network, tx, blocks, ambiguous, isAmbiguous: clash, prefix: fullId ? null : prefix };
}

/** Whether another transaction among the records begins with the same shortened ID. */
function sharesPrefix(records: readonly StoredRecord[], channel: string, txId: string, prefix: string): boolean {
  for (const { record } of records) {
    const { ftl } = record;
    if (ftl.channel !== undefined && ftl.channel !== channel) continue;
    if (ftl.tx_id !== undefined && ftl.tx_id !== txId && ftl.tx_id.startsWith(prefix)) return true;
    if (ftl.txs !== undefined) for (const { id } of ftl.txs) if (id !== txId && id.startsWith(prefix)) return true;
  }
  return false;
}

function readItem({ id, record }: StoredRecord, at: number, network: Network): Item {
  const { ftl } = record;
  const { point } = ftl;
  const sender = ftl.sender === undefined ? null : network.resolve(withKind(ftl.sender, SENDER_KIND[point]));
  const receiver = ftl.receiver === undefined ? null : network.resolve(withKind(ftl.receiver, RECEIVER_KIND[point]));
  let clock: Identity | null = null;
  if (ftl.source !== 'block') {
    const writer = WRITTEN_BY_SENDER.has(point) ? sender : receiver;
    const name = record['service.node.name'];
    if (writer !== null) clock = writer;
    else if (name !== undefined) {
      clock = network.resolve({ name, kind: record['service.type'] === 'fabric-orderer' ? 'orderer' : 'peer' });
    }
  }
  return { id, point, ftl, at, clock, sender, receiver };
}

const SENDER_KIND: Partial<Record<Point, 'peer' | 'orderer' | 'client'>> = {
  'deliver.block': 'orderer',
  'deliver.send': 'orderer',
  'order.block': 'orderer',
  'gossip.send': 'peer',
  'gossip.receive': 'peer',
  'gossip.transfer': 'peer',
  'endorse.caller': 'peer',
  'endorse.result': 'peer',
  'gateway.evaluate': 'peer',
  'gateway.submit': 'peer',
  'chaincode.invoke': 'peer',
  'block.tx': 'client',
};
const RECEIVER_KIND: Partial<Record<Point, 'peer' | 'orderer'>> = {
  'endorse.request': 'peer',
  'endorse.response': 'peer',
  'endorse.caller': 'peer',
  'endorse.result': 'peer',
  'gateway.evaluate': 'peer',
  'gateway.endorse': 'peer',
  'gateway.submit': 'orderer',
  'gateway.commit_status': 'peer',
  'broadcast.request': 'orderer',
  'broadcast.response': 'orderer',
  'deliver.block': 'peer',
  'deliver.send': 'peer',
  'gossip.send': 'peer',
  'gossip.receive': 'peer',
  'gossip.transfer': 'peer',
  'gossip.commit': 'peer',
  'validate.tx': 'peer',
};

function withKind(partial: PartialIdentity, kind: 'peer' | 'orderer' | 'client' | undefined): PartialIdentity {
  return partial.kind !== undefined || kind === undefined ? partial : { ...partial, kind };
}

/** Whether the time of this record says when something happened. */
export const hasTime = (item: Item) => item.ftl.source !== 'block';

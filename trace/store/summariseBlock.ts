import type { Network } from '../network/network.ts';
import type { StoredRecord, TraceRecord, TxRef } from '../record.ts';
import { approximateTime } from './time.ts';
import type { BlockSummary } from './traceStore.ts';

/** What all records about a block, those about ranges that hold it included, say of it together; their order does not matter. */
export function summariseBlock(
  channel: string,
  number: number,
  records: readonly StoredRecord[],
  network: Network,
): BlockSummary {
  const sorted = records.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const header = pick(sorted, (record) => record.ftl.block?.hash);
  const txs = transactionsOf(sorted);
  const counts = sorted.map(({ record }) => record.ftl.tx_count ?? -1);
  const counted = Math.max(-1, ...counts);
  return {
    channel,
    number,
    hash: header ?? null,
    previousHash: pick(sorted, (record) => record.ftl.block?.previous_hash) ?? null,
    dataHash: pick(sorted, (record) => record.ftl.block?.data_hash) ?? null,
    txCount: txs?.length ?? (counted === -1 ? null : counted),
    txs: (txs ?? []).map(({ id, type, code }) => ({ id, type: type ?? null, code: code ?? null })),
    commits: commitsOf(sorted, network),
    firstSeenAt: firstSeen(sorted),
  };
}

/** The block itself knows best; else whichever record tells, the first by ID. */
function pick<T>(records: readonly StoredRecord[], value: (record: TraceRecord) => T | undefined): T | undefined {
  const ranked = records.filter(({ record }) => isAbout(record) && value(record) !== undefined);
  const best = ranked.find(({ record }) => record.ftl.source === 'block') ?? ranked[0];
  return best === undefined ? undefined : value(best.record);
}

/** A range's record tells nothing of the single block. */
function isAbout(record: TraceRecord): boolean {
  return record.ftl.point !== 'gossip.transfer';
}

const LIST_RANKS: Readonly<Record<string, number>> = { 'block.header': 0, 'gossip.commit': 1, 'order.block': 2 };

/** The list of the best witness, with codes and types that others know filled in. */
function transactionsOf(records: readonly StoredRecord[]): TxRef[] | null {
  const lists = records
    .filter(({ record }) => record.ftl.txs !== undefined)
    .toSorted((a, b) => (LIST_RANKS[a.record.ftl.point] ?? 3) - (LIST_RANKS[b.record.ftl.point] ?? 3))
    .map(({ record }) => record.ftl.txs ?? []);
  const [best, ...others] = lists;
  if (best === undefined) return null;
  const isWhole = best.every(({ type, code }) => type !== undefined && code !== undefined);
  if (isWhole || others.length === 0) return [...best];
  return best.map((tx, n) => {
    // By place as well as ID: an ID may be in a block twice.
    const same = others.map((list) => list[n]).filter((other) => other?.id === tx.id);
    const type = tx.type ?? same.find((other) => other?.type !== undefined)?.type;
    const code = tx.code ?? same.find((other) => other?.code !== undefined)?.code;
    const filled: TxRef = { id: tx.id };
    if (type !== undefined) filled.type = type;
    if (code !== undefined) filled.code = code;
    return filled;
  });
}

function commitsOf(records: readonly StoredRecord[], network: Network): BlockSummary['commits'] {
  const byPeer = new Map<string, BlockSummary['commits'][number]>();
  for (const { record } of records) {
    if (record.ftl.point !== 'gossip.commit') continue;
    const name = record['service.node.name'];
    const who = record.ftl.receiver ?? (name === undefined ? undefined : { name });
    if (who === undefined) continue;
    const peer = network.resolve({ kind: 'peer', ...who }).id;
    const known = byPeer.get(peer);
    const at = record['@timestamp'];
    if (known !== undefined && approximateTime(known.at) <= approximateTime(at)) continue;
    byPeer.set(peer, { peer, at, commitHash: record.ftl.commit_hash ?? known?.commitHash ?? null });
  }
  return [...byPeer.values()].toSorted(
    (a, b) => approximateTime(a.at) - approximateTime(b.at) || (a.peer < b.peer ? -1 : 1),
  );
}

/** By somebody's clock; of a block that only a block source tells of, what that gives as its time. */
function firstSeen(records: readonly StoredRecord[]): string | null {
  const clocked = records.filter(({ record }) => record.ftl.source !== 'block');
  const times = (clocked.length > 0 ? clocked : records).map(({ record }) => record['@timestamp']);
  return times.toSorted((a, b) => approximateTime(a) - approximateTime(b) || (a < b ? -1 : 1))[0] ?? null;
}

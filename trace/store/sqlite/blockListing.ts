import type { Network } from '../../network/network.ts';
import type { StoredRecord, TraceRecord, TxRef } from '../../record.ts';
import { StoreError } from '../errors.ts';
import type { BlockSummary, Page } from '../traceStore.ts';
import type { BlockRow } from './blocks.ts';
import { EvidenceReader } from './evidence.ts';
import type { Parts } from './parts.ts';
import { approximateTime } from './time.ts';

/** Highest number first; of equal numbers by channel name. */
export function listBlocks(
  parts: Parts,
  query: { readonly channel?: string; readonly limit?: number; readonly cursor?: string },
): Page<BlockSummary> {
  const limit = query.limit ?? 50;
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) {
    throw new StoreError('invalid_query', 'limit is a number from 1 to 1,000.');
  }
  const where = ['block.channel <> 0'];
  const values: (string | number)[] = [];
  if (query.channel !== undefined) {
    where.push('channel.name = ?');
    values.push(query.channel);
  }
  if (query.cursor !== undefined) {
    const [number, name] = readCursor(query.cursor);
    where.push('number <= ? AND (number < ? OR channel.name > ?)');
    values.push(number, number, name);
  }
  const rows = parts.db.all(
    `SELECT block.key, number, channel.name FROM block CROSS JOIN channel ON channel.key = block.channel
     WHERE ${where.join(' AND ')} ORDER BY number DESC, channel.name LIMIT ?`,
    ...values,
    limit + 1,
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const reader = new EvidenceReader(parts);
  const items = page.flatMap(([key]) => {
    const block = parts.blocks.byKey(key as number);
    return block === null ? [] : [summariseBlock(block, reader.blockRecords(block.key), parts.facts.network())];
  });
  const next =
    rows.length > limit && last !== undefined
      ? Buffer.from(JSON.stringify([last[1], last[2]])).toString('base64url')
      : null;
  return { items, next };
}

export function findBlock(parts: Parts, channel: string, number: number): BlockSummary | null {
  const key = parts.channels.keyOf(channel);
  if (key === null || key === 0 || !Number.isSafeInteger(number)) return null;
  const row = parts.db.get('SELECT key FROM block WHERE number = ? AND channel = ?', number, key);
  const block = row === undefined ? null : parts.blocks.byKey(row[0] as number);
  if (block === null) return null;
  return summariseBlock(block, new EvidenceReader(parts).blockRecords(block.key), parts.facts.network());
}

function summariseBlock(block: BlockRow, records: readonly StoredRecord[], network: Network): BlockSummary {
  const sorted = records.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const header = pick(sorted, (record) => record.ftl.block?.hash);
  const txs = transactionsOf(sorted);
  const counts = sorted.map(({ record }) => record.ftl.tx_count ?? -1);
  const counted = Math.max(-1, ...counts);
  return {
    channel: block.channel,
    number: block.block,
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

function readCursor(cursor: string): [number, string] {
  try {
    const [number, name] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as [unknown, unknown];
    if (Number.isSafeInteger(number) && typeof name === 'string') return [number as number, name];
  } catch {
    // Falls through: not of this store.
  }
  throw new StoreError('invalid_query', 'The cursor is none of this store.');
}

import { StoreError } from '../errors.ts';
import { summariseBlock } from '../summariseBlock.ts';
import type { BlockSummary, Page } from '../traceStore.ts';
import { EvidenceReader } from './evidence.ts';
import type { Parts } from './parts.ts';

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
    if (block === null) return [];
    return [summariseBlock(block.channel, block.block, reader.blockRecords(block.key), parts.facts.network())];
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
  return summariseBlock(channel, number, new EvidenceReader(parts).blockRecords(block.key), parts.facts.network());
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

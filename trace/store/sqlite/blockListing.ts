import { writeCursor } from '../cursor.ts';
import { pageLimit, readBlockCursor } from '../pages.ts';
import { summariseBlock } from '../summariseBlock.ts';
import type { BlockSummary, Page } from '../traceStore.ts';
import { EvidenceReader } from './evidence.ts';
import type { Parts } from './parts.ts';

/** Highest number first; of equal numbers by channel name. */
export function listBlocks(
  parts: Parts,
  query: { readonly channel?: string; readonly limit?: number; readonly cursor?: string },
): Page<BlockSummary> {
  const limit = pageLimit(query.limit);
  const where = ['block.channel <> 0'];
  const values: (string | number)[] = [];
  if (query.channel !== undefined) {
    where.push('channel.name = ?');
    values.push(query.channel);
  }
  if (query.cursor !== undefined) {
    const [number, name] = readBlockCursor(query.cursor);
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
  const next = rows.length > limit && last !== undefined ? writeCursor([last[1] as number, last[2] as string]) : null;
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

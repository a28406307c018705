import type { StoredRecord } from '../../record.ts';
import { writeCursor } from '../cursor.ts';
import { pageLimit, readBlockCursor } from '../pages.ts';
import { summariseBlock } from '../summariseBlock.ts';
import type { BlockSummary, Page } from '../traceStore.ts';
import type { BlockDocument } from './documents.ts';
import { blockId } from './indices.ts';
import type { Parts } from './parts.ts';
import { blockRecords } from './rowLoader.ts';

/** Blocks whose records are read at once: each has a few per node, with a list of all transactions in some. */
const AT_ONCE = 50;

interface BlockKey {
  readonly channel: string;
  readonly number: number;
}

/** Highest number first; of equal numbers by channel name. */
export async function listBlocks(
  parts: Parts,
  query: { readonly channel?: string; readonly limit?: number; readonly cursor?: string },
): Promise<Page<BlockSummary>> {
  const limit = pageLimit(query.limit);
  const after = query.cursor === undefined ? null : readBlockCursor(query.cursor);
  const { cluster } = parts;
  const { blocks } = cluster.names;
  await cluster.show(blocks);
  const { hits } = await cluster.search<BlockDocument>(blocks, {
    size: limit + 1,
    track_total_hits: false,
    query: query.channel === undefined ? { match_all: {} } : { term: { channel: query.channel } },
    sort: [{ number: 'desc' }, { channel: 'asc' }],
    ...(after !== null && { search_after: after }),
  });
  const page = hits.slice(0, limit).map(({ source: { channel, number } }) => ({ channel, number }));
  const last = page.at(-1);
  const next = hits.length > limit && last !== undefined ? writeCursor([last.number, last.channel]) : null;
  const items: BlockSummary[] = [];
  for (let n = 0; n < page.length; n += AT_ONCE) items.push(...(await summarise(parts, page.slice(n, n + AT_ONCE))));
  return { items, next };
}

export async function findBlock(parts: Parts, channel: string, number: number): Promise<BlockSummary | null> {
  if (channel === '' || !Number.isSafeInteger(number) || number < 0) return null;
  const { cluster } = parts;
  const { status } = await cluster.send({
    method: 'GET',
    path: `/${cluster.names.blocks}/_doc/${blockId(channel, number)}`,
    accept: [404],
  });
  if (status === 404) return null;
  const [summary] = await summarise(parts, [{ channel, number }]);
  return summary ?? null;
}

async function summarise(parts: Parts, blocks: readonly BlockKey[]): Promise<BlockSummary[]> {
  const network = await parts.facts.network();
  const { cluster } = parts;
  await cluster.show(cluster.names.records);
  const records = new Map<string, ReadonlyMap<number, readonly StoredRecord[]>>();
  for (const [channel, keys] of Map.groupBy(blocks, (block) => block.channel)) {
    const numbers = keys.map(({ number }) => number);
    records.set(channel, await blockRecords(cluster, channel, numbers));
  }
  return blocks.map(({ channel, number }) =>
    summariseBlock(channel, number, records.get(channel)?.get(number) ?? [], network),
  );
}

import { foreignCursor, writeCursor } from '../cursor.ts';
import { exportLimit, readExportCursor } from '../exportCursor.ts';
import type { ExportPage } from '../traceStore.ts';
import type { Cluster, Hit } from './cluster.ts';
import { behind } from './indices.ts';
import type { Parts } from './parts.ts';
import { unwrap } from './recordDocument.ts';

interface Shard {
  readonly index: string;
  readonly shard: number;
}

/**
 * Facts first, then index after index, each shard by the sequence numbers that Elasticsearch gave its documents: these never
 * change, so that a cursor needs nothing to be kept open in the cluster.
 */
export async function exportRecords(
  { cluster }: Parts,
  after: string | null,
  asked: number | undefined,
): Promise<ExportPage> {
  const limit = exportLimit(asked);
  const start = after === null ? null : placeOf(after);
  const { names } = cluster;
  if (start === null) await cluster.refresh(names.network, names.records);
  const shards = await shardsOf(cluster);
  // An index that was dropped meanwhile is passed over.
  const from = start === null ? 0 : shards.findIndex((shard) => compare(shard, start, names.network) >= 0);
  if (from === -1) return { records: [], next: null };
  const records: Hit[] = [];
  for (const [n, shard] of shards.slice(from).entries()) {
    const seqNo = n === 0 && start !== null && compare(shard, start, names.network) === 0 ? start.seqNo : -1;
    const wanted = limit - records.length;
    const hits = await hitsOf(cluster, shard, seqNo, wanted + 1);
    const page = hits.slice(0, wanted);
    records.push(...(await withoutDoubles(cluster, page, shards)));
    if (hits.length <= wanted) continue;
    const last = page.at(-1)?.sort?.[0] ?? seqNo;
    return {
      records: records.map((hit) => unwrap(hit)),
      next: writeCursor([shard.index, shard.shard, Number(last)]),
    };
  }
  return { records: records.map((hit) => unwrap(hit)), next: null };
}

async function hitsOf(cluster: Cluster, { index, shard }: Shard, seqNo: number, size: number): Promise<readonly Hit[]> {
  const { hits } = await cluster.search(
    index,
    { size, track_total_hits: false, query: { range: { _seq_no: { gt: seqNo } } }, sort: [{ _seq_no: 'asc' }] },
    { preference: `_shards:${shard}` },
  );
  return hits;
}

/** A record that came again after its index was rolled over is in two of them; the one in the earlier index counts. */
async function withoutDoubles(
  cluster: Cluster,
  hits: readonly Hit[],
  shards: readonly Shard[],
): Promise<readonly Hit[]> {
  const [first] = hits;
  if (first === undefined) return hits;
  const earlier = new Set(shards.map(({ index }) => index).filter((index) => index < first.index));
  earlier.delete(cluster.names.network);
  if (earlier.size === 0 || first.index === cluster.names.network) return hits;
  const known = await cluster.all([...earlier].join(), {
    query: { ids: { values: hits.map(({ id }) => id) } },
    _source: false,
  });
  const ids = new Set(known.map(({ id }) => id));
  return hits.filter(({ id }) => !ids.has(id));
}

async function shardsOf(cluster: Cluster): Promise<Shard[]> {
  const { names } = cluster;
  const { body } = await cluster.send<
    Readonly<Record<string, { readonly settings: { readonly index: { readonly number_of_shards: string } } }>>
  >({
    method: 'GET',
    path: `/${names.network},${behind(names.records)}/_settings/index.number_of_shards`,
    query: { ignore_unavailable: true },
  });
  return Object.entries(body)
    .flatMap(([index, { settings }]) =>
      Array.from({ length: Number(settings.index.number_of_shards) }, (_, shard) => ({ index, shard })),
    )
    .toSorted((a, b) => compare(a, b, names.network));
}

/** Facts, then indices by name. */
function compare(a: Shard, b: Shard, network: string): number {
  if (a.index === b.index) return a.shard - b.shard;
  if (a.index === network) return -1;
  return b.index === network || a.index > b.index ? 1 : -1;
}

function placeOf(cursor: string): Shard & { readonly seqNo: number } {
  const [index, shard, seqNo, ...more] = readExportCursor(cursor);
  if (!Number.isSafeInteger(shard) || !Number.isSafeInteger(seqNo) || more.length > 0) throw foreignCursor();
  return { index, shard: shard as number, seqNo: seqNo as number };
}

import type { StoredRecord, TraceRecord } from '../../record.ts';
import { type Cluster, type Hit, PAGE } from './cluster.ts';
import { unwrap } from './recordDocument.ts';

/** By `index/shard`. */
export type Positions = Readonly<Record<string, number>>;

/**
 * How far each shard has come: the highest sequence number up to which every operation is in all copies of the shard. After a
 * refresh that follows, a search sees all of them; beyond it there may be gaps.
 */
export async function headsOf(cluster: Cluster, index: string): Promise<Positions> {
  interface Shard {
    readonly routing?: { readonly primary?: boolean };
    readonly seq_no?: { readonly global_checkpoint: number };
  }
  const { body } = await cluster.send<{
    readonly indices?: Readonly<Record<string, { readonly shards?: Readonly<Record<string, readonly Shard[]>> }>>;
  }>({
    method: 'GET',
    path: `/${index}/_stats/docs`,
    query: { level: 'shards', filter_path: 'indices.*.shards.*.seq_no,indices.*.shards.*.routing.primary' },
  });
  const heads: Record<string, number> = {};
  for (const [name, { shards = {} }] of Object.entries(body.indices ?? {})) {
    for (const [shard, copies] of Object.entries(shards)) {
      for (const { routing, seq_no: seqNo } of copies) {
        if (routing?.primary === true && seqNo !== undefined) heads[`${name}/${shard}`] = seqNo.global_checkpoint;
      }
    }
  }
  return heads;
}

/** How many operations lie between; documents are as many at most. */
export function distance(from: Positions, to: Positions): number {
  return Object.entries(to).reduce((sum, [shard, head]) => sum + Math.max(0, head - (from[shard] ?? -1)), 0);
}

/** The next documents of one shard after `from`, up to `to`, in the order in which they were written; `PAGE` at most. */
export async function nextOf(
  cluster: Cluster,
  shard: string,
  range: { readonly from: number; readonly to: number },
  body: object,
): Promise<readonly Hit[]> {
  const slash = shard.lastIndexOf('/');
  const answer = await cluster.search(
    shard.slice(0, slash),
    {
      size: PAGE,
      track_total_hits: false,
      query: { range: { _seq_no: { gt: range.from, lte: range.to } } },
      sort: ['_seq_no'],
      ...body,
    },
    { preference: `_shards:${shard.slice(slash + 1)}` },
  );
  return answer.hits;
}

/** Where a page ends: everything up to there has been read. */
export function endOf(hits: readonly Hit[], to: number): number {
  const last = hits.at(-1)?.sort?.[0];
  return hits.length < PAGE || typeof last !== 'number' ? to : last;
}

/** All facts that came between two positions. */
export async function factsBetween(cluster: Cluster, from: Positions, to: Positions): Promise<StoredRecord[]> {
  const facts: StoredRecord[] = [];
  for (const [shard, head] of Object.entries(to)) {
    for (let at = from[shard] ?? -1; at < head; ) {
      const hits = await nextOf(cluster, shard, { from: at, to: head }, {});
      facts.push(...hits.map(unwrap));
      at = endOf(hits, head);
    }
  }
  return facts;
}

/** What refresh reads of a new record: columns, not the document. */
export const FEED_BODY = {
  _source: false,
  docvalue_fields: [
    { field: '@timestamp', format: 'strict_date_optional_time_nanos' },
    'service.node.name',
    'service.type',
    'ftl.point',
    'ftl.channel',
    'ftl.tx_id',
    'ftl.tx_id_prefix',
    'ftl.block.number',
    'ftl.block.last',
  ],
};

/** As much of a record as `FEED_BODY` gives. */
export function recordOfColumns({ fields }: Hit): TraceRecord {
  const text = (name: string) => fields[name]?.[0] as string | undefined;
  const number = (name: string) => fields[name]?.[0] as number | undefined;
  const node = text('service.node.name');
  const type = text('service.type') as TraceRecord['service.type'];
  const channel = text('ftl.channel');
  const txId = text('ftl.tx_id');
  const prefix = text('ftl.tx_id_prefix');
  const block = number('ftl.block.number');
  const last = number('ftl.block.last');
  return {
    '@timestamp': text('@timestamp') ?? '',
    ...(node !== undefined && { 'service.node.name': node }),
    ...(type !== undefined && { 'service.type': type }),
    ftl: {
      version: 1,
      point: text('ftl.point') as TraceRecord['ftl']['point'],
      ...(channel !== undefined && { channel }),
      ...(txId !== undefined && { tx_id: txId }),
      ...(prefix !== undefined && { tx_id_prefix: prefix }),
      ...(block !== undefined && { block: { number: block, ...(last !== undefined && { last }) } }),
    },
  };
}

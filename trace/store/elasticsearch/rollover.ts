import type { Cluster } from './cluster.ts';

/** When the indices behind `records` and `traces` are left for new ones; whichever comes first. */
export interface Rollover {
  /** `7d`, as Elasticsearch writes times. */
  readonly maxAge?: string;
  /** Of a primary shard: `20gb`. */
  readonly maxSize?: string;
  readonly maxDocuments?: number;
}

export const ROLLOVER_DEFAULTS: Rollover = { maxAge: '7d', maxSize: '20gb' };

/** Asks Elasticsearch to roll over what is old or large enough. */
export async function rollOver(cluster: Cluster, { maxAge, maxSize, maxDocuments }: Rollover): Promise<void> {
  const conditions = {
    ...(maxAge !== undefined && { max_age: maxAge }),
    ...(maxSize !== undefined && { max_primary_shard_size: maxSize }),
    ...(maxDocuments !== undefined && { max_docs: maxDocuments }),
  };
  // Without conditions it would roll over at once.
  if (Object.keys(conditions).length === 0) return;
  for (const alias of [cluster.names.records, cluster.names.traces]) {
    await cluster.send({ method: 'POST', path: `/${alias}/_rollover`, body: { conditions } });
  }
}

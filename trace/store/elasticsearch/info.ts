import type { StoreInfo } from '../traceStore.ts';
import { behind, SCHEMA_VERSION } from './indices.ts';
import type { Parts } from './parts.ts';

/** Counts are those that searches see; `bytes` is what the store's indices take on all nodes together, replicas included. */
export async function readInfo({ cluster }: Parts): Promise<StoreInfo> {
  const { names, connection } = cluster;
  await cluster.show(names.records, names.network, names.traces);
  const body = { size: 0, track_total_hits: true };
  const [records, network, traces] = await cluster.searches(
    [names.records, names.network, names.traces].map((index) => ({ index, body })),
  );
  const indices = [behind(names.records), behind(names.traces), names.network, names.blocks, names.state];
  const { body: stats } = await cluster.send<{
    readonly _all?: { readonly total?: { readonly store?: { readonly size_in_bytes?: number } } };
  }>({
    method: 'GET',
    path: `/${indices.join()}/_stats/store`,
    query: { filter_path: '_all.total.store.size_in_bytes', ignore_unavailable: true },
  });
  const { _all: all } = stats;
  return {
    kind: 'elasticsearch',
    location: connection.location,
    schemaVersion: SCHEMA_VERSION,
    records: (records?.total ?? 0) + (network?.total ?? 0),
    traces: traces?.total ?? 0,
    bytes: all?.total?.store?.size_in_bytes ?? 0,
  };
}

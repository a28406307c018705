import { randomBytes } from 'node:crypto';
import { parseElasticsearchUrl } from '#trace/store/elasticsearch/address.ts';
import { Connection } from '#trace/store/elasticsearch/connection.ts';
import { openStore } from '#trace/store/openStore.ts';
import type { TraceStore } from '#trace/store/traceStore.ts';

/** An empty place in a cluster for one store: index names with a prefix that nobody else has. */
export interface StorePlace {
  readonly url: string;
  readonly prefix: string;
  open(): Promise<TraceStore>;
  /** Closes what is still open and removes indices and templates. */
  destroy(): Promise<void>;
}

export function storePlace(clusterUrl: string): StorePlace {
  const prefix = `ftl-test-${randomBytes(6).toString('hex')}`;
  const url = `elasticsearch:${clusterUrl}/${prefix}`;
  const stores: TraceStore[] = [];
  return {
    url,
    prefix,
    async open() {
      const store = await openStore(url);
      stores.push(store);
      return store;
    },
    async destroy() {
      for (const store of stores) await store.close();
      await removeStore(url);
    },
  };
}

async function removeStore(url: string): Promise<void> {
  const connection = new Connection(parseElasticsearchUrl(url));
  const { prefix } = connection;
  const indices = await connection.run((client) =>
    client.indices.get({ index: `${prefix}-*`, allow_no_indices: true }),
  );
  const names = Object.keys(indices);
  if (names.length > 0) await connection.run((client) => client.indices.delete({ index: names }));
  await connection.run((client) => client.indices.deleteIndexTemplate({ name: `${prefix}-*` }, { ignore: [404] }));
  await connection.run((client) => client.cluster.deleteComponentTemplate({ name: `${prefix}-*` }, { ignore: [404] }));
  await connection.close();
}

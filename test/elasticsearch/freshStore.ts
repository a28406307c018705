import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, inject } from 'vitest';
import { parseElasticsearchUrl } from '#trace/store/elasticsearch/address.ts';
import { Connection } from '#trace/store/elasticsearch/connection.ts';
import { openStore } from '#trace/store/openStore.ts';
import type { TraceStore } from '#trace/store/traceStore.ts';

/** An empty place in a cluster for one store: index names with a prefix that nobody else has. */
export interface StorePlace {
  readonly url: string;
  readonly prefix: string;
  open(): Promise<TraceStore>;
  /** Closes what is still open and removes the indices. */
  destroy(): Promise<void>;
}

/** Places that are empty again, by cluster. Their templates stay until the end of the file: to make them anew takes longest. */
const empty = new Map<string, string[]>();
afterAll(async () => {
  for (const [clusterUrl, prefixes] of empty) {
    for (const prefix of prefixes) await removeTemplates(`elasticsearch:${clusterUrl}/${prefix}`);
  }
});

export function storePlace(clusterUrl: string): StorePlace {
  const others = empty.get(clusterUrl) ?? [];
  empty.set(clusterUrl, others);
  const prefix = others.pop() ?? `ftl-test-${randomBytes(6).toString('hex')}`;
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
      await removeIndices(url);
      others.push(prefix);
    },
  };
}

const places: StorePlace[] = [];
afterEach(async () => {
  for (const place of places.splice(0)) await place.destroy();
});

/** In the suite's own cluster, for one test. */
export function newPlace(): StorePlace {
  const place = storePlace(inject('elasticsearchUrl'));
  places.push(place);
  return place;
}

async function removeIndices(url: string): Promise<void> {
  const connection = new Connection(parseElasticsearchUrl(url));
  const { prefix } = connection;
  const indices = await connection.run((client) =>
    client.indices.get({ index: `${prefix}-*`, allow_no_indices: true, filter_path: '*.aliases' }),
  );
  const names = Object.keys(indices);
  if (names.length > 0) await connection.run((client) => client.indices.delete({ index: names }));
  await connection.close();
}

async function removeTemplates(url: string): Promise<void> {
  const connection = new Connection(parseElasticsearchUrl(url));
  const { prefix } = connection;
  await connection.run((client) => client.indices.deleteIndexTemplate({ name: `${prefix}-*` }, { ignore: [404] }));
  await connection.run((client) => client.cluster.deleteComponentTemplate({ name: `${prefix}-*` }, { ignore: [404] }));
  await connection.close();
}

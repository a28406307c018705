import { dirname } from 'node:path';
import type { Options } from '#config/options.ts';
import { readElasticsearch } from '#config/readElasticsearch.ts';
import { openStore, type OpenStoreOptions } from '#trace/store/openStore.ts';
import type { TraceStore } from '#trace/store/traceStore.ts';

/**
 * The store that the options name, with the credentials that they hold.
 * @throws ConfigError, StoreError
 */
export function openStoreOf(
  options: Options,
  how: Pick<OpenStoreOptions, 'readOnly' | 'mustExist'> = {},
): Promise<TraceStore> {
  const rollover = { maxAge: options.elasticsearchRolloverAge, maxSize: options.elasticsearchRolloverSize };
  return openStore(options.store, { ...how, rollover, elasticsearch: readElasticsearch(options) });
}

/** The file of a store that is one; null for any other. */
export function fileOfStore({ store }: Pick<Options, 'store'>): string | null {
  return /^sqlite:/i.test(store) ? store.slice('sqlite:'.length) : null;
}

/** Whether others write into the store beside us: collectors elsewhere, a Logstash. */
export function isSharedStore({ store }: Pick<Options, 'store'>): boolean {
  return /^elasticsearch:/i.test(store);
}

/** Where files that go with the store are kept: beside it, or `ftl-data` where it is no file. */
export function folderOfStore(options: Pick<Options, 'store'>): string {
  const file = fileOfStore(options);
  return file === null ? 'ftl-data' : dirname(file);
}

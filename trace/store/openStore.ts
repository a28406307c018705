import { existsSync } from 'node:fs';
import type { ElasticsearchAccess } from './elasticsearch/connection.ts';
import type { Rollover } from './elasticsearch/rollover.ts';
import { StoreError } from './errors.ts';
import { openSqliteStore } from './sqlite/sqliteStore.ts';
import type { TraceStore } from './traceStore.ts';

export interface OpenStoreOptions {
  /** For reading only; the store must exist. */
  readonly readOnly?: boolean;
  /** Rejects with `cannot_open` instead of making a new store. */
  readonly mustExist?: boolean;
  /** When indices in Elasticsearch are left for new ones, if not at `ROLLOVER_DEFAULTS`; of no effect on other stores. */
  readonly rollover?: Rollover;
  /** Credentials and patience for a store in Elasticsearch; of no effect on others. */
  readonly elasticsearch?: ElasticsearchAccess;
}

const HOW = 'write sqlite:PATH or elasticsearch:http://HOST:9200';

/**
 * Opens the store that a URL names: `sqlite:PATH` (relative to the working directory, or absolute; `sqlite::memory:` for one
 * that lives as long as the process), or `elasticsearch:` as `parseElasticsearchUrl` tells. Rejects with `StoreError`, for any
 * other scheme with code `unsupported_url`.
 */
export async function openStore(url: string, options: OpenStoreOptions = {}): Promise<TraceStore> {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme === 'elasticsearch') return openElasticsearch(url, options);
  if (scheme !== 'sqlite') {
    throw new StoreError(
      'unsupported_url',
      scheme === undefined ? `"${url}" names no store: ${HOW}.` : `There is no store for "${scheme}:" URLs: ${HOW}.`,
    );
  }
  const path = url.slice('sqlite:'.length);
  if (path === '') throw new StoreError('unsupported_url', 'The store URL lacks a path: write sqlite:PATH.');
  if (options.mustExist === true && path !== ':memory:' && !existsSync(path)) {
    throw new StoreError('cannot_open', `There is no store at ${path}.`);
  }
  return openSqliteStore(path, { readOnly: options.readOnly ?? false });
}

/** The client is loaded only by who needs it. */
async function openElasticsearch(url: string, options: OpenStoreOptions): Promise<TraceStore> {
  const [{ parseElasticsearchUrl }, { Connection }, { openElasticsearchStore }] = await Promise.all([
    import('./elasticsearch/address.ts'),
    import('./elasticsearch/connection.ts'),
    import('./elasticsearch/elasticsearchStore.ts'),
  ]);
  const connection = new Connection(parseElasticsearchUrl(url), options.elasticsearch);
  const { readOnly = false, mustExist = false, rollover } = options;
  const how = { readOnly, mustExist, ...(rollover !== undefined && { rollover }) };
  return openElasticsearchStore(connection, how).catch((error: unknown) => {
    // What is no more than a disturbance later on is a store that cannot be opened now.
    if (!(error instanceof StoreError) || (error.code !== 'io' && error.code !== 'busy')) throw error;
    throw new StoreError('cannot_open', error.message, { cause: error.cause });
  });
}

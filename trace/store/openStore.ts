import { existsSync } from 'node:fs';
import { StoreError } from './errors.ts';
import { openSqliteStore } from './sqlite/sqliteStore.ts';
import type { TraceStore } from './traceStore.ts';

export interface OpenStoreOptions {
  /** For reading only; the store must exist. */
  readonly readOnly?: boolean;
  /** Rejects with `cannot_open` instead of making a new store. */
  readonly mustExist?: boolean;
}

/**
 * Opens the store that a URL names: `sqlite:PATH` (relative to the working directory, or absolute; `sqlite::memory:` for one
 * that lives as long as the process). Rejects with `StoreError`, for any other scheme with code `unsupported_url`.
 */
export async function openStore(url: string, options: OpenStoreOptions = {}): Promise<TraceStore> {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme !== 'sqlite') {
    throw new StoreError(
      'unsupported_url',
      scheme === undefined
        ? `"${url}" names no store: write sqlite:PATH.`
        : `There is no store for "${scheme}:" URLs: write sqlite:PATH.`,
    );
  }
  const path = url.slice('sqlite:'.length);
  if (path === '') throw new StoreError('unsupported_url', 'The store URL lacks a path: write sqlite:PATH.');
  if (options.mustExist === true && path !== ':memory:' && !existsSync(path)) {
    throw new StoreError('cannot_open', `There is no store at ${path}.`);
  }
  return openSqliteStore(path, { readOnly: options.readOnly ?? false });
}

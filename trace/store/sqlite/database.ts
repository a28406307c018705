import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { StoreError, type StoreErrorCode } from '../errors.ts';
import { migrate } from './schema.ts';

export interface DatabaseOptions {
  /** Opens for reading only; the file must exist. */
  readonly readOnly?: boolean;
  /** How long to wait for another process's write, in milliseconds (10,000). */
  readonly busyTimeoutMs?: number;
  /** Page cache in KiB (65,536). */
  readonly cacheKiB?: number;
  /** Most pages of 4 KiB that the file may have; beyond it the store says `disk_full`. */
  readonly mostPages?: number;
}

/** Values of one row, in the order of the columns asked for. */
export type Row = (number | string | Uint8Array | null)[];

/**
 * The connection: opened with the right pragmas, statements prepared once, transactions that nest nowhere, and SQLite's errors
 * as `StoreError`. Rows come as arrays, which is faster and enough.
 */
export class Database {
  readonly path: string;
  readonly readOnly: boolean;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #closed = false;

  constructor(path: string, options: DatabaseOptions = {}) {
    this.path = path === ':memory:' ? path : resolve(path);
    this.readOnly = options.readOnly ?? false;
    if (path !== ':memory:' && !this.readOnly) makeFolder(this.path);
    try {
      this.#db = new DatabaseSync(this.path, {
        readOnly: this.readOnly,
        timeout: options.busyTimeoutMs ?? 10_000,
        returnArrays: true,
      });
    } catch (error) {
      throw asStoreError(error, this.path, 'cannot_open');
    }
    try {
      this.#db.exec(`PRAGMA cache_size = -${options.cacheKiB ?? 16_384}; PRAGMA temp_store = MEMORY;`);
      migrate(this);
      if (options.mostPages !== undefined) this.#db.exec(`PRAGMA max_page_count = ${Math.trunc(options.mostPages)}`);
    } catch (error) {
      this.#db.close();
      throw asStoreError(error, this.path);
    }
  }

  get closed(): boolean {
    return this.#closed;
  }

  prepare(sql: string): StatementSync {
    if (this.#closed) throw new StoreError('closed', 'The store is closed.');
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      if (this.#statements.size >= 500) this.#statements.clear();
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** Runs statements that are no hot path. */
  exec(sql: string): void {
    if (this.#closed) throw new StoreError('closed', 'The store is closed.');
    this.#db.exec(sql);
  }

  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.prepare(sql).run(...values).changes);
  }

  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.prepare(sql).get(...values) as unknown as Row | undefined;
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.prepare(sql).all(...values) as unknown as Row[];
  }

  /** The first column of the first row as a number; 0 if there is none. */
  number(sql: string, ...values: SQLInputValue[]): number {
    const value = this.get(sql, ...values)?.[0];
    return typeof value === 'number' ? value : 0;
  }

  /**
   * All or nothing, under the write lock from the start: whoever writes first reads what it bases its writes on. Nothing
   * asynchronous may happen inside.
   */
  write<T>(work: () => T): T {
    this.prepare('BEGIN IMMEDIATE').run();
    try {
      const result = work();
      this.prepare('COMMIT').run();
      return result;
    } catch (error) {
      this.#rollback();
      throw error;
    }
  }

  /** One snapshot for several reads; never waits for a writer and never makes one wait. */
  read<T>(work: () => T): T {
    this.prepare('BEGIN').run();
    try {
      return work();
    } finally {
      this.#rollback();
    }
  }

  /** Changes whenever another connection has written. */
  dataVersion(): number {
    return this.number('PRAGMA data_version');
  }

  bytes(): number {
    const pages = this.number('PRAGMA page_count') * this.number('PRAGMA page_size');
    if (this.path === ':memory:') return pages;
    return pages + (statSync(`${this.path}-wal`, { throwIfNoEntry: false })?.size ?? 0);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#statements.clear();
    this.#db.close();
  }

  #rollback(): void {
    // After some errors (a full disk among them) SQLite has rolled back by itself.
    if (!this.#closed && this.#db.isTransaction) this.#db.exec('ROLLBACK');
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    throw new StoreError('cannot_open', `The folder of ${path} cannot be made.`, { cause: error });
  }
}

/** SQLite's primary result codes (https://www.sqlite.org/rescode.html) that mean something to a caller. */
const CODES: Readonly<Record<number, readonly [StoreErrorCode, string]>> = {
  5: ['busy', 'is held by another process'],
  6: ['busy', 'is held by another process'],
  8: ['read_only', 'is read-only'],
  10: ['io', 'cannot be read or written'],
  11: ['corrupt', 'is damaged'],
  13: ['disk_full', 'cannot grow: the disk is full'],
  14: ['cannot_open', 'cannot be opened'],
  26: ['not_a_store', 'is no SQLite database'],
};

/** Any error as the store's own; those that are already pass. */
export function asStoreError(error: unknown, path: string, otherwise: StoreErrorCode = 'io'): StoreError {
  if (error instanceof StoreError) return error;
  const number = (error as { errcode?: unknown }).errcode;
  const known = typeof number === 'number' ? CODES[number & 0xff] : undefined;
  const text = error instanceof Error ? error.message : String(error);
  if (known === undefined) return new StoreError(otherwise, `${path}: ${text}`, { cause: error });
  return new StoreError(known[0], `${path} ${known[1]} (${text}).`, { cause: error });
}

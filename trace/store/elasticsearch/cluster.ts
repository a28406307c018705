import { setTimeout as delay } from 'node:timers/promises';
import type { StoreError } from '../errors.ts';
import { itemError } from './clientErrors.ts';
import type { Connection } from './connection.ts';
import type { IndexNames } from './indices.ts';

export interface Hit<T = unknown> {
  readonly index: string;
  readonly id: string;
  /** The document, unless it was not asked for. */
  readonly source: T;
  readonly seqNo: number | undefined;
  readonly primaryTerm: number | undefined;
  readonly sort: readonly (string | number | null)[] | undefined;
  /** Of `docvalue_fields`; a field without a value is absent. */
  readonly fields: Readonly<Record<string, readonly unknown[]>>;
}

export interface SearchAnswer<T = unknown> {
  readonly hits: readonly Hit<T>[];
  /** With `track_total_hits` only. */
  readonly total: number;
  readonly aggregations: Readonly<Record<string, unknown>>;
}

/** As they come. */
interface WireHit {
  readonly _index: string;
  readonly _id: string;
  readonly _source?: unknown;
  readonly _seq_no?: number;
  readonly _primary_term?: number;
  readonly sort?: readonly (string | number | null)[];
  readonly fields?: Readonly<Record<string, readonly unknown[]>>;
}
interface WireAnswer {
  readonly hits: { readonly total?: { readonly value: number }; readonly hits: readonly WireHit[] };
  readonly aggregations?: Readonly<Record<string, unknown>>;
  readonly pit_id?: string;
}

/** One of several searches; a cluster that is short of memory refuses some of them. */
interface WirePart extends WireAnswer {
  readonly error?: object;
  readonly status?: number;
}

export interface BulkItem {
  readonly status: number;
  readonly error?: { readonly type?: string; readonly reason?: string };
}

interface BulkOptions {
  /** The index must be an alias. */
  readonly isAlias?: boolean;
}

interface BulkAnswer {
  readonly items: readonly BulkItem[];
  readonly repeated: boolean;
}

interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly body?: object | string;
  /** Lines of JSON; instead of `body`. */
  readonly lines?: string;
  /** Statuses beyond 2xx that are answers, not errors. */
  readonly accept?: readonly number[];
}

interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

/** Most hits of one search. */
export const PAGE = 5000;
const KEEP_ALIVE = '1m';
/** Actions that were refused because there is too much to do are sent again so often; the last pause is some three seconds. */
const ATTEMPTS = 6;
const FIRST_PAUSE_MS = 50;

/**
 * The few requests that the store is made of, and which of its indices hold writes of this process that searches do not see yet.
 * What another process has written is seen after the index's `refresh_interval` at the latest.
 */
export class Cluster {
  readonly connection: Connection;
  readonly names: IndexNames;
  /** Aliases and indices written to since their last refresh. */
  readonly #unseen = new Set<string>();

  constructor(connection: Connection, names: IndexNames) {
    this.connection = connection;
    this.names = names;
  }

  /** @throws StoreError */
  async send<T>({ method, path, query, body, lines, accept }: Request): Promise<Answer<T>> {
    return this.connection.run(async (client) => {
      const { statusCode, body: answer } = await client.transport.request<T>(
        {
          method,
          path,
          ...(query !== undefined && { querystring: query }),
          ...(body !== undefined && { body }),
          ...(lines !== undefined && { bulkBody: lines }),
        },
        { meta: true, ...(accept !== undefined && { ignore: [...accept] }) },
      );
      return { status: statusCode, body: answer };
    });
  }

  /** An index or alias that is not there holds nothing. */
  async search<T>(index: string, body: object, query: Request['query'] = {}): Promise<SearchAnswer<T>> {
    const answer = await this.send<WireAnswer>({
      method: 'POST',
      path: `/${index}/_search`,
      query: { ignore_unavailable: true, ...query },
      body,
    });
    return toAnswer(answer.body);
  }

  /** Several searches in one request; an error of any is an error of all. */
  async searches(
    searches: readonly { readonly index: string; readonly body: object }[],
  ): Promise<readonly SearchAnswer[]> {
    if (searches.length === 0) return [];
    const lines = searches
      .map(({ index, body }) => `${JSON.stringify({ index, ignore_unavailable: true })}\n${JSON.stringify(body)}\n`)
      .join('');
    return this.connection.run(async (client) => {
      const { responses } = await client.transport.request<{ responses: readonly WirePart[] }>({
        method: 'POST',
        path: '/_msearch',
        bulkBody: lines,
      });
      return responses.map((response) => {
        if (response.error === undefined) return toAnswer(response);
        throw itemError(response.status ?? 500, response.error, this.connection.location);
      });
    });
  }

  /** Every hit of a query, in no order; one request where there are fewer than `PAGE`. */
  async all<T>(index: string, body: object): Promise<readonly Hit<T>[]> {
    const first = await this.search<T>(index, { size: PAGE, track_total_hits: false, sort: ['_doc'], ...body });
    if (first.hits.length < PAGE) return first.hits;
    const opened = await this.send<{ id: string }>({
      method: 'POST',
      path: `/${index}/_pit`,
      query: { keep_alive: KEEP_ALIVE, ignore_unavailable: true },
    });
    let pit = opened.body.id;
    try {
      const hits: Hit<T>[] = [];
      for (;;) {
        const after = hits.at(-1)?.sort;
        const answer = await this.send<WireAnswer>({
          method: 'POST',
          path: '/_search',
          body: {
            size: PAGE,
            track_total_hits: false,
            ...body,
            sort: ['_shard_doc'],
            pit: { id: pit, keep_alive: KEEP_ALIVE },
            ...(after !== undefined && { search_after: after }),
          },
        });
        pit = answer.body.pit_id ?? pit;
        const page = toAnswer<T>(answer.body).hits;
        hits.push(...page);
        if (page.length < PAGE) return hits;
      }
    } finally {
      await this.send({ method: 'DELETE', path: '/_pit', body: { id: pit }, accept: [404] });
    }
  }

  /**
   * Actions on one index or alias, or on those that they name themselves. One item an action, in order; `repeated` where an
   * earlier attempt of this very request may have been carried out without an answer. What is too long for a proxy before the cluster
   * goes in parts; an action that is too long by itself has the status 413.
   */
  async bulk(lines: string, index: string, options: BulkOptions = {}): Promise<BulkAnswer> {
    this.#unseen.add(index);
    let attempts = 0;
    const { statusCode, body } = await this.connection.run(async (client) => {
      attempts++;
      return client.transport.request<{ items: readonly Readonly<Record<string, BulkItem>>[] }>(
        {
          method: 'POST',
          path: `/${index}/_bulk`,
          querystring: {
            filter_path: 'items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by',
            // Without its alias an index of that name would be made, and without a mapping.
            ...(options.isAlias === true && { require_alias: true }),
          },
          bulkBody: lines,
        },
        { meta: true, ignore: [413] },
      );
    });
    if (statusCode === 413) return this.#bulkInParts(lines, index, options);
    return { items: body.items.map((item) => Object.values(item)[0] as BulkItem), repeated: attempts > 1 };
  }

  async #bulkInParts(lines: string, index: string, options: BulkOptions): Promise<BulkAnswer> {
    const actions = actionsOf(lines);
    if (actions.length < 2) {
      const reason = `a request of ${lines.length} characters is longer than what is let through to Elasticsearch (client_max_body_size of a proxy, http.max_content_length)`;
      return { items: actions.map(() => ({ status: 413, error: { type: 'too_large', reason } })), repeated: false };
    }
    const middle = actions.length >> 1;
    const first = await this.bulk(actions.slice(0, middle).join(''), index, options);
    const second = await this.bulk(actions.slice(middle).join(''), index, options);
    return { items: [...first.items, ...second.items], repeated: first.repeated || second.repeated };
  }

  /**
   * Actions of which each must succeed, or find its work done: a document there already, in a newer version, or gone. Those that are
   * refused because there is too much to do are sent again, with growing pauses.
   */
  async write(lines: string, touched: readonly string[]): Promise<readonly BulkItem[]> {
    const [index] = touched;
    if (lines === '' || index === undefined) return [];
    for (const other of touched) this.#unseen.add(other);
    const actions = actionsOf(lines);
    const done: BulkItem[] = [];
    let rest = [...actions.keys()];
    for (let attempt = 0; ; attempt++) {
      const { items } = await this.bulk(
        rest.length === actions.length ? lines : rest.map((n) => actions[n]).join(''),
        index,
      );
      let refusal: StoreError | null = null;
      for (const [at, { status, error }] of items.entries()) {
        const item = { status, ...(error !== undefined && { error }) };
        done[rest[at] ?? 0] = item;
        if (isDone(item)) continue;
        refusal = itemError(status, error, this.connection.location);
        if (refusal.code !== 'busy' || attempt >= ATTEMPTS) throw refusal;
      }
      if (refusal === null) return done;
      await delay(FIRST_PAUSE_MS * 2 ** attempt * (0.5 + Math.random() / 2));
      rest = rest.filter((n) => !isDone(done[n] ?? { status: 500 }));
    }
  }

  /** Lets searches see what this process has written into these. */
  async show(...indices: readonly string[]): Promise<void> {
    const unseen = indices.filter((index) => this.#unseen.has(index));
    if (unseen.length > 0) await this.refresh(...unseen);
  }

  /** Lets searches see what anybody has written into these. */
  async refresh(...indices: readonly string[]): Promise<void> {
    for (const index of indices) this.#unseen.delete(index);
    try {
      await this.send({
        method: 'POST',
        path: `/${indices.join()}/_refresh`,
        query: { ignore_unavailable: true, filter_path: '_shards.failed' },
      });
    } catch (error) {
      for (const index of indices) this.#unseen.add(index);
      throw error;
    }
  }
}

/** One text an action: its line, and that of its document if it has one. */
function actionsOf(lines: string): string[] {
  const actions: string[] = [];
  const all = lines.split('\n');
  for (let n = 0; n < all.length; n++) {
    const line = all[n] ?? '';
    if (line === '') continue;
    actions.push(line.startsWith('{"delete"') ? `${line}\n` : `${line}\n${all[++n] ?? ''}\n`);
  }
  return actions;
}

function isDone({ status, error }: BulkItem): boolean {
  return status < 300 || status === 409 || (status === 404 && error === undefined);
}

function toAnswer<T>({ hits, aggregations = {} }: WireAnswer): SearchAnswer<T> {
  return { hits: hits.hits.map((hit) => toHit<T>(hit)), total: hits.total?.value ?? 0, aggregations };
}

function toHit<T>({ _index: index, _id: id, _source: source, _seq_no: seqNo, ...rest }: WireHit): Hit<T> {
  const { _primary_term: primaryTerm, sort, fields = {} } = rest;
  return { index, id, source: source as T, seqNo, primaryTerm, sort, fields };
}

import type { Request, Response } from 'express';
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { TraceStore } from '#trace/store/traceStore.ts';
import type { LiveFeed } from '../live/liveFeed.ts';
import type { ServerMetrics } from '../metrics.ts';
import type { Monitoring } from '../monitoring/monitoring.ts';
import type { ServerLimits, ServerOptions } from '../options.ts';
import type { Principal } from '../principal.ts';
import type { ProblemCode } from '../problems.ts';

/** What handlers work with. */
export interface ApiContext {
  readonly store: TraceStore;
  readonly logger: Logger;
  readonly feed: LiveFeed;
  readonly metrics: ServerMetrics;
  readonly monitoring: Monitoring;
  readonly options: ServerOptions;
  readonly limits: ServerLimits;
}

/** A schema's value as the store gives it: nobody changes it on its way out. */
export type Frozen<T> = T extends readonly (infer E)[]
  ? readonly Frozen<E>[]
  : T extends object
    ? { readonly [K in keyof T]: Frozen<T[K]> }
    : T;

export interface Reply<T> {
  readonly body: Frozen<T>;
  /**
   * `revalidate`: carries an ETag; the caller may keep it and ask whether it still holds. `store` (default): nobody keeps it,
   * since the next record may change it.
   */
  readonly cache?: 'revalidate' | 'store';
  /** 200 unless told. */
  readonly status?: number;
}

export interface Input<P, Q, B = unknown> {
  readonly params: P;
  readonly query: Q;
  /** Of an operation that takes one. */
  readonly body: B;
  readonly request: Request;
  readonly principal: Principal;
}

export const METHODS = ['get', 'put', 'delete'] as const;
export type Method = (typeof METHODS)[number];

interface Described {
  /** `operationId`, and with it the name of a generated client's method. */
  readonly id: string;
  /** As OpenAPI writes it: `/api/v1/traces/{txId}`. */
  readonly path: string;
  readonly tag: 'traces' | 'network' | 'monitoring' | 'live' | 'service';
  readonly summary: string;
  readonly description?: string;
  readonly problems: readonly ProblemCode[];
  /** Values for `{…}` in the path, and a query, as the page shows them. */
  readonly exampleParams?: Readonly<Record<string, string>>;
  readonly exampleQuery?: string;
}

/** One address of the API that answers JSON. `answer` is the name of its schema in the document's components. */
export interface JsonOperation<
  P extends z.ZodType = z.ZodType,
  Q extends z.ZodType = z.ZodType,
  R extends z.ZodType = z.ZodType,
  B extends z.ZodType = z.ZodType,
> extends Described {
  readonly kind: 'json';
  /** `get` unless told. */
  readonly method?: Method;
  /** What a request that changes something must carry. */
  readonly body?: { readonly name: string; readonly schema: B; readonly example: unknown };
  readonly params: P;
  readonly query: Q;
  readonly answer: {
    readonly name: string;
    readonly schema: R;
    readonly description: string;
    readonly example: unknown;
  };
  /** Other statuses that carry the same schema, e.g. 503 of a health check. */
  readonly otherStatuses?: Readonly<Record<number, string>>;
  handle(input: Input<z.output<P>, z.output<Q>, z.output<B>>, context: ApiContext): Promise<Reply<z.output<R>>>;
}

/** One address that writes something else: a page, a stream, metrics. */
export interface RawOperation<P extends z.ZodType = z.ZodType, Q extends z.ZodType = z.ZodType> extends Described {
  readonly kind: 'raw';
  readonly params: P;
  readonly query: Q;
  readonly answer: { readonly mediaType: string; readonly description: string; readonly example?: string };
  /** Headers of the request that matter. */
  readonly headers?: Readonly<Record<string, string>>;
  handle(input: Input<z.output<P>, z.output<Q>>, context: ApiContext, response: Response): Promise<void>;
}

export type Operation = JsonOperation | RawOperation;

export function methodOf(operation: Operation): Method {
  return operation.kind === 'json' ? (operation.method ?? 'get') : 'get';
}

/** Checks a JSON operation's types against its schemas, then forgets them, so that all fit in one list. */
export function jsonOperation<P extends z.ZodType, Q extends z.ZodType, R extends z.ZodType, B extends z.ZodType>(
  operation: Omit<JsonOperation<P, Q, R, B>, 'kind'>,
): JsonOperation {
  return { ...operation, kind: 'json' } as unknown as JsonOperation;
}

export function rawOperation<P extends z.ZodType, Q extends z.ZodType>(
  operation: Omit<RawOperation<P, Q>, 'kind'>,
): RawOperation {
  return { ...operation, kind: 'raw' } as unknown as RawOperation;
}

import type { Response } from 'express';
import type { z } from 'zod';
import { StoreError } from '#trace/store/errors.ts';
import type { Problem } from './api/schemas.ts';
import { MonitoringError } from './monitoring/monitoringError.ts';

/** Every error that the API answers with, by its stable code. The page of the API lists them from here. */
export const PROBLEMS = {
  invalid_request: { status: 400, title: 'The request is not valid' },
  unauthenticated: { status: 401, title: 'Sign in first' },
  forbidden: { status: 403, title: 'This is not for you' },
  not_found: { status: 404, title: 'There is nothing at this address' },
  trace_not_found: { status: 404, title: 'No transaction with this ID is known' },
  node_not_found: { status: 404, title: 'This node is not known' },
  node_not_monitored: { status: 404, title: "FTL was not told where this node's operations service is" },
  block_not_found: { status: 404, title: 'This block is not known' },
  log_spec_refused: { status: 400, title: 'The node does not take this log specification' },
  method_not_allowed: { status: 405, title: 'This method is not possible here' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  ambiguous_trace: { status: 409, title: 'More than one transaction fits' },
  body_not_allowed: { status: 413, title: 'A request that reads takes no body' },
  body_too_large: { status: 413, title: 'The request body is too large' },
  uri_too_long: { status: 414, title: 'The address is too long' },
  body_not_json: { status: 415, title: 'The request body is not JSON' },
  host_not_served: { status: 421, title: 'This server does not answer to that host name' },
  headers_too_large: { status: 431, title: 'The request headers are too large' },
  internal: { status: 500, title: 'Something went wrong in the server' },
  monitoring_unavailable: { status: 502, title: 'A node, Prometheus or Alertmanager did not answer as it should' },
  log_spec_not_kept: { status: 503, title: 'It cannot be written down what the node is to get back' },
  store_unavailable: { status: 503, title: 'The store of traces cannot be read' },
  busy: { status: 503, title: 'Too many requests are being answered' },
  too_many_listeners: { status: 503, title: 'Too many live streams are open' },
  shutting_down: { status: 503, title: 'The server is stopping' },
} as const satisfies Record<string, { readonly status: number; readonly title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;
export type ProblemDocument = z.infer<typeof Problem>;
export const PROBLEM_TYPE = 'application/problem+json';

export interface ProblemDetails {
  /** A sentence on this very case; it goes to the caller, so no paths, no stack. */
  readonly detail?: string;
  readonly candidates?: ProblemDocument['candidates'];
  readonly issues?: ProblemDocument['issues'];
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** An answer other than success. Thrown by handlers and middleware; the last middleware writes it as RFC 9457 says. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly code: ProblemCode;
  readonly details: ProblemDetails;

  constructor(code: ProblemCode, details: ProblemDetails = {}) {
    super(details.detail ?? PROBLEMS[code].title, { cause: details.cause });
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return PROBLEMS[this.code].status;
  }
}

/** The document. `type` leads to the entry in the API's own page. */
export function problemDocument(problem: ApiProblem): ProblemDocument {
  const { detail, candidates, issues } = problem.details;
  return {
    type: `/api/docs#${problem.code}`,
    title: PROBLEMS[problem.code].title,
    status: problem.status,
    code: problem.code,
    ...(detail === undefined ? {} : { detail }),
    ...(candidates === undefined ? {} : { candidates }),
    ...(issues === undefined ? {} : { issues }),
  };
}

export function sendProblem(response: Response, problem: ApiProblem): void {
  for (const [name, value] of Object.entries(problem.details.headers ?? {})) response.setHeader(name, value);
  response.removeHeader('ETag');
  response.setHeader('Cache-Control', 'no-store');
  response
    .status(problem.status)
    .type(PROBLEM_TYPE)
    .send(JSON.stringify(problemDocument(problem)));
}

/**
 * Whatever was thrown, as a problem. Only an `ApiProblem`, and the 4xx that Express itself makes of malformed addresses, tell
 * the caller what happened; anything else is `internal`, and its text stays in the log.
 */
export function asProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  const { status } = (error ?? {}) as { status?: unknown };
  if (status === 404) return new ApiProblem('not_found', { cause: error });
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new ApiProblem('invalid_request', { detail: 'The address cannot be decoded.', cause: error });
  }
  if (error instanceof StoreError) {
    return error.code === 'invalid_query'
      ? new ApiProblem('invalid_request', { detail: error.message, cause: error })
      : new ApiProblem('store_unavailable', { cause: error, headers: { 'Retry-After': '5' } });
  }
  if (error instanceof MonitoringError) {
    if (error.code === 'refused') return new ApiProblem('log_spec_refused', { detail: error.message, cause: error });
    const code = error.code === 'not_kept' ? 'log_spec_not_kept' : 'monitoring_unavailable';
    return new ApiProblem(code, { detail: `${error.message}.`, headers: { 'Retry-After': '5' } });
  }
  return new ApiProblem('internal', { cause: error });
}

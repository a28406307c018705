import type { Problem, TraceListQuery } from './types.ts';

/** An answer that is none: the server's problem document (RFC 9457), or what can be said without one. */
export class ApiError extends Error {
  readonly status: number;
  readonly problem: Problem;

  constructor(problem: Problem, options?: ErrorOptions) {
    super(problem.title, options);
    this.name = 'ApiError';
    this.status = problem.status;
    this.problem = problem;
  }
}

/** GET of the API. Rejects with `ApiError`, never with anything else (but an abort). */
export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { headers: { accept: 'application/json' }, ...(signal ? { signal } : {}) });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    const detail = 'FTL’s server did not answer. Is it running, and is this machine still connected to it?';
    throw new ApiError(
      { type: 'about:blank', title: 'No connection', status: 0, detail, code: 'no_connection' },
      { cause },
    );
  }
  const body: unknown = await response.json().catch(() => null);
  if (response.ok && body !== null) return body as T;
  if (isProblem(body)) throw new ApiError(body);
  const title = response.ok ? 'The answer could not be read' : `The server answered ${response.status}`;
  throw new ApiError({ type: 'about:blank', title, status: response.status, code: 'unreadable_answer' });
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'title' in body && 'status' in body;
}

function search(query: Readonly<Record<string, string | number | null | undefined>>): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== null) params.set(key, String(value));
  }
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}

export const paths = {
  traces: (query: TraceListQuery) => `/api/v1/traces${search(query)}`,
  trace: (txId: string, channel?: string, exact = false) =>
    `/api/v1/traces/${encodeURIComponent(txId)}${search({ channel, exact: exact ? 'true' : null })}`,
  records: (txId: string, channel: string, exact = false) =>
    `/api/v1/traces/${encodeURIComponent(txId)}/records${search({ channel, exact: exact ? 'true' : null })}`,
  block: (channel: string, number: number) => `/api/v1/blocks/${encodeURIComponent(channel)}/${number}`,
  channels: () => '/api/v1/channels',
  findings: () => '/api/v1/findings',
  live: () => '/api/v1/live',
};

/** The page of one trace. */
export function tracePath(channel: string | undefined, txId: string): string {
  return channel === undefined
    ? `/trace/${encodeURIComponent(txId)}`
    : `/trace/${encodeURIComponent(channel)}/${encodeURIComponent(txId)}`;
}

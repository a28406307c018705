import type { TimeWindow } from '../model/range.ts';
import type { Problem, StatisticsQuery, TraceListQuery } from './types.ts';

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
export function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return ask<T>(path, signal ? { signal } : {});
}

/** PUT or DELETE, answered like `getJson`. */
export function changeJson<T>(method: 'PUT' | 'DELETE', path: string, body?: unknown): Promise<T> {
  return ask<T>(path, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
}

async function ask<T>(path: string, how: RequestInit): Promise<T> {
  let response: Response;
  try {
    const headers = {
      accept: 'application/json',
      ...(how.body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    response = await fetch(path, { ...how, headers });
  } catch (cause) {
    if (how.signal?.aborted) throw cause;
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
  nodes: () => '/api/v1/nodes',
  leaders: () => '/api/v1/leaders',
  statistics: (query: StatisticsQuery) => `/api/v1/statistics${search(query)}`,
  monitoring: () => '/api/v1/monitoring',
  alerts: (node?: string) => `/api/v1/alerts${search({ node })}`,
  nodeHealth: (id: string) => `/api/v1${nodePath(id)}/health`,
  nodeMetrics: (id: string, { from, to }: TimeWindow) =>
    `/api/v1${nodePath(id)}/metrics${search({ from: new Date(from).toISOString(), to: new Date(to).toISOString() })}`,
  logSpec: (id: string) => `/api/v1${nodePath(id)}/logspec`,
};

/** The page of a node, `/nodes/Org1MSP/peer0.org1.example.com`; `-` stands for the MSP of one that has none. */
export function nodePath(id: string): string {
  const slash = id.indexOf('/');
  const [msp, name] = slash <= 0 ? ['-', id.slice(slash + 1)] : [id.slice(0, slash), id.slice(slash + 1)];
  return `/nodes/${encodeURIComponent(msp)}/${encodeURIComponent(name)}`;
}

/** The node's ID, from its page's address. */
export function nodeIdOf(msp: string, name: string): string {
  return msp === '-' ? name : `${msp}/${name}`;
}

/** The page of one trace. */
export function tracePath(channel: string | undefined, txId: string): string {
  return channel === undefined
    ? `/trace/${encodeURIComponent(txId)}`
    : `/trace/${encodeURIComponent(channel)}/${encodeURIComponent(txId)}`;
}

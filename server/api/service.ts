import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { RECORD_VERSION } from '#trace/record.ts';
import { StoreError } from '#trace/store/errors.ts';
import type { TraceStore } from '#trace/store/traceStore.ts';
import { exposition } from '../metrics.ts';
import type { ServerLimits } from '../options.ts';
import { NoInput } from './noInput.ts';
import { type Frozen, jsonOperation, rawOperation } from './operation.ts';
import { Health, Version } from './schemas.ts';

/** Of the API; its major number is in the paths. */
export const API_VERSION = '1.0.0';

export const healthz = jsonOperation({
  id: 'healthz',
  path: '/healthz',
  tag: 'service',
  summary: 'Whether the server can do its work',
  description:
    'The store must answer, and the traces that wait for a refresh of their summaries must not have piled up.',
  params: NoInput,
  query: NoInput,
  answer: {
    name: 'Health',
    schema: Health,
    description: 'It can',
    example: { status: 'OK', time: '2026-11-21T00:20:43.600Z', backlog: 0 },
  },
  otherStatuses: { 503: 'It cannot; `failed_checks` tells why' },
  problems: ['invalid_request'],
  async handle(_input, { store, limits, logger }) {
    const health = await checkHealth(store, limits, (error) => logger.error({ err: error }, 'health check failed'));
    return { body: health, status: health.status === 'OK' ? 200 : 503 };
  },
});

async function checkHealth(
  store: TraceStore,
  limits: ServerLimits,
  onError: (error: unknown) => void,
): Promise<Frozen<z.output<typeof Health>>> {
  const time = new Date().toISOString();
  const failed = (reason: string, backlog: number | null) =>
    ({ status: 'Service Unavailable', time, backlog, failed_checks: [{ component: 'store', reason }] }) as const;
  const done = new AbortController();
  try {
    const answer = await Promise.race([countBacklog(store), sleep(limits.healthMs, null, { signal: done.signal })]);
    if (answer === null) return failed(`no answer within ${limits.healthMs} ms`, null);
    const { backlog } = answer;
    if (backlog !== null && backlog > limits.backlog)
      return failed(`${backlog} traces wait for a refresh of their summaries`, backlog);
    return { status: 'OK', time, backlog };
  } catch (error) {
    // The text of the error may name files of this machine: it goes to the log.
    onError(error);
    return failed('cannot be read; the log of the server tells why', null);
  } finally {
    done.abort();
  }
}

/** How many traces wait for a refresh; null where that cannot be asked now, though the store can be read. */
async function countBacklog(store: TraceStore): Promise<{ readonly backlog: number | null }> {
  try {
    // With a limit of 0 nothing is refreshed, only counted.
    return { backlog: (await store.refresh({ limit: 0 })).remaining };
  } catch (error) {
    if (!(error instanceof StoreError && (error.code === 'busy' || error.code === 'read_only'))) throw error;
    await store.revision();
    return { backlog: null };
  }
}

export const metrics = rawOperation({
  id: 'metrics',
  path: '/metrics',
  tag: 'service',
  summary: "The server's metrics, and the collector's when it runs in the same process",
  params: NoInput,
  query: NoInput,
  headers: {
    Accept: 'With `application/openmetrics-text`: as OpenMetrics, where durations carry trace IDs as exemplars',
  },
  answer: { mediaType: 'text/plain', description: 'In the exposition format of Prometheus' },
  problems: ['invalid_request'],
  async handle({ request }, context, response) {
    const { type, text } = await exposition(
      request.get('Accept'),
      context.metrics.registry,
      context.options.metricsRegistry,
    );
    response.set('Content-Type', type).set('Cache-Control', 'no-store').set('Vary', 'Accept').send(text);
  },
});

export const version = jsonOperation({
  id: 'version',
  path: '/version',
  tag: 'service',
  summary: 'Versions of the program, its API and its record schema',
  params: NoInput,
  query: NoInput,
  answer: {
    name: 'Version',
    schema: Version,
    description: 'The versions',
    example: { version: '0.1.0', api: API_VERSION, recordVersion: 1, node: 'v26.10.0' },
  },
  problems: ['invalid_request'],
  async handle(_input, { options }) {
    return {
      body: { version: options.version, api: API_VERSION, recordVersion: RECORD_VERSION, node: process.version },
    };
  },
});

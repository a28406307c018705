import { setTimeout as sleep } from 'node:timers/promises';
import { collectDefaultMetrics, type Registry } from 'prom-client';
import type { HttpListener } from '#node/http/httpListener.ts';
import { OperationsServer, sendJson } from '#node/operations/operationsServer.ts';
import { exposition } from '#server/metrics.ts';
import type { TraceStore } from '#trace/store/traceStore.ts';

interface Modules {
  readonly store: TraceStore;
  /** Of the collector; those of the process come to it. */
  readonly registry: Registry;
}

const HEALTH_MS = 5000;

/**
 * Where a collector without a page can be watched: `/metrics`, and `/healthz`, which is 503 while the store does not answer.
 * @param address `HOST:PORT`, port 0 for any that is free
 * @throws GrpcServerError where nobody can listen there
 */
export async function startCollectorService(address: string, { store, registry }: Modules): Promise<HttpListener> {
  const [, host = '', port] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? [];
  collectDefaultMetrics({ register: registry });
  return OperationsServer.listen(
    { host, port: Number(port), tls: null },
    {
      routes: {
        '/metrics': {
          secure: false,
          async handle({ headers }, response) {
            const { type, text } = await exposition(headers.accept, registry);
            response.writeHead(200, { 'Content-Type': type }).end(text);
          },
        },
        '/healthz': {
          secure: false,
          async handle(_request, response) {
            const reason = await whyNot(store);
            const time = new Date().toISOString();
            if (reason === null) sendJson(response, 200, { status: 'OK', time });
            else
              sendJson(response, 503, {
                status: 'Service Unavailable',
                time,
                failed_checks: [{ component: 'store', reason }],
              });
          },
        },
      },
    },
  );
}

/** Null for a store that answers. What exactly is wrong may name files of this machine: the log has it. */
async function whyNot(store: TraceStore): Promise<string | null> {
  const done = new AbortController();
  const late = sleep(HEALTH_MS, `no answer within ${HEALTH_MS} ms`, { signal: done.signal }).catch(() => null);
  try {
    return await Promise.race([store.revision().then(() => null), late]);
  } catch {
    return 'cannot be read; the log of the collector tells why';
  } finally {
    done.abort();
  }
}

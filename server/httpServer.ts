import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { ApiContext } from './api/operation.ts';
import { buildApp } from './app.ts';
import { LiveFeed } from './live/liveFeed.ts';
import { createMetrics } from './metrics.ts';
import { isLoopback } from './middleware/hostCheck.ts';
import { Monitoring } from './monitoring/monitoring.ts';
import { LIMITS, LIVE, type ServerLimits, type ServerModules, type ServerOptions } from './options.ts';
import { ApiProblem, PROBLEM_TYPE, type ProblemCode, problemDocument } from './problems.ts';
import { listenError, type ServerError } from './serverError.ts';
import { TraceMetrics } from './traceMetrics/traceMetrics.ts';

export type { ServerModules, ServerOptions } from './options.ts';
export { ServerError } from './serverError.ts';

export interface RunningServer {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Ends live streams, lets running requests end (5 s unless told) and frees the port. The store stays open. */
  close(): Promise<void>;
}

/**
 * Serves the API and the page.
 *
 * @throws ServerError with what to do, if it cannot listen there
 */
export async function startServer(options: ServerOptions, modules: ServerModules): Promise<RunningServer> {
  const host = options.host ?? '127.0.0.1';
  const limits: ServerLimits = { ...LIMITS, ...options.limits };
  const logger = modules.logger.child({ 'log.logger': 'server' });
  const metrics = createMetrics(options.metricsRegistry);
  const { store } = modules;
  const feed = new LiveFeed({ ...LIVE, ...options.live }, { store, logger, metrics });
  const { traceMetrics: how = {} } = options;
  const traceMetrics = how === 'off' ? null : new TraceMetrics(how, { store, logger, registry: metrics.registry });
  const monitoring = new Monitoring(options.monitoring ?? {}, { logger, registry: metrics.registry });
  const context: ApiContext = { store, logger, feed, metrics, monitoring, options, limits };

  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      // Node looks for requests that take too long only this often.
      connectionsCheckingInterval: Math.min(limits.headersMs / 2, 5000),
    },
    buildApp(host, context),
  );
  server.timeout = limits.idleMs;
  server.maxConnections = limits.connections;
  server.on('clientError', refuseConnection);

  server.listen({ host, port: options.port });
  try {
    await once(server, 'listening');
  } catch (error) {
    throw listenError(error as NodeJS.ErrnoException, host, options.port) satisfies ServerError;
  }
  traceMetrics?.start();
  monitoring.start();
  const { port } = server.address() as AddressInfo;
  const url = `http://${shownHost(host)}:${port}`;
  logger.info({ url }, 'server listens');
  if (!isLoopback(host)) logger.warn({ url }, 'whoever can reach this address can read every trace');

  let closing: Promise<void> | undefined;
  return { url, port, close: () => (closing ??= stop()) };

  async function stop(): Promise<void> {
    // At once: nodes that hang may take their time to get their log specifications back, and whoever stops the server waits.
    await Promise.all([close(server, feed, limits.drainMs), traceMetrics?.close(), monitoring.close()]);
  }
}

/** A name that a browser on this machine can open. */
function shownHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

async function close(server: Server, feed: LiveFeed, drainMs: number): Promise<void> {
  feed.close();
  const closed = once(server, 'close');
  server.close();
  // Connections that carry a request now are idle a moment later; nobody else would close them.
  const sweep = setInterval(() => server.closeIdleConnections(), 25);
  const deadline = setTimeout(() => server.closeAllConnections(), drainMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(deadline);
}

const PARSE_PROBLEMS: Readonly<Record<string, ProblemCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/** What is not HTTP, or too large or too slow to become a request, never reaches the application. */
function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  const problem = new ApiProblem(PARSE_PROBLEMS[error.code ?? ''] ?? 'invalid_request');
  const body = JSON.stringify(problemDocument(problem));
  socket.end(
    `HTTP/1.1 ${problem.status} Refused\r\nContent-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

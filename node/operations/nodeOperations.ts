import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Registry } from 'prom-client';
import type { TraceStatistics } from '#node/tracing/traceMetrics.ts';
import type { CertificateMetrics } from './certificateMetrics.ts';
import { diskCheck } from './diskCheck.ts';
import { exposition } from './exposition.ts';
import { HealthChecks } from './healthChecks.ts';
import { LoggerLevels } from './loggerLevels.ts';
import { commonMetrics } from './nodeMetrics.ts';
import { type LogSink, NodeLogs } from './nodeLogs.ts';
import { OperationsServer, type OperationsServerOptions, type Routes, sendJson } from './operationsServer.ts';
import { putSpec } from './putSpec.ts';
import { ObservedRegistry, StatsdExporter, type StatsdOptions } from './statsdExporter.ts';

export interface NodeOperationsOptions extends OperationsServerOptions {
  /** Disabled: metrics are counted, and nobody is told. */
  readonly metrics:
    | { readonly provider: 'prometheus' | 'disabled' }
    | { readonly provider: 'statsd'; readonly statsd: StatsdOptions };
  /** The provider that was asked for, where it is none of these. */
  readonly unknownProvider?: string | null;
  /** What `/version` and the metric `fabric_version` tell. */
  readonly version: string;
  /** What `/version` tells of its source. */
  readonly commit: string;
  /** Of the node's ledgers. */
  readonly folder: string;
}

export interface NodeOperationsModules {
  /** Writes all that it is given. */
  readonly sink: LogSink;
  /** What `/logspec` changes; by default all at info. */
  readonly levels?: LoggerLevels;
  /** How long a health check may take; default 30 s, as Fabric. */
  readonly healthTimeoutMs?: number;
}

const HEALTH_MS = 30_000;
/** Of compressed metrics: nearly always all of them, so that the other thread is asked once. */
const CHUNK = 256 * 1024;
const compress = promisify(gzip);

/**
 * A node's operations service: health, metrics, levels of the log, version (Fabric, core/operations). First of all that a node
 * starts and last that it stops.
 */
export class NodeOperations implements AsyncDisposable {
  /** Of all metrics of the node. */
  readonly registry: Registry;
  readonly health: HealthChecks;
  readonly logs: NodeLogs;
  readonly certificates: CertificateMetrics;
  #server: OperationsServer | null = null;
  readonly #statsd: StatsdExporter | null;
  #stopping: Promise<void> | null = null;
  #tracing: () => TraceStatistics | null = () => null;

  private constructor(options: NodeOperationsOptions, { sink, levels }: { sink: LogSink; levels: LoggerLevels }) {
    const { metrics } = options;
    if (metrics.provider === 'statsd') {
      const registry = new ObservedRegistry();
      this.registry = registry;
      const log = (): LogSink => this.logs.named('operations.runner');
      this.#statsd = StatsdExporter.start(metrics.statsd, {
        registry,
        onError: (error) => log().warn({ err: error }, 'metrics could not be sent'),
      });
    } else {
      this.registry = new Registry();
      this.#statsd = null;
    }
    const { version, folder } = options;
    const common = commonMetrics(this.registry, { version, folder, tracing: () => this.#tracing() });
    this.logs = new NodeLogs({ sink, levels, metrics: common.logs });
    this.certificates = common.certificates;
    this.health = new HealthChecks();
    this.health.register('ledger', diskCheck('ledger', folder));
  }

  /** @throws GrpcServerError where it cannot listen */
  static async start(options: NodeOperationsOptions, modules: NodeOperationsModules): Promise<NodeOperations> {
    const { sink, levels = new LoggerLevels(), healthTimeoutMs = HEALTH_MS } = modules;
    const operations = new NodeOperations(options, { sink, levels });
    const log = operations.logs.named('operations.runner');
    const { provider } = options.metrics;
    if (options.unknownProvider != null) {
      log.warn({}, `Unknown provider type: ${options.unknownProvider}; metrics disabled`);
    }
    const routes: Routes = {
      '/healthz': { secure: false, handle: (...call) => answerHealth(operations.health, healthTimeoutMs, ...call) },
      '/version': { secure: false, handle: (...call) => answerVersion(options, ...call) },
      '/logspec': { secure: true, handle: (...call) => answerLogSpec(levels, ...call) },
      ...(provider === 'prometheus'
        ? { '/metrics': { secure: true, handle: (...call) => answerMetrics(operations.registry, ...call) } }
        : {}),
    };
    try {
      operations.#server = await OperationsServer.listen(options, {
        routes,
        onUnauthorized: (url, address) =>
          log.warn({ url, address }, 'Client request not authorized, client must pass a valid client certificate'),
      });
    } catch (error) {
      await operations.stop();
      throw error;
    }
    return operations;
  }

  /** `host:port` that it listens on. */
  get address(): string {
    return (this.#server as OperationsServer).address;
  }

  /** What the metrics of tracing tell from now on. */
  traces(statistics: () => TraceStatistics | null): void {
    this.#tracing = statistics;
  }

  /** May be called again. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    await this.#statsd?.stop();
    await this.#server?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

async function answerHealth(
  health: HealthChecks,
  timeoutMs: number,
  { method }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (method !== 'GET') {
    response.writeHead(405).end();
    return;
  }
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(() => late.resolve(null), timeoutMs);
  const failed = await Promise.race([health.run(), late.promise]);
  clearTimeout(timer);
  const time = new Date().toISOString();
  if (failed === null) {
    response.writeHead(408).end();
  } else if (failed.length === 0) {
    sendJson(response, 200, { status: 'OK', time });
  } else {
    sendJson(response, 503, { status: 'Service Unavailable', time, failed_checks: failed });
  }
}

function answerVersion(
  { version, commit }: Pick<NodeOperationsOptions, 'version' | 'commit'>,
  { method }: IncomingMessage,
  response: ServerResponse,
): void {
  if (method === 'GET') {
    sendJson(response, 200, { CommitSHA: commit, Version: version });
  } else {
    sendJson(response, 400, { Error: `invalid request method: ${method}` });
  }
}

async function answerLogSpec(levels: LoggerLevels, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method } = request;
  if (method === 'GET') {
    sendJson(response, 200, { spec: levels.spec }, true);
  } else if (method === 'PUT') {
    const error = await putSpec(request, levels);
    if (error === null) {
      response.writeHead(204).end();
    } else {
      sendJson(response, 400, { error }, true);
    }
  } else {
    sendJson(response, 400, { error: `invalid request method: ${method}` }, true);
  }
}

/** Prometheus asks for compressed text, which other threads make. */
async function answerMetrics(registry: Registry, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const text = await exposition(registry);
  response.setHeader('Content-Type', registry.contentType);
  if (/(?:^|[,\s])gzip(?:$|[,;\s])/.test(request.headers['accept-encoding']?.toString() ?? '')) {
    response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(await compress(text, { level: 1, chunkSize: CHUNK }));
  } else {
    response.writeHead(200).end(text);
  }
}

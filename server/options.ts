import type { Registry } from 'prom-client';
import type { Logger } from 'pino';
import type { TraceStore } from '#trace/store/traceStore.ts';
import type { MonitoringOptions } from './monitoring/monitoring.ts';
import type { Authorize } from './principal.ts';
import type { TraceMetricsOptions } from './traceMetrics/traceMetrics.ts';

/** What the server stands on; it owns none of it and closes none of it. */
export interface ServerModules {
  readonly store: TraceStore;
  readonly logger: Logger;
}

/** Sizes and times that protect the server. Every one has a default, see `LIMITS`. */
export interface ServerLimits {
  /** Characters of path and query; a longer request is answered 414. */
  readonly urlLength: number;
  /** Bytes of request line and headers together; more is answered 431. */
  readonly headerBytes: number;
  /** Milliseconds in which the headers of a request must have come. */
  readonly headersMs: number;
  /** Milliseconds in which the whole request must have come. */
  readonly requestMs: number;
  /** Milliseconds without a byte in either direction after which a connection is cut. */
  readonly idleMs: number;
  readonly connections: number;
  /** API requests being answered at one time; one more is answered 503. */
  readonly concurrentRequests: number;
  /** Milliseconds that running requests have to end when the server closes. */
  readonly drainMs: number;
  /** Milliseconds that the store has to answer a health check. */
  readonly healthMs: number;
  /** Traces waiting for a refresh above which the server calls itself unhealthy. */
  readonly backlog: number;
}

export const LIMITS: ServerLimits = {
  urlLength: 8192,
  headerBytes: 16_384,
  headersMs: 10_000,
  requestMs: 30_000,
  idleMs: 120_000,
  connections: 1024,
  concurrentRequests: 128,
  drainMs: 5000,
  healthMs: 3000,
  backlog: 500_000,
};

export interface LiveOptions {
  /** Milliseconds between two looks at the store, while somebody listens. */
  readonly pollMs: number;
  readonly heartbeatMs: number;
  /** Milliseconds after which a browser that lost its stream comes back. */
  readonly retryMs: number;
  readonly maxListeners: number;
  /** Traces asked of the store at one time. */
  readonly batch: number;
  /** Unsent bytes above which a listener counts as a slow reader. */
  readonly maxBufferedBytes: number;
  /** Traces sent to a listener that resumes, before it is told of a gap instead. */
  readonly maxReplay: number;
}

export const LIVE: LiveOptions = {
  pollMs: 300,
  heartbeatMs: 15_000,
  retryMs: 2000,
  maxListeners: 64,
  batch: 500,
  maxBufferedBytes: 1024 * 1024,
  maxReplay: 5000,
};

export interface ServerOptions {
  /** Address to bind; 127.0.0.1 unless told, so that nobody else on the network reads traces by accident. */
  readonly host?: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Folder of the built page; without it the server is an API alone. */
  readonly webRoot?: string;
  /** The collector's metrics, when it runs in the same process: shown on /metrics beside the server's own. */
  readonly metricsRegistry?: Registry;
  /** Of the package, as /version tells. */
  readonly version: string;
  /**
   * Host names by which the server may be called beside localhost. On a loopback address they add to it; on any other address
   * they, once given, are the only names accepted (addresses always are).
   */
  readonly allowedHosts?: readonly string[];
  /** Who is asking, and may they? Everybody who reaches the address is `operator` unless told. */
  readonly authorize?: Authorize;
  readonly limits?: Partial<ServerLimits>;
  readonly live?: Partial<LiveOptions>;
  /** Where the nodes' operations services are, Prometheus and Alertmanager: for what pages show beside the traces. */
  readonly monitoring?: MonitoringOptions;
  /** How the metrics of traces are read; `off` where nobody will scrape them. */
  readonly traceMetrics?: Partial<TraceMetricsOptions> | 'off';
}

import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { SecureContextOptions } from 'node:tls';
import * as grpc from '@grpc/grpc-js';
import type { GrpcMetrics, MethodMetrics } from './grpcMetrics.ts';
import { GrpcServerError } from './grpcServerError.ts';
import { Incoming } from './incoming.ts';
import { enforcePings, serversOf } from './pingPolicy.ts';
import { RpcError, type RpcStatus } from './rpcError.ts';
import { type CallLimits, ServerCall } from './serverCall.ts';
import type { GrpcService, Method } from './service.ts';
import { checkServerTls, type ServerTls } from './tlsMaterial.ts';

export interface GrpcServerOptions {
  /** `host:port`; port 0 takes a free one. */
  readonly address: string;
  readonly tls: ServerTls | null;
  /** Bytes of one message; default 100 MiB, as Fabric's. */
  readonly maxReceiveBytes?: number;
  readonly maxSendBytes?: number;
  readonly keepalive?: {
    /** How long a connection is quiet before it is asked for a sign of life. */
    readonly intervalMs: number;
    readonly timeoutMs: number;
    /** Clients that ask more often are cut off; absent: as often as they like. */
    readonly minIntervalMs?: number;
  };
  /** How long a TLS handshake may take; default: 120 s, as Go's servers have it. */
  readonly connectionTimeoutMs?: number;
}

export interface GrpcServerModules {
  readonly metrics?: GrpcMetrics | null;
}

// Its own lines on standard error say nothing that the errors thrown do not.
grpc.setLogVerbosity(grpc.logVerbosity.NONE);

const MAX_MESSAGE_BYTES = 100 * 1024 * 1024;
const UNCOUNTED: MethodMetrics = { received() {}, messageReceived() {}, messageSent() {}, completed() {} };

/**
 * Serves services over gRPC, with TLS or without. Connections are the gRPC library's; calls go a way of their own, which costs a server
 * half as much (`serverCall.ts`).
 */
export class GrpcServer {
  readonly #server: grpc.Server;
  readonly #credentials: Credentials | null;
  readonly #calls = new Set<ServerCall>();
  readonly #limits: CallLimits;
  /** By path. */
  readonly #methods = new Map<string, Served>();
  readonly #metrics: GrpcMetrics | null;
  readonly #minPingIntervalMs: number | null;
  #endCounting: () => void = () => {};
  #port = 0;
  #host = '';

  private constructor(
    options: GrpcServerOptions,
    services: readonly GrpcService[],
    { metrics = null }: GrpcServerModules,
  ) {
    const { keepalive } = options;
    this.#metrics = metrics;
    this.#minPingIntervalMs = keepalive?.minIntervalMs ?? null;
    this.#credentials = options.tls === null ? null : new Credentials(options.tls, options.connectionTimeoutMs);
    this.#limits = {
      maxReceiveBytes: options.maxReceiveBytes ?? MAX_MESSAGE_BYTES,
      maxSendBytes: options.maxSendBytes ?? MAX_MESSAGE_BYTES,
    };
    this.#server = new grpc.Server({
      ...(keepalive === undefined
        ? {}
        : {
            'grpc.keepalive_time_ms': keepalive.intervalMs,
            'grpc.keepalive_timeout_ms': keepalive.timeoutMs,
            'grpc.keepalive_permit_without_calls': 1,
          }),
      'grpc.enable_channelz': 0,
    });
    for (const service of services) {
      this.#add(service);
    }
  }

  /** @throws GrpcServerError */
  static async listen(
    options: GrpcServerOptions,
    services: readonly GrpcService[],
    modules: GrpcServerModules = {},
  ): Promise<GrpcServer> {
    if (options.tls !== null) {
      checkServerTls(options.tls);
    }
    const server = new GrpcServer(options, services, modules);
    await server.#bind(options.address);
    return server;
  }

  /** That it listens on. */
  get port(): number {
    return this.#port;
  }

  get address(): string {
    return `${this.#host}:${this.#port}`;
  }

  /** New connections are held against these roots from now on (PEM): a channel's organisations have changed. */
  updateClientRoots(roots: readonly (string | Uint8Array)[]): void {
    this.#credentials?.updateClientRoots(roots);
  }

  /** Tells all calls to end, waits for them, and cuts off what is left after a time. */
  async stop(graceMs = 2000): Promise<void> {
    for (const call of this.#calls) {
      call.abort(new RpcError('UNAVAILABLE', 'the server is stopping'));
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.#server.forceShutdown();
        resolve();
      }, graceMs);
      this.#server.tryShutdown(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.#endCounting();
  }

  async #bind(address: string): Promise<void> {
    const colon = address.lastIndexOf(':');
    this.#host = address.slice(0, colon);
    try {
      const { port, servers } = await serversOf(() => this.#listen(address));
      this.#port = port;
      for (const server of servers) {
        this.#serve(server);
        if (this.#minPingIntervalMs !== null) {
          enforcePings(server, this.#minPingIntervalMs);
        }
      }
      this.#endCounting = this.#metrics?.connections(this.#port) ?? this.#endCounting;
    } catch (cause) {
      this.#server.forceShutdown();
      const message = cause instanceof Error ? cause.message : String(cause);
      if (message.includes('EADDRINUSE')) {
        throw new GrpcServerError(
          'address_in_use',
          `${address} is taken by another process: end it, or configure another port`,
          { cause },
        );
      }
      throw new GrpcServerError('bad_address', `cannot listen on ${address}: ${message}`, { cause });
    }
  }

  #listen(address: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const credentials = this.#credentials ?? grpc.ServerCredentials.createInsecure();
      this.#server.bindAsync(address, credentials, (error, port) => (error === null ? resolve(port) : reject(error)));
    });
  }

  #add(service: GrpcService): void {
    const running = { count: 0, most: service.maxConcurrency ?? 0 };
    for (const [name, method] of Object.entries(service.methods)) {
      const metrics = this.#metrics?.method(service.name, name, method.kind) ?? UNCOUNTED;
      this.#methods.set(`/${service.name}/${name}`, { service: service.name, method, running, metrics });
    }
  }

  /** Takes the calls of our services from the library, which keeps the connections, and answers whoever asks for anything else. */
  #serve(server: Http2Server): void {
    const others = server.listeners('stream') as unknown as readonly StreamListener[];
    server.removeAllListeners('stream');
    const taken: StreamListener = (stream, headers, flags) => {
      const served = this.#methods.get(headers[':path'] ?? '');
      if (served === undefined || headers['content-type']?.startsWith('application/grpc') !== true) {
        others.forEach((other) => other(stream, headers, flags));
      } else if (served.method.kind === 'unary') {
        this.#answer(new ServerCall(stream, headers, this.#limits), served, served.method);
      } else {
        this.#converse(new ServerCall(stream, headers, this.#limits), served, served.method);
      }
    };
    server.on('stream', taken as unknown as (...all: unknown[]) => void);
  }

  #answer(call: ServerCall, served: Served, method: Method & { readonly kind: 'unary' }): void {
    const answer = async (request: Uint8Array): Promise<void> => {
      const done = this.#begin(call, served);
      if (done === null) {
        return;
      }
      try {
        const response = await method.handle(request, call);
        done('OK');
        call.answer(response);
      } catch (error) {
        done(nameOf(error));
        endWith(call, error);
      }
    };
    oneRequest(call, (request) => void answer(request));
  }

  #converse(call: ServerCall, served: Served, method: Exclude<Method, { readonly kind: 'unary' }>): void {
    if (method.kind === 'serverStream') {
      const answer = async (request: Uint8Array): Promise<void> => {
        const done = this.#begin(call, served);
        if (done !== null) {
          served.metrics.messageReceived();
          done(await respond(call, () => method.handle(request, call), served.metrics));
        }
      };
      oneRequest(call, (request) => void answer(request));
      return;
    }
    const done = this.#begin(call, served);
    if (done === null) {
      return;
    }
    const requests = new Incoming(call);
    call.onAbort = (reason) => requests.finish(reason);
    call.receive(
      (message) => {
        served.metrics.messageReceived();
        requests.push(message);
      },
      () => requests.end(),
    );
    const run = async (): Promise<void> => {
      done(await respond(call, () => method.handle(requests, call), served.metrics));
      // Whoever still reads after the handler has ended is not left waiting.
      requests.finish(new RpcError('CANCELLED', 'the call has ended'));
    };
    void run();
  }

  /** Null where it is refused; else what is to be told how the call ended. */
  #begin(call: ServerCall, { service, running, metrics }: Served): ((status: RpcStatus) => void) | null {
    const startedAt = performance.now();
    metrics.received();
    if (running.most > 0 && running.count >= running.most) {
      metrics.completed('RESOURCE_EXHAUSTED', secondsSince(startedAt));
      call.end(
        'RESOURCE_EXHAUSTED',
        `too many requests for /${service}, exceeding concurrency limit (${running.most})`,
      );
      return null;
    }
    running.count++;
    this.#calls.add(call);
    return (status) => {
      // Once: an answer may turn out not to be one that can be sent.
      if (this.#calls.delete(call)) {
        running.count--;
        metrics.completed(status, secondsSince(startedAt));
      }
    };
  }
}

type StreamListener = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number) => void;

/** A method, and what counts its calls. */
interface Served {
  readonly service: string;
  readonly method: Method;
  /** Of all methods of the service. */
  readonly running: { count: number; readonly most: number };
  readonly metrics: MethodMetrics;
}

/** Reads the request of a call that has one. */
function oneRequest(call: ServerCall, handle: (request: Uint8Array) => void): void {
  let request: Uint8Array | null = null;
  call.receive(
    (message) => {
      if (request !== null) {
        call.end('UNIMPLEMENTED', 'Received a second request message for a method that takes one');
      }
      request = message;
    },
    () => {
      if (request === null) {
        call.end('UNIMPLEMENTED', 'Received no request message for a method that takes one');
      } else {
        handle(request);
      }
    },
  );
}

/** Never rejects. @returns how the call ended */
async function respond(
  call: ServerCall,
  handle: () => AsyncIterable<Uint8Array>,
  metrics: MethodMetrics,
): Promise<RpcStatus> {
  const outgoing = call.outgoing();
  try {
    for await (const response of handle()) {
      metrics.messageSent();
      const room = call.send(response, outgoing);
      if (room !== null) {
        await room;
      }
      if (call.aborted !== null) {
        throw call.aborted;
      }
    }
    call.end('OK');
    return 'OK';
  } catch (error) {
    endWith(call, error);
    return nameOf(error);
  }
}

function endWith(call: ServerCall, error: unknown): void {
  call.end(nameOf(error), error instanceof Error ? error.message : String(error));
}

function nameOf(error: unknown): RpcStatus {
  return error instanceof RpcError ? error.status : 'UNKNOWN';
}

function secondsSince(startedAt: number): number {
  return (performance.now() - startedAt) / 1000;
}

class Credentials extends grpc.ServerCredentials {
  readonly #own: SecureContextOptions;

  constructor(tls: ServerTls, handshakeTimeout = 120_000) {
    const own = { cert: Buffer.from(tls.certificate as string), key: Buffer.from(tls.key as string) };
    const rejectUnauthorized = tls.requireClientCertificate ?? false;
    super(
      { requestCert: true, rejectUnauthorized, minVersion: 'TLSv1.2', handshakeTimeout },
      { ...own, ca: (tls.clientRoots ?? []).map((root) => Buffer.from(root as string)) },
    );
    this.#own = own;
  }

  updateClientRoots(roots: readonly (string | Uint8Array)[]): void {
    this.updateSecureContextOptions({ ...this.#own, ca: roots.map((root) => Buffer.from(root as string)) });
  }

  override _equals(other: grpc.ServerCredentials): boolean {
    return this === other;
  }
}

import type { PeerCertificate, SecureContextOptions } from 'node:tls';
import * as grpc from '@grpc/grpc-js';
import type { ClientCertificate } from './clientCertificate.ts';
import { sha256 } from '#node/crypto/hash.ts';
import type { GrpcMetrics, MethodMetrics } from './grpcMetrics.ts';
import { GrpcServerError } from './grpcServerError.ts';
import { Incoming } from './incoming.ts';
import { Outgoing } from './outgoing.ts';
import { enforcePings, serversOf } from './pingPolicy.ts';
import { RPC_STATUS, RpcError, type RpcStatus } from './rpcError.ts';
import type { CallContext, GrpcService, Method } from './service.ts';
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
/** W3C trace context: version, trace ID, parent ID, flags. */
const TRACEPARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/;

/** Serves services over gRPC, with TLS or without. */
export class GrpcServer {
  readonly #server: grpc.Server;
  readonly #credentials: Credentials | null;
  readonly #calls = new Set<AbortController>();
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
    this.#server = new grpc.Server({
      'grpc.max_receive_message_length': options.maxReceiveBytes ?? MAX_MESSAGE_BYTES,
      'grpc.max_send_message_length': options.maxSendBytes ?? MAX_MESSAGE_BYTES,
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
      if (this.#minPingIntervalMs !== null) {
        for (const server of servers) {
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
    const definition: Record<string, grpc.MethodDefinition<Uint8Array, Uint8Array>> = {};
    const handlers: Record<string, grpc.UntypedHandleCall> = {};
    for (const [name, method] of Object.entries(service.methods)) {
      definition[name] = {
        path: `/${service.name}/${name}`,
        requestStream: method.kind === 'stream',
        responseStream: method.kind !== 'unary',
        requestSerialize: asBuffer,
        requestDeserialize: asIs,
        responseSerialize: asBuffer,
        responseDeserialize: asIs,
      };
      const metrics = this.#metrics?.method(service.name, name, method.kind) ?? UNCOUNTED;
      handlers[name] = this.#handler(service.name, method, running, metrics);
    }
    this.#server.addService(definition, handlers);
  }

  #handler(
    service: string,
    method: Method,
    running: { count: number; readonly most: number },
    metrics: MethodMetrics,
  ): grpc.UntypedHandleCall {
    const refused = (): RpcError | null =>
      running.most > 0 && running.count >= running.most
        ? new RpcError(
            'RESOURCE_EXHAUSTED',
            `too many requests for /${service}, exceeding concurrency limit (${running.most})`,
          )
        : null;
    if (method.kind === 'unary') {
      return (call: grpc.ServerUnaryCall<Uint8Array, Uint8Array>, callback: grpc.sendUnaryData<Uint8Array>) => {
        const answer = async (): Promise<void> => {
          const startedAt = performance.now();
          metrics.received();
          const busy = refused();
          if (busy !== null) {
            metrics.completed(busy.status, secondsSince(startedAt));
            callback(statusOf(busy));
            return;
          }
          running.count++;
          const { context, done } = this.#context(call);
          let response: Uint8Array | null = null;
          let error: unknown = null;
          try {
            response = await method.handle(call.request, context);
          } catch (caught) {
            error = caught;
          }
          running.count--;
          done();
          metrics.completed(response === null ? nameOf(error) : 'OK', secondsSince(startedAt));
          if (response === null) {
            callback(statusOf(error));
          } else {
            callback(null, response);
          }
        };
        void answer();
      };
    }
    return (answered: unknown) => {
      const call = answered as StreamCall;
      const startedAt = performance.now();
      metrics.received();
      const busy = refused();
      if (busy !== null) {
        metrics.completed(busy.status, secondsSince(startedAt));
        call.emit('error', statusOf(busy));
        return;
      }
      running.count++;
      const { context, done } = this.#context(call);
      let requests: Incoming | null = null;
      const responses = (): AsyncIterable<Uint8Array> => {
        if (method.kind === 'stream') {
          requests = requestsOf(call, context.signal);
          call.on('data', () => metrics.messageReceived());
          return method.handle(requests, context);
        }
        metrics.messageReceived();
        return method.handle(call.request, context);
      };
      const run = async (): Promise<void> => {
        const status = await respond(call, responses, context.signal, () => metrics.messageSent());
        running.count--;
        metrics.completed(status, secondsSince(startedAt));
        done();
        // Whoever still reads after the handler has ended is not left waiting.
        requests?.finish(new RpcError('CANCELLED', 'the call has ended'));
      };
      void run();
    };
  }

  #context(call: AnyCall): { readonly context: CallContext; readonly done: () => void } {
    const abort = new AbortController();
    this.#calls.add(abort);
    const cancelled = (): void => abort.abort(new RpcError('CANCELLED', 'the client gave the call up'));
    call.on('cancelled', cancelled);
    const [traceparent] = call.metadata.get('traceparent');
    return {
      context: {
        address: call.getPeer(),
        get certificate() {
          return certificateOf(call.getAuthContext().sslPeerCertificate);
        },
        traceparent: typeof traceparent === 'string' && TRACEPARENT.test(traceparent) ? traceparent : null,
        signal: abort.signal,
      },
      done: () => {
        this.#calls.delete(abort);
        // It comes at the end of every call.
        call.off('cancelled', cancelled);
      },
    };
  }
}

type AnyCall = Pick<grpc.ServerUnaryCall<Uint8Array, Uint8Array>, 'getPeer' | 'getAuthContext' | 'metadata'> & {
  on(event: 'cancelled', listener: () => void): unknown;
  off(event: 'cancelled', listener: () => void): unknown;
};
type StreamCall = grpc.ServerDuplexStream<Uint8Array, Uint8Array> & { readonly request: Uint8Array };

function requestsOf(call: StreamCall, signal: AbortSignal): Incoming {
  const requests = new Incoming(call);
  signal.addEventListener('abort', () => requests.finish(signal.reason), { once: true });
  return requests;
}

/** Never rejects. @returns how the call ended */
async function respond(
  call: StreamCall,
  handle: () => AsyncIterable<Uint8Array>,
  signal: AbortSignal,
  sent: () => void,
): Promise<RpcStatus> {
  const outgoing = new Outgoing(call, signal);
  try {
    for await (const response of handle()) {
      sent();
      const room = outgoing.write(response);
      if (room !== null) {
        await room;
      }
      if (signal.aborted) {
        throw signal.reason;
      }
    }
    call.end();
    return 'OK';
  } catch (error) {
    call.emit('error', statusOf(error));
    return nameOf(error);
  }
}

function nameOf(error: unknown): RpcStatus {
  return error instanceof RpcError ? error.status : 'UNKNOWN';
}

function secondsSince(startedAt: number): number {
  return (performance.now() - startedAt) / 1000;
}

function statusOf(error: unknown): grpc.ServerErrorResponse & { code: grpc.status; details: string } {
  const status = error instanceof RpcError ? RPC_STATUS[error.status] : RPC_STATUS.UNKNOWN;
  const details = error instanceof Error ? error.message : String(error);
  return { name: 'RpcError', message: details, code: status, details };
}

/** One object for each certificate object: a connection shows the same to all its calls. */
const certificates = new WeakMap<PeerCertificate, ClientCertificate>();

function certificateOf(shown: PeerCertificate | undefined): ClientCertificate | null {
  // Without one, Node gives an empty object.
  if (shown?.raw === undefined) {
    return null;
  }
  let known = certificates.get(shown);
  if (known === undefined) {
    known = { der: Uint8Array.from(shown.raw), hash: sha256(shown.raw) };
    certificates.set(shown, known);
  }
  return known;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A plain view: parts of a Buffer are Buffers, which cost more. */
function asIs(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
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

import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import { type ConnectionOptions, createSecureContext } from 'node:tls';
import type { ClientStream, ConnectOptions, GrpcClient } from './client.ts';
import { expectedName, MAX_MESSAGE_BYTES, pem, sentName, verifyAs } from './grpcClient.ts';
import { Incoming } from './incoming.ts';
import { framed, MessageReader } from './messageReader.ts';
import { RPC_STATUS, RpcError, type RpcStatus } from './rpcError.ts';

/** What a client of streams alone has of a client. */
export type StreamClient = Pick<GrpcClient, 'address' | 'ready' | 'close'> & {
  /** On the connection that `ready` has made; ends with it. */
  stream(path: string): ClientStream;
};

const FIRST_RETRY_MS = 100;
const MOST_RETRY_MS = 1000;
const STATUS_NAMES = new Map(Object.entries(RPC_STATUS).map(([name, code]) => [String(code), name as RpcStatus]));

/**
 * A connection for streams of many small messages, such as a peer has to a chaincode. It is made once: who needs it again after it broke
 * makes another. A message takes half of what it does through the gRPC library, which is for calls that come and go.
 * @throws RpcError INVALID_ARGUMENT for certificates that cannot be read
 */
export function connectForStreams(options: ConnectOptions): StreamClient {
  return new StreamConnection(options);
}

class StreamConnection implements StreamClient {
  readonly address: string;
  readonly #options: ConnectOptions;
  readonly #tls: ConnectionOptions | null;
  #session: ClientHttp2Session | null = null;
  #keepalive: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: ConnectOptions) {
    this.address = options.address;
    this.#options = options;
    this.#tls = tlsOf(options);
  }

  async ready(timeoutMs: number): Promise<void> {
    const until = performance.now() + timeoutMs;
    let cause: unknown = null;
    for (let wait = FIRST_RETRY_MS; !this.#closed; wait = Math.min(2 * wait, MOST_RETRY_MS)) {
      try {
        await this.#connect(until - performance.now());
        return;
      } catch (error) {
        cause = error;
      }
      if (performance.now() + wait >= until) {
        break;
      }
      await delay(wait);
    }
    throw new RpcError('UNAVAILABLE', `no connection to ${this.address} within ${timeoutMs} ms`, { cause });
  }

  stream(path: string): ClientStream {
    const session = this.#session;
    if (session === null || session.destroyed || session.closed) {
      throw new RpcError('UNAVAILABLE', `there is no connection to ${this.address}`);
    }
    const { serverName, maxMessageBytes = MAX_MESSAGE_BYTES } = this.#options;
    const call = session.request({
      ':method': 'POST',
      ':path': path,
      ...(serverName === undefined ? {} : { ':authority': serverName }),
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    return new Stream(call, maxMessageBytes);
  }

  close(): void {
    this.#closed = true;
    this.#drop();
  }

  /** Until the other end has shown that it speaks HTTP/2. */
  async #connect(timeoutMs: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const session = connect(`${this.#tls === null ? 'http' : 'https'}://${this.address}`, {
      settings: { enablePush: false },
      ...this.#tls,
    });
    this.#session = session;
    const timer = setTimeout(() => reject(new Error('it does not answer')), timeoutMs);
    session.on('error', reject);
    session.on('close', () => reject(new Error('the connection was closed')));
    session.once('remoteSettings', () => resolve());
    try {
      await promise;
    } catch (error) {
      this.#drop();
      throw error;
    } finally {
      clearTimeout(timer);
    }
    this.#keepAlive(session);
  }

  #keepAlive(session: ClientHttp2Session): void {
    const { keepalive } = this.#options;
    if (keepalive === undefined) {
      return;
    }
    this.#keepalive = setInterval(() => {
      const late = setTimeout(() => session.destroy(), keepalive.timeoutMs);
      late.unref();
      if (session.destroyed || !session.ping(() => clearTimeout(late))) {
        clearTimeout(late);
      }
    }, keepalive.intervalMs);
    this.#keepalive.unref();
    session.once('close', () => clearInterval(this.#keepalive ?? undefined));
  }

  #drop(): void {
    this.#session?.destroy();
    this.#session = null;
  }
}

class Stream implements ClientStream {
  readonly #call: ClientHttp2Stream;
  readonly #incoming: Incoming;
  #ended = false;
  #cancelled = false;
  #room: PromiseWithResolvers<void> | null = null;
  #http = 0;
  #status: { readonly code: string; readonly details: string } | null = null;
  #broken: RpcError | null = null;

  constructor(call: ClientHttp2Stream, maxMessageBytes: number) {
    this.#call = call;
    this.#incoming = new Incoming(call);
    const reader = new MessageReader(
      { maxBytes: maxMessageBytes },
      {
        onMessage: (message, compressed) => {
          if (compressed) {
            throw new RpcError('INTERNAL', 'a compressed message, which was not asked for');
          }
          this.#incoming.push(message);
        },
      },
    );
    call.on('data', (bytes: Buffer) => {
      if (this.#broken !== null) {
        return;
      }
      try {
        reader.push(bytes);
      } catch (error) {
        this.#broken = error as RpcError;
        call.close(constants.NGHTTP2_CANCEL);
      }
    });
    call.on('response', (headers) => {
      this.#http = headers[':status'] ?? 0;
      this.#note(headers);
    });
    call.on('trailers', (headers) => this.#note(headers));
    // The server has ended the call, with what is left to be said from here.
    call.on('end', () => call.close(constants.NGHTTP2_NO_ERROR));
    call.on('error', () => {});
    call.on('drain', () => this.#goOn());
    call.once('close', () => {
      this.#ended = true;
      this.#incoming.finish(this.#broken ?? this.#outcome(call.rstCode));
      // Whoever waits to send more need not.
      this.#goOn();
    });
  }

  async send(message: Uint8Array): Promise<void> {
    if (this.#ended || this.#call.destroyed || this.#call.writableEnded) {
      return;
    }
    const [first, rest] = framed(message);
    let room = this.#call.write(first);
    if (rest !== undefined) {
      room = this.#call.write(rest);
    }
    if (!room) {
      // One for all who wait.
      this.#room ??= Promise.withResolvers();
      await this.#room.promise;
    }
  }

  end(): void {
    if (!this.#ended) {
      this.#call.end();
    }
  }

  cancel(): void {
    this.#cancelled = true;
    this.#call.close(constants.NGHTTP2_CANCEL);
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this.#incoming[Symbol.asyncIterator]();
  }

  #goOn(): void {
    this.#room?.resolve();
    this.#room = null;
  }

  #note({ 'grpc-status': code, 'grpc-message': details }: IncomingHttpHeaders): void {
    if (typeof code === 'string') {
      this.#status = { code, details: typeof details === 'string' ? decoded(details) : '' };
    }
  }

  /** How the call ended; null: well. */
  #outcome(reset: number | undefined): RpcError | null {
    if (this.#status !== null) {
      const { code, details } = this.#status;
      return code === '0' ? null : new RpcError(STATUS_NAMES.get(code) ?? 'UNKNOWN', details);
    }
    if (this.#cancelled) {
      return new RpcError('CANCELLED', 'Cancelled on client');
    }
    if (this.#http !== 0 && this.#http !== constants.HTTP_STATUS_OK) {
      return new RpcError(HTTP_STATUSES[this.#http] ?? 'UNKNOWN', `Received HTTP status code ${this.#http}`);
    }
    return reset === constants.NGHTTP2_ENHANCE_YOUR_CALM
      ? new RpcError('RESOURCE_EXHAUSTED', 'Bandwidth exhausted or memory limit exceeded')
      : new RpcError('UNAVAILABLE', 'Connection dropped');
  }
}

/** What gRPC makes of an answer that is none (doc/http-grpc-status-mapping.md). */
const HTTP_STATUSES: Readonly<Record<number, RpcStatus>> = {
  400: 'INTERNAL',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'UNIMPLEMENTED',
  429: 'UNAVAILABLE',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'UNAVAILABLE',
};

function decoded(details: string): string {
  try {
    return decodeURIComponent(details);
  } catch {
    return details;
  }
}

/** @throws RpcError INVALID_ARGUMENT */
function tlsOf(options: ConnectOptions): ConnectionOptions | null {
  const { tlsRoots, clientCertificate } = options;
  if (tlsRoots === null) {
    return null;
  }
  const material = {
    ca: pem(tlsRoots),
    ...(clientCertificate === undefined
      ? {}
      : { key: pem(clientCertificate.key), cert: pem(clientCertificate.certificate) }),
  };
  try {
    const secureContext = createSecureContext(material);
    return { secureContext, servername: sentName(options), checkServerIdentity: verifyAs(expectedName(options)) };
  } catch (cause) {
    throw new RpcError('INVALID_ARGUMENT', 'the TLS certificates or the key cannot be read', { cause });
  }
}

import { isIP } from 'node:net';
import { checkServerIdentity, type ConnectionOptions } from 'node:tls';
import * as grpc from '@grpc/grpc-js';
import type { CallOptions, ClientStream, ConnectOptions, GrpcClient } from './client.ts';
import { Incoming } from './incoming.ts';
import { withoutLooseEnds } from './looseEnds.ts';
import { RPC_STATUS, RpcError, type RpcStatus } from './rpcError.ts';

/** Of one message, as Fabric's. */
export const MAX_MESSAGE_BYTES = 100 * 1024 * 1024;
/** What the library puts around the reason why there is no connection. */
const CONNECTION_WORDS = /^No connection established\. Last error: (?:Error: )?/;
const NO_NOTE = /\.? Resolution note: *$/;
const STATUS_NAMES = new Map(Object.entries(RPC_STATUS).map(([name, code]) => [code as number, name as RpcStatus]));

/**
 * A connection to a gRPC server; nothing is sent before the first call.
 * @throws RpcError INVALID_ARGUMENT for certificates that cannot be read
 */
export function connect(options: ConnectOptions): GrpcClient {
  return new Connection(options);
}

class Connection implements GrpcClient {
  readonly address: string;
  readonly #client: grpc.Client;

  constructor(options: ConnectOptions) {
    const { serverName, keepalive } = options;
    this.address = options.address;
    this.#client = new grpc.Client(options.address, withoutLooseEnds(credentialsOf(options)), {
      'grpc.max_receive_message_length': options.maxMessageBytes ?? MAX_MESSAGE_BYTES,
      'grpc.max_send_message_length': options.maxMessageBytes ?? MAX_MESSAGE_BYTES,
      // A network comes and goes on a laptop: nobody wants to wait two minutes for the next attempt.
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 5000,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_channelz': 0,
      ...(serverName === undefined ? {} : { 'grpc.default_authority': serverName }),
      ...(options.tlsRoots === null ? {} : { 'grpc.ssl_target_name_override': sentName(options) }),
      ...(keepalive === undefined
        ? {}
        : { 'grpc.keepalive_time_ms': keepalive.intervalMs, 'grpc.keepalive_timeout_ms': keepalive.timeoutMs }),
    });
  }

  unary(path: string, request: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (options.signal?.aborted === true) {
        reject(options.signal.reason);
        return;
      }
      const call = this.#client.makeUnaryRequest(
        path,
        asBuffer,
        asIs,
        request,
        metadataOf(options),
        deadlineOf(options),
        (error, response) => {
          options.signal?.removeEventListener('abort', cancel);
          if (error === null && response !== undefined) {
            resolve(response);
          } else {
            reject(options.signal?.aborted === true ? options.signal.reason : rpcError(error as grpc.ServiceError));
          }
        },
      );
      const cancel = (): void => call.cancel();
      options.signal?.addEventListener('abort', cancel, { once: true });
    });
  }

  stream(path: string, options: CallOptions = {}): ClientStream {
    const call = this.#client.makeBidiStreamRequest(path, asBuffer, asIs, metadataOf(options), deadlineOf(options));
    return new Stream(call, options.signal);
  }

  async ready(timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#client.waitForReady(Date.now() + timeoutMs, (error) => {
        if (error === undefined) {
          resolve();
        } else {
          reject(
            new RpcError('UNAVAILABLE', `no connection to ${this.address} within ${timeoutMs} ms`, { cause: error }),
          );
        }
      });
    });
  }

  close(): void {
    this.#client.close();
  }
}

class Stream implements ClientStream {
  readonly #call: grpc.ClientDuplexStream<Uint8Array, Uint8Array>;
  readonly #incoming: Incoming;
  #ended = false;
  #room: Promise<void> | null = null;

  constructor(call: grpc.ClientDuplexStream<Uint8Array, Uint8Array>, signal: AbortSignal | undefined) {
    this.#call = call;
    let error: RpcError | null = null;
    this.#incoming = new Incoming(call);
    call.on('data', (message: Uint8Array) => this.#incoming.push(message));
    // The status comes with the last message, the end only when all were taken.
    call.on('end', () => this.#incoming.end(() => error));
    const cancel = (): void => {
      call.cancel();
      this.#incoming.finish(signal?.reason);
    };
    call.on('error', () => {});
    call.on('status', (status) => {
      this.#ended = true;
      signal?.removeEventListener('abort', cancel);
      error = status.code === grpc.status.OK ? null : rpcError(status);
      // Whoever waits to send more need not.
      call.emit('drain');
    });
    if (signal?.aborted === true) {
      cancel();
    } else {
      signal?.addEventListener('abort', cancel, { once: true });
    }
  }

  async send(message: Uint8Array): Promise<void> {
    if (!this.#ended && !this.#call.write(message)) {
      // One for all who wait.
      this.#room ??= new Promise<void>((resolve) => {
        this.#call.once('drain', () => {
          this.#room = null;
          resolve();
        });
      });
      await this.#room;
    }
  }

  end(): void {
    if (!this.#ended) {
      this.#call.end();
    }
  }

  cancel(): void {
    this.#call.cancel();
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this.#incoming[Symbol.asyncIterator]();
  }
}

function rpcError({ code, details }: { readonly code: number; readonly details: string }): RpcError {
  return new RpcError(STATUS_NAMES.get(code) ?? 'UNKNOWN', details.replace(CONNECTION_WORDS, '').replace(NO_NOTE, ''));
}

/** Name that the server's certificate must have. */
export function expectedName({ address, serverName }: ConnectOptions): string {
  return serverName ?? address.slice(0, address.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1');
}

/** Name that the handshake sends: never an IP address, which TLS does not allow there (RFC 6066). */
export function sentName(options: ConnectOptions): string {
  const name = expectedName(options);
  return isIP(name) === 0 ? name : 'localhost';
}

function credentialsOf(options: ConnectOptions): grpc.ChannelCredentials {
  const { tlsRoots, clientCertificate } = options;
  if (tlsRoots === null) {
    return grpc.credentials.createInsecure();
  }
  const name = expectedName(options);
  const verify: grpc.VerifyOptions = { checkServerIdentity: verifyAs(name) };
  try {
    return clientCertificate === undefined
      ? grpc.credentials.createSsl(pem(tlsRoots), null, null, verify)
      : grpc.credentials.createSsl(
          pem(tlsRoots),
          pem(clientCertificate.key),
          pem(clientCertificate.certificate),
          verify,
        );
  } catch (cause) {
    throw new RpcError('INVALID_ARGUMENT', 'the TLS certificates or the key cannot be read', { cause });
  }
}

/** Holds the server's certificate against this name, whatever name was sent. */
export function verifyAs(name: string): NonNullable<ConnectionOptions['checkServerIdentity']> {
  return (_, shown) => checkServerIdentity(name, shown);
}

export function pem(bytes: string | Uint8Array): Buffer {
  return Buffer.from(bytes as string);
}

function metadataOf({ metadata }: CallOptions): grpc.Metadata {
  const made = new grpc.Metadata();
  for (const [name, value] of Object.entries(metadata ?? {})) {
    made.set(name, value);
  }
  return made;
}

function deadlineOf({ timeoutMs }: CallOptions): grpc.CallOptions {
  return timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function asIs(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

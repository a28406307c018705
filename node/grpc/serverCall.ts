import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { ClientCertificate } from './clientCertificate.ts';
import { decompress } from './compression.ts';
import { framed, MessageReader } from './messageReader.ts';
import { Outgoing } from './outgoing.ts';
import { RPC_STATUS, RpcError, type RpcStatus } from './rpcError.ts';
import type { CallContext } from './service.ts';
import { ServerConnection } from './serverConnection.ts';

export interface CallLimits {
  /** Bytes of one message. */
  readonly maxReceiveBytes: number;
  readonly maxSendBytes: number;
}

/** W3C trace context: version, trace ID, parent ID, flags. */
const TRACEPARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/;
const TIMEOUT = /^(\d{1,8})\s*([HMSmun])$/;
const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 0.001, n: 0.000001 };
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

const HEADERS = {
  ':status': 200,
  'content-type': 'application/grpc+proto',
  'grpc-accept-encoding': 'identity,deflate,gzip',
};
const OK_TRAILERS = { 'grpc-status': '0' };
const FOLLOWED_BY_TRAILERS = { waitForTrailers: true };
const ALONE = { endStream: true };

/**
 * One call, on its stream of HTTP/2. The gRPC library's own way of a call goes through a dozen objects and as many turns of the event
 * loop; this is what is left of it where messages are bytes and nobody intercepts.
 */
export class ServerCall implements CallContext {
  readonly traceparent: string | null;
  readonly #stream: ServerHttp2Stream;
  readonly #connection: ServerConnection;
  readonly #limits: CallLimits;
  readonly #encoding: string;
  /** Told once, why: before the handler is done. */
  onAbort: ((reason: RpcError) => void) | null = null;
  #abort: AbortController | null = null;
  #reason: RpcError | null = null;
  #deadline: NodeJS.Timeout | null = null;
  #begun = false;
  #ended = false;
  #trailers: Readonly<Record<string, string>> = OK_TRAILERS;
  /** Where messages have to be decompressed one after the other. */
  #before: Promise<void> | null = null;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, limits: CallLimits) {
    this.#stream = stream;
    this.#limits = limits;
    this.#connection = ServerConnection.of(stream);
    const { traceparent, 'grpc-encoding': encoding, 'grpc-timeout': timeout } = headers;
    this.traceparent = typeof traceparent === 'string' && TRACEPARENT.test(traceparent) ? traceparent : null;
    this.#encoding = typeof encoding === 'string' ? encoding : 'identity';
    // It is followed by `close`, which is what counts.
    stream.on('error', () => {});
    stream.once('close', () => this.#closed());
    if (timeout !== undefined) {
      this.#endAfter(String(timeout));
    }
  }

  get address(): string {
    return this.#connection.address;
  }

  get certificate(): ClientCertificate | null {
    return this.#connection.certificate;
  }

  get signal(): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController();
      if (this.#reason !== null) {
        this.#abort.abort(this.#reason);
      }
    }
    return this.#abort.signal;
  }

  /** Why the call is over before its handler is; null while it is not. */
  get aborted(): RpcError | null {
    return this.#reason;
  }

  /** Tells the handler to end; nothing once it has. */
  abort(reason: RpcError): void {
    if (this.#reason === null && !this.#ended) {
      this.#reason = reason;
      this.#stopTimer();
      this.#abort?.abort(reason);
      this.onAbort?.(reason);
      // What still comes is nobody's.
      this.#stream.resume();
    }
  }

  /** Begins to read. A call whose messages break the rules ends by itself, and `onAbort` is told. */
  receive(onMessage: (message: Uint8Array) => void, onEnd: () => void): void {
    const reader = new MessageReader(
      { maxBytes: this.#limits.maxReceiveBytes },
      { onMessage: (message, compressed) => this.#received(message, compressed, onMessage) },
    );
    this.#stream.on('data', (bytes: Buffer) => {
      if (this.#ended || this.#reason !== null) {
        return;
      }
      try {
        reader.push(bytes);
      } catch (error) {
        this.#refuse(error);
      }
    });
    this.#stream.on('end', () => {
      if (this.#ended || this.#reason !== null) {
        return;
      }
      if (reader.isWithin) {
        this.#refuse(new RpcError('INTERNAL', 'the last message is cut off'));
      } else if (this.#before === null) {
        onEnd();
      } else {
        void this.#before.then(onEnd);
      }
    });
  }

  /** Holds the client up. */
  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  /** What its messages are sent through. */
  outgoing(): Outgoing {
    return new Outgoing(this.#stream, this.signal);
  }

  /** Sends one message. @returns null where there is room for more @throws RpcError RESOURCE_EXHAUSTED */
  send(message: Uint8Array, outgoing: Outgoing): Promise<void> | null {
    this.#checkSize(message);
    if (this.#isGone) {
      return null;
    }
    this.#begin();
    const [first, rest] = framed(message);
    if (rest === undefined) {
      return outgoing.write(first);
    }
    this.#stream.cork();
    this.#stream.write(first);
    const room = outgoing.write(rest);
    this.#stream.uncork();
    return room;
  }

  /** Ends the call with a last message. @throws RpcError RESOURCE_EXHAUSTED */
  answer(message: Uint8Array): void {
    this.#checkSize(message);
    if (this.#isGone) {
      this.#close();
      return;
    }
    this.#begin();
    const [first, rest] = framed(message);
    this.#close();
    if (rest !== undefined) {
      this.#stream.write(first);
    }
    this.#stream.end(rest ?? first);
  }

  /** Ends the call; what comes after it does nothing. */
  end(status: RpcStatus, details = ''): void {
    const gone = this.#isGone;
    if (this.#ended) {
      return;
    }
    this.#close();
    if (gone) {
      return;
    }
    if (status !== 'OK' || !this.#begun) {
      this.#trailers = { 'grpc-status': String(RPC_STATUS[status]), 'grpc-message': encodeURI(details.toWellFormed()) };
    }
    if (this.#begun) {
      this.#stream.end();
    } else {
      this.#stream.respond({ ...HEADERS, ...this.#trailers }, ALONE);
    }
    // What the client still sends is nobody's.
    this.#stream.resume();
  }

  /** It comes at the end of every call. */
  #closed(): void {
    if (!this.#ended) {
      this.abort(new RpcError('CANCELLED', 'the client gave the call up'));
    }
  }

  get #isGone(): boolean {
    return this.#ended || this.#stream.destroyed || this.#stream.closed;
  }

  #begin(): void {
    if (!this.#begun) {
      this.#begun = true;
      this.#stream.respond(HEADERS, FOLLOWED_BY_TRAILERS);
      this.#stream.once('wantTrailers', () => this.#stream.sendTrailers(this.#trailers));
    }
  }

  #close(): void {
    this.#ended = true;
    this.#stopTimer();
  }

  #stopTimer(): void {
    if (this.#deadline !== null) {
      clearTimeout(this.#deadline);
      this.#deadline = null;
    }
  }

  /** @throws RpcError */
  #checkSize({ length }: Uint8Array): void {
    const { maxSendBytes } = this.#limits;
    if (length > maxSendBytes) {
      throw new RpcError('RESOURCE_EXHAUSTED', `Sent message larger than max (${length} vs. ${maxSendBytes})`);
    }
  }

  #received(message: Uint8Array, compressed: boolean, onMessage: (message: Uint8Array) => void): void {
    if (this.#before === null && (!compressed || this.#encoding === 'identity')) {
      onMessage(message);
      return;
    }
    const next = async (before: Promise<void> | null): Promise<void> => {
      await before;
      const plain = compressed ? await decompress(message, this.#encoding, this.#limits.maxReceiveBytes) : message;
      if (!this.#ended && this.#reason === null) {
        onMessage(plain);
      }
    };
    this.#before = next(this.#before).catch((error: unknown) => this.#refuse(error));
  }

  #refuse(error: unknown): void {
    const reason = error instanceof RpcError ? error : new RpcError('INTERNAL', String(error), { cause: error });
    this.abort(reason);
    this.end(reason.status, reason.message);
  }

  #endAfter(timeout: string): void {
    const [, count = '', unit = ''] = TIMEOUT.exec(timeout) ?? [];
    if (count === '') {
      // Not before whoever made this call can be told.
      process.nextTick(() => this.#refuse(new RpcError('INTERNAL', `Invalid grpc-timeout value "${timeout}"`)));
      return;
    }
    const ms = Math.min(Number(count) * (UNIT_MS[unit] as number), MAX_TIMEOUT_MS);
    this.#deadline = setTimeout(() => this.#refuse(new RpcError('DEADLINE_EXCEEDED', 'Deadline exceeded')), ms);
  }
}

import { peer } from '@hyperledger/fabric-protos';
import { type ChaincodeMessage, readChaincodeMessage, readResponse } from '#node/protos/shimMessages.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import { ChaincodeError, messageOf } from '../chaincodeError.ts';
import type { ChaincodeMetrics } from '../chaincodeMetrics.ts';
import type { ChaincodeInvocation, ChaincodeResult } from '../chaincodeSupport.ts';
import {
  type BatchOptions,
  errorFor,
  FAILURE,
  nameOf,
  plainMessage,
  readyMessage,
  responseTo,
  transactionMessage,
} from './messages.ts';
import type { Request, RequestModules } from './requestContext.ts';
import { REQUESTS } from './requests.ts';
import type { ShimTransport } from './shimTransport.ts';
import { TransactionContext } from './transactionContext.ts';

const { Type } = peer.ChaincodeMessage;

export interface ShimStreamOptions extends BatchOptions {
  /** Between messages that keep proxies from closing the connection; 0: none. The shim for Node ends itself over one. */
  readonly keepaliveMs: number;
}

export interface ShimStreamModules extends RequestModules {
  readonly metrics: ChaincodeMetrics;
  /** Takes the chaincode in under the ID that it gives. @throws ChaincodeError where it is not expected */
  readonly register: (packageId: string, stream: ShimStream) => void;
  /** It takes transactions from now on. */
  readonly ready: (packageId: string, stream: ShimStream) => void;
}

interface RunningTransaction {
  readonly context: TransactionContext;
  readonly startedAt: number;
  readonly resolve: (message: ChaincodeMessage) => void;
  readonly reject: (error: ChaincodeError) => void;
}

/**
 * The peer's end of one chaincode's stream (core/chaincode/handler.go).
 *
 * ```
 * created      REGISTER →                   who it is, and whether it is expected
 * established  ← REGISTERED, ← READY        with what this peer offers
 * ready        ← INIT, ← TRANSACTION        many at a time, told apart by channel and transaction ID
 *                GET_STATE … → ← RESPONSE   one at a time for each of them
 *                COMPLETED →
 * ```
 */
export class ShimStream {
  readonly #options: ShimStreamOptions;
  readonly #modules: ShimStreamModules;
  readonly #transport: ShimTransport;
  readonly #running = new Map<string, RunningTransaction>();
  #state: 'created' | 'established' | 'ready' | 'ended' = 'created';
  #packageId = '';
  #lastReceived = 0;
  readonly #ended = Promise.withResolvers<void>();
  #endedBy: ChaincodeError | null = null;

  constructor(transport: ShimTransport, options: ShimStreamOptions, modules: ShimStreamModules) {
    this.#transport = transport;
    this.#options = options;
    this.#modules = modules;
  }

  /** Empty until it registered. */
  get packageId(): string {
    return this.#packageId;
  }

  get isReady(): boolean {
    return this.#state === 'ready';
  }

  /** Resolves when the stream is over, for whatever reason. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /**
   * Speaks with the chaincode until the stream ends.
   * @throws ChaincodeError `protocol` for a chaincode that breaks the rules, the reason of `close`; errors of the connection
   */
  async run(): Promise<void> {
    const { keepaliveMs } = this.#options;
    const keepalive = keepaliveMs > 0 ? setInterval(() => this.#sendKeepalive(), keepaliveMs) : null;
    keepalive?.unref();
    try {
      for await (const bytes of this.#transport.messages) {
        this.#lastReceived = performance.now();
        await this.#receive(readChaincodeMessage(bytes));
      }
    } catch (error) {
      throw this.#endedBy ?? error;
    } finally {
      if (keepalive !== null) {
        clearInterval(keepalive);
      }
      this.#end(new ChaincodeError('stream_ended', 'chaincode stream terminated'));
      this.#transport.cancel();
    }
    if (this.#endedBy !== null) {
      throw this.#endedBy;
    }
  }

  /** Ends the stream and, with this error, the transactions that run on it. */
  close(reason: ChaincodeError): void {
    if (this.#state !== 'ended') {
      this.#endedBy = reason;
      this.#end(reason);
      this.#transport.cancel();
    }
  }

  /**
   * Runs one transaction.
   * @throws ChaincodeError `duplicate_tx`, `timeout`, `stream_ended`, `cancelled`, `failed`, `protocol`
   */
  async execute(invocation: ChaincodeInvocation, timeoutMs: number): Promise<ChaincodeResult> {
    const { channelId, txId, name } = invocation;
    const id = contextId(channelId, txId);
    if (this.#running.has(id)) {
      throw new ChaincodeError('duplicate_tx', `error sending: txid: ${txId}(${channelId}) exists`);
    }
    if (this.#state !== 'ready') {
      throw new ChaincodeError('stream_ended', 'error sending: chaincode stream terminated');
    }
    const context = new TransactionContext(invocation);
    let answer: ChaincodeMessage;
    try {
      answer = await this.#runTransaction(id, context, timeoutMs);
    } finally {
      this.#running.delete(id);
      await context.close();
    }
    if (answer.type === Type.ERROR) {
      const text = Buffer.from(answer.payload).toString('utf8');
      throw new ChaincodeError('failed', `${FAILURE}${text}`);
    }
    const event = answer.event === null ? null : { ...answer.event, chaincodeId: name, txId };
    try {
      return { response: readResponse(answer.payload), event };
    } catch (cause) {
      throw new ChaincodeError('protocol', `failed to unmarshal response: ${messageOf(cause)}`, { cause });
    }
  }

  #runTransaction(id: string, context: TransactionContext, timeoutMs: number): Promise<ChaincodeMessage> {
    const { invocation } = context;
    const { signal } = invocation;
    return new Promise((resolve, reject) => {
      const startedAt = performance.now();
      const timer = setTimeout(() => {
        settled();
        reject(new ChaincodeError('timeout', 'error sending: timeout expired while executing transaction'));
        if (this.#lastReceived < startedAt) {
          // Not a sign of life in all that time, from this transaction or any other: it will not answer the next one either.
          this.close(
            new ChaincodeError('stream_ended', 'error sending: chaincode stream terminated: it answers nothing'),
          );
        }
      }, timeoutMs);
      const onAbort = (): void => {
        settled();
        reject(new ChaincodeError('cancelled', 'the caller gave the transaction up'));
      };
      const settled = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        this.#running.delete(id);
      };
      if (signal.aborted) {
        onAbort();
        return;
      }
      signal.addEventListener('abort', onAbort);
      this.#running.set(id, {
        context,
        startedAt,
        resolve: (message) => {
          settled();
          resolve(message);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      });
      void this.#send(transactionMessage(invocation));
    });
  }

  async #receive(message: ChaincodeMessage): Promise<void> {
    const { type } = message;
    if (type === Type.KEEPALIVE) {
      return;
    }
    if (this.#state === 'created' && type === Type.REGISTER) {
      await this.#register(message);
      return;
    }
    if (this.#state === 'ready') {
      if (type === Type.COMPLETED || type === Type.ERROR) {
        this.#complete(message);
        return;
      }
      const request = REQUESTS.get(type);
      if (request !== undefined) {
        await this.#answer(message, request);
        return;
      }
    }
    throw new ChaincodeError(
      'protocol',
      `[${message.txId}] Fabric side handler cannot handle message (${nameOf(type)}) while in ${this.#state} state`,
    );
  }

  async #register({ payload }: ChaincodeMessage): Promise<void> {
    const packageId = decodeMessage(peer.ChaincodeID, payload, 'protos.ChaincodeID').getName();
    if (packageId === '') {
      throw new ChaincodeError('protocol', 'error in handling register chaincode, chaincodeID name is empty');
    }
    this.#packageId = packageId;
    this.#modules.register(packageId, this);
    this.#state = 'established';
    await this.#send(plainMessage(Type.REGISTERED));
    await this.#send(readyMessage(this.#options));
    if (this.#state === 'established') {
      this.#state = 'ready';
      this.#modules.ready(packageId, this);
    }
  }

  /** Not before what the transaction asked for is done: a chaincode may not have waited for its own writes. */
  #complete(message: ChaincodeMessage): void {
    const transaction = this.#running.get(contextId(message.channelId, message.txId));
    if (transaction === undefined) {
      return;
    }
    const { request } = transaction.context;
    if (request === null) {
      transaction.resolve(message);
    } else {
      void request.then(() => transaction.resolve(message));
    }
  }

  async #answer(message: ChaincodeMessage, request: Request): Promise<void> {
    const context = this.#running.get(contextId(message.channelId, message.txId))?.context;
    if (context === undefined) {
      // Of a transaction that is over, or never was; whoever sends many of these waits for each to be told.
      const what = message.type === Type.INVOKE_CHAINCODE ? 'could not get valid transaction' : 'no ledger context';
      await this.#send(errorFor(message, what));
    } else if (context.request === null) {
      context.request = this.#answerOne(message, context, request);
    }
    // A second request before the first is answered is passed over, as in Fabric: the shims never send one.
  }

  async #answerOne(message: ChaincodeMessage, context: TransactionContext, request: Request): Promise<void> {
    const { metrics } = this.#modules;
    const labels = [nameOf(message.type), message.channelId, this.#packageId] as const;
    const startedAt = performance.now();
    metrics.shimRequestReceived(...labels);
    let answer: Uint8Array;
    let success = false;
    try {
      const payload = await request(message.payload, context, this.#modules);
      answer = responseTo(message, payload);
      success = true;
    } catch (error) {
      answer = errorFor(message, messageOf(error));
    }
    metrics.shimRequestCompleted(...labels, success, (performance.now() - startedAt) / 1000);
    context.request = null;
    await this.#send(answer);
  }

  async #send(message: Uint8Array): Promise<void> {
    if (this.#state === 'ended') {
      return;
    }
    try {
      await this.#transport.send(message);
    } catch (cause) {
      this.close(new ChaincodeError('stream_ended', `error sending: ${messageOf(cause)}`, { cause }));
    }
  }

  #sendKeepalive(): void {
    void this.#send(plainMessage(Type.KEEPALIVE));
  }

  #end(reason: ChaincodeError): void {
    this.#state = 'ended';
    this.#ended.resolve();
    for (const { reject } of this.#running.values()) {
      reject(new ChaincodeError('stream_ended', `error sending: ${reason.message}`, { cause: reason }));
    }
  }
}

/** Channel IDs hold no such character. */
function contextId(channelId: string, txId: string): string {
  return `${channelId}\0${txId}`;
}

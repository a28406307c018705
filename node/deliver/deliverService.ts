import { common } from '@hyperledger/fabric-protos';
import { isConfigBlock } from '#node/commit/envelopeForm.ts';
import { RpcError } from '#node/grpc/rpcError.ts';
import type { CallContext } from '#node/grpc/service.ts';
import type { SignedData } from '#node/policy/policy.ts';
import type { BlockView } from '#node/protos/blockView.ts';
import { EnvelopeView } from '#node/protos/envelopeView.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import type { Party, Tracer } from '#node/tracing/tracer.ts';
import type { Chain, Chains } from './chain.ts';
import type { DataType, DeliverMetrics } from './deliverMetrics.ts';
import { headerResponse, statusResponse } from './deliverResponse.ts';
import { readSeek, type Seek, startOf, stopOf } from './seek.ts';
import { checkEnvelope, type CheckedEnvelope } from './checkEnvelope.ts';
import { type Authorize, identityOf, SessionAccess } from './sessionAccess.ts';

const { SUCCESS, BAD_REQUEST, FORBIDDEN, NOT_FOUND, SERVICE_UNAVAILABLE } = common.Status;

export interface DeliverOptions {
  /** How far a client's clock may be from ours. Default 15 minutes, as Fabric's `authentication.timewindow`. */
  readonly timeWindowMs?: number;
  /** Whether clients must have a TLS certificate, and bind their requests to it. Default false. */
  readonly mutualTls?: boolean;
  /** Whether a session ends with the client's certificate. Default true. */
  readonly expirationCheck?: boolean;
  /** How often a chain is asked, while a client waits for its next block, whether it can still go on. Default one second. */
  readonly failurePollMs?: number;
}

export interface DeliverModules {
  readonly chains: Chains;
  readonly tracer: Tracer;
  readonly metrics?: DeliverMetrics;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Told why a request was not answered. */
  readonly onRefused?: (address: string, channelId: string | null, reason: string) => void;
}

/** What one method of a Deliver service does its own way. */
export interface Delivery {
  readonly dataType: DataType;
  readonly authorize: Authorize;
  /** One block as the client gets it: a serialised `DeliverResponse`. */
  respond(block: BlockView, chain: Chain, signed: SignedData): Uint8Array | Promise<Uint8Array>;
}

/**
 * Hands out blocks: the handler behind every Deliver method, of peers and orderers (Fabric, common/deliver).
 *
 * A client sends a signed seek and gets blocks, then a status; after SUCCESS it may send the next seek. A block is read, and encoded,
 * when the connection has taken the one before: a slow reader has one block in memory and holds up nobody. What several readers get
 * at a time is encoded once.
 */
export class DeliverService {
  readonly #options: Required<DeliverOptions>;
  readonly #modules: DeliverModules;
  readonly #now: () => number;

  constructor(options: DeliverOptions, modules: DeliverModules) {
    this.#options = {
      timeWindowMs: options.timeWindowMs ?? 15 * 60_000,
      mutualTls: options.mutualTls ?? false,
      expirationCheck: options.expirationCheck ?? true,
      failurePollMs: options.failurePollMs ?? 1000,
    };
    this.#modules = modules;
    this.#now = modules.now ?? Date.now;
  }

  /** Responses to the seeks of one call. @throws RpcError where a message is no envelope, or the call is over */
  async *handle(
    delivery: Delivery,
    requests: AsyncIterable<Uint8Array>,
    context: CallContext,
  ): AsyncGenerator<Uint8Array, void> {
    const { metrics } = this.#modules;
    metrics?.streamsOpened.inc();
    try {
      for await (const request of requests) {
        refuseGarbage(request);
        const status = yield* this.#answer(delivery, request, context);
        yield statusResponse(status);
        if (status !== SUCCESS) {
          return;
        }
      }
    } finally {
      metrics?.streamsClosed.inc();
    }
  }

  async *#answer(delivery: Delivery, request: Uint8Array, context: CallContext): AsyncGenerator<Uint8Array, number> {
    const refuse = (channelId: string | null, reason: string): void =>
      this.#modules.onRefused?.(context.address, channelId, reason);
    const envelope = checkEnvelope(request, context, this.#options, this.#now());
    if (typeof envelope === 'string') {
      refuse(null, envelope);
      return BAD_REQUEST;
    }
    const { channelId } = envelope;
    const chain = this.#modules.chains.chain(channelId);
    if (chain === null) {
      refuse(channelId, 'channel not found');
      return NOT_FOUND;
    }
    const { metrics } = this.#modules;
    const labels = {
      channel: channelId,
      filtered: String(delivery.dataType === 'filtered_block'),
      data_type: delivery.dataType,
    };
    metrics?.requestsReceived.inc(labels);
    let status: number = common.Status.INTERNAL_SERVER_ERROR;
    try {
      status = yield* this.#deliver(delivery, chain, envelope, context, {
        refuse: (reason) => refuse(channelId, reason),
        sent: () => metrics?.blocksSent.inc(labels),
      });
      return status;
    } finally {
      metrics?.requestsCompleted.inc({ ...labels, success: String(status === SUCCESS) });
    }
  }

  async *#deliver(
    delivery: Delivery,
    chain: Chain,
    { channelId, signed, data }: CheckedEnvelope,
    context: CallContext,
    tell: { readonly refuse: (reason: string) => void; readonly sent: () => void },
  ): AsyncGenerator<Uint8Array, number> {
    const no = (status: number, reason: string): number => {
      tell.refuse(reason);
      return status;
    };
    const seek = seekOf(data);
    if (typeof seek === 'string') {
      return no(BAD_REQUEST, seek);
    }
    const failure = (): string | null => (seek.bestEffort ? null : chain.failure);
    if (failure() !== null) {
      return no(SERVICE_UNAVAILABLE, `the chain cannot go on: ${failure()}`);
    }
    const access = new SessionAccess(
      { signed, expirationCheck: this.#options.expirationCheck },
      { chain, authorize: delivery.authorize, now: this.#now },
    );
    const denied = await access.whyNot();
    if (denied !== null) {
      return no(FORBIDDEN, denied);
    }
    if (seek.start === null || seek.stop === null) {
      return no(BAD_REQUEST, 'seekInfo with missing start or stop');
    }
    const start = startOf(seek.start, chain);
    if (start === null) {
      return no(NOT_FOUND, 'the chain has no such block to start with');
    }
    const stop = stopOf(seek.stop, { position: seek.start, number: start }, chain);
    if (stop === null) {
      return no(BAD_REQUEST, `start number ${start} is greater than the stop number`);
    }
    const receiver: Party = { ...partyOf(signed), address: context.address };
    // Applications that listen get what was committed: no transaction goes through their hands.
    const isNode = receiver.identity?.role !== 'client' && receiver.identity?.role !== 'admin';
    for (let number = start; ; number++) {
      if (seek.failIfNotReady && number >= chain.height) {
        return no(NOT_FOUND, `block ${number} is not there yet`);
      }
      const block = await this.#next(chain, number, seek.bestEffort, context.signal);
      if (block === null) {
        return no(SERVICE_UNAVAILABLE, failure() ?? `block ${number} cannot be read`);
      }
      const revoked = await access.whyNot();
      if (revoked !== null) {
        return no(FORBIDDEN, revoked);
      }
      const response =
        seek.headersOnly && !isConfigBlock(block)
          ? headerResponse(block)
          : await delivery.respond(block, chain, signed);
      if (isNode) {
        this.#modules.tracer.deliverSend(channelId, block, receiver);
      }
      tell.sent();
      yield response;
      if (number === stop) {
        return SUCCESS;
      }
    }
  }

  /** Null where the chain cannot go on, or was closed. @throws RpcError when the call is over */
  async #next(chain: Chain, number: number, bestEffort: boolean, signal: AbortSignal): Promise<BlockView | null> {
    if (number >= chain.height && !(await this.#comes(chain, number, bestEffort, signal))) {
      return null;
    }
    throwIfOver(signal);
    if (!bestEffort && chain.failure !== null) {
      return null;
    }
    return chain.block(number).catch(() => null);
  }

  async #comes(chain: Chain, number: number, bestEffort: boolean, signal: AbortSignal): Promise<boolean> {
    // Not AbortSignal.any: it would leave something behind on the call's signal with every block.
    const waiting = new AbortController();
    const stop = (): void => waiting.abort();
    signal.addEventListener('abort', stop, { once: true });
    const poll = bestEffort
      ? null
      : setInterval(() => {
          if (chain.failure !== null) {
            stop();
          }
        }, this.#options.failurePollMs);
    try {
      throwIfOver(signal);
      await chain.waitForBlock(number, waiting.signal);
      return true;
    } catch {
      throwIfOver(signal);
      return false;
    } finally {
      signal.removeEventListener('abort', stop);
      clearInterval(poll ?? undefined);
    }
  }
}

/** As Go's handler ends then: not with what the client did, which metrics of calls tell apart. */
function throwIfOver(signal: AbortSignal): void {
  if (signal.aborted) {
    throw new RpcError('UNKNOWN', 'context finished before block retrieved', { cause: signal.reason });
  }
}

/** What gRPC itself answers in Go to bytes that are not the method's message. */
function refuseGarbage(request: Uint8Array): void {
  try {
    void EnvelopeView.fromBytes(request).message;
  } catch (cause) {
    if (cause instanceof ProtoError) {
      throw new RpcError('INTERNAL', `grpc: failed to unmarshal the received message: ${cause.message}`, { cause });
    }
    throw cause;
  }
}

function seekOf(data: Uint8Array): Seek | string {
  try {
    return readSeek(data);
  } catch (error) {
    if (error instanceof ProtoError) {
      return `malformed seekInfo payload: ${error.message}`;
    }
    throw error;
  }
}

function partyOf(signed: SignedData): Party {
  const identity = identityOf(signed.identity);
  return identity === null ? {} : { identity };
}

import { common, orderer } from '@hyperledger/fabric-protos';
import { Certificate } from '#node/crypto/certificate.ts';
import type { CallContext, Method } from '#node/grpc/service.ts';
import { RpcError } from '#node/grpc/rpcError.ts';
import { bytesSize, writeBytes } from '#node/protos/blockEncoder.ts';
import { EnvelopeView } from '#node/protos/envelopeView.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import type { Party, TransactionStep, Tracer } from '#node/tracing/tracer.ts';
import { BoundedCache } from '#node/msp/boundedCache.ts';
import { inOrder } from './inOrder.ts';
import { broadcastStatus, OrdererError, recordedText, textOfError } from './ordererError.ts';
import type { OrdererMetrics } from './ordererMetrics.ts';
import type { OrderingChain } from './orderingChain.ts';
import { Throttle, type ThrottleOptions } from './throttle.ts';

export interface BroadcastOptions {
  /**
   * Messages of one stream whose checks run at a time (FastFabric, O-II); they are ordered and answered in the order in which they
   * came. 1 is Fabric's way: the next message is looked at when the one before is answered.
   */
  readonly pipeline: number;
  /** Null for none. Only clients with a TLS certificate are limited, as in Fabric. */
  readonly throttling: ThrottleOptions | null;
}

export interface BroadcastModules {
  readonly chains: { chain(channelId: string): OrderingChain | null };
  readonly tracer: Tracer;
  readonly metrics: OrdererMetrics | null;
}

/** What came of a message. */
interface Answer {
  /** Null for one without a header, which leaves no record. */
  readonly step: TransactionStep | null;
  readonly status: number;
  /** Null for SUCCESS. */
  readonly error: unknown;
  /** As `performance.now` has them; null where it did not pass. */
  readonly at: { readonly started: number; readonly validated: number | null };
}

/** A message that was checked, and what brings it to its chain. */
interface Checked {
  readonly chain: OrderingChain;
  readonly submit: () => Promise<void>;
}

/**
 * `/orderer.AtomicBroadcast/Broadcast` (Fabric, `orderer/common/broadcast`).
 *
 * ```
 * bytes        an envelope with a channel header                 trace broadcast.request
 *   │          channel, class of message
 *   │          size, expiry, signature, Writers policy           messageProcessor.ts, creatorCheck.ts
 *   │          update: the configuration that it leads to        messageProcessor.ts, maintenanceFilter.ts
 *   │  - - -   from here on in the order of the stream
 *   │          room in the chain's queue
 *   ▼          accepted by the consenter                         consensus/
 * answer       status                                            trace broadcast.response
 * ```
 *
 * An answer other than SUCCESS ends the stream, as in Fabric.
 */
export class Broadcast {
  readonly method: Method;
  readonly #options: BroadcastOptions;
  readonly #modules: BroadcastModules;
  readonly #clients: Throttle | null;
  readonly #organizations: Throttle | null;
  readonly #keys = new BoundedCache<string, { readonly client: string; readonly organization: string }>(1000);

  constructor(options: BroadcastOptions, modules: BroadcastModules) {
    this.#options = options;
    this.#modules = modules;
    const { throttling } = options;
    this.#clients = throttling === null ? null : new Throttle(throttling);
    this.#organizations = throttling === null ? null : new Throttle(throttling);
    this.method = { kind: 'stream', handle: (requests, context) => this.#handle(requests, context) };
  }

  close(): void {
    this.#clients?.close();
    this.#organizations?.close();
  }

  async *#handle(requests: AsyncIterable<Uint8Array>, context: CallContext): AsyncGenerator<Uint8Array, void> {
    let before: Promise<void> = Promise.resolve();
    const process = (bytes: Uint8Array): Promise<Answer> => {
      const turn = before;
      const handedOver = Promise.withResolvers<void>();
      before = handedOver.promise;
      return this.#process(bytes, context, turn, handedOver.resolve);
    };
    for await (const answer of inOrder(this.#limited(requests, context), process, this.#options.pipeline)) {
      this.#record(answer);
      yield answer.error === null ? SUCCESS : responseOf(answer.status, textOfError(answer.error));
      if (answer.status !== common.Status.SUCCESS) {
        return;
      }
    }
  }

  /** @param turn resolves when the message before was handed over @param passOn called when this one was */
  async #process(bytes: Uint8Array, context: CallContext, turn: Promise<void>, passOn: () => void): Promise<Answer> {
    const started = performance.now();
    const envelope = readEnvelope(bytes);
    const step = stepOf(envelope, context);
    if (step !== null) {
      this.#modules.tracer.broadcastRequest(step);
    }
    let validated: number | null = null;
    let error: unknown = null;
    try {
      const { chain, submit } = await this.#check(envelope);
      validated = performance.now();
      await turn;
      await chain.consenter.waitReady();
      const accepted = submit();
      passOn();
      await accepted;
    } catch (cause) {
      error = cause;
    }
    const status = error === null ? common.Status.SUCCESS : broadcastStatus(error);
    return { step, status, error, at: { started, validated } };
  }

  /** When the answer goes back, so that records and answers of a stream have one order. */
  #record({ step, status, error, at: { started, validated } }: Answer): void {
    const ended = performance.now();
    this.#modules.metrics?.broadcast(
      {
        // A name that no channel has would be one more label for each that comes along.
        channel: step !== null && this.#modules.chains.chain(step.channelId) !== null ? step.channelId : 'unknown',
        type: step?.type !== undefined && Object.hasOwn(common.HeaderType, step.type) ? step.type : 'unknown',
        status: STATUS_NAMES.get(status) ?? String(status),
      },
      {
        validate: ((validated ?? ended) - started) / 1000,
        enqueue: validated === null ? null : (ended - validated) / 1000,
      },
    );
    if (step !== null) {
      this.#modules.tracer.broadcastResponse({
        ...step,
        status,
        durationUs: Math.round((ended - started) * 1000),
        ...(error === null ? {} : { error: recordedText(error) }),
      });
    }
  }

  async #check(envelope: EnvelopeView): Promise<Checked> {
    const { channelHeader } = headerOf(envelope);
    const chain = this.#modules.chains.chain(channelHeader.channel);
    if (chain === null) {
      throw new OrdererError('channel_not_found', 'channel does not exist');
    }
    const { processor } = chain;
    switch (processor.classify(channelHeader)) {
      case 'config':
        throw new OrdererError('unsupported_type', 'message is of type that cannot be processed directly');
      case 'unsupported':
        throw new OrdererError('unsupported_type', 'message is of type that is no longer supported');
      case 'config_update': {
        const config = await processor.processConfigUpdate(envelope);
        return { chain, submit: () => chain.consenter.configure(config.envelope, config.sequence) };
      }
      default: {
        const sequence = await processor.processNormal(envelope);
        return { chain, submit: () => chain.consenter.order(envelope, sequence) };
      }
    }
  }

  async *#limited(requests: AsyncIterable<Uint8Array>, context: CallContext): AsyncGenerator<Uint8Array, void> {
    const keys = this.#clients === null ? null : this.#throttlingKeys(context);
    for await (const request of requests) {
      if (keys !== null) {
        await this.#clients?.limit(keys.client, context.signal);
        await this.#organizations?.limit(keys.organization, context.signal);
      }
      yield request;
    }
  }

  /** Keys of the certificate's holder and of its authority, which stands for the organisation. */
  #throttlingKeys({ certificate }: CallContext): { readonly client: string; readonly organization: string } | null {
    if (certificate === null) {
      return null;
    }
    const name = Buffer.from(certificate.hash).toString('hex');
    let keys = this.#keys.get(name);
    if (keys === undefined) {
      keys = { client: name, organization: organizationOf(certificate.der) };
      this.#keys.set(name, keys);
    }
    return keys;
  }
}

const STATUS_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(common.Status).map(([name, number]) => [number as number, name]),
);
/** Characters of a name that somebody chose. */
const MAX_RECORDED = 256;
const SUCCESS = responseOf(common.Status.SUCCESS, '');

function responseOf(status: number, info: string): Uint8Array {
  const response = new orderer.BroadcastResponse();
  response.setStatus(status as Parameters<orderer.BroadcastResponse['setStatus']>[0]);
  response.setInfo(info);
  return response.serializeBinary();
}

/**
 * The envelope as it will stand in the block: payload and signature alone, as only these are counted when it is measured.
 * @throws RpcError INTERNAL for bytes that are no envelope, as a Go server's gRPC answers them
 */
function readEnvelope(bytes: Uint8Array): EnvelopeView {
  const plain =
    bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const envelope = EnvelopeView.fromBytes(plain);
  try {
    const { payloadBytes, signature } = envelope;
    const sizes = [payloadBytes, signature].map((part) => (part.length === 0 ? 0 : 1 + bytesSize(part)));
    const size = (sizes[0] as number) + (sizes[1] as number);
    if (size === plain.length) {
      return envelope;
    }
    const canonical = new Uint8Array(size);
    let at = 0;
    for (const [tag, part] of [
      [0x0a, payloadBytes],
      [0x12, signature],
    ] as const) {
      if (part.length > 0) {
        canonical[at] = tag;
        at = writeBytes(canonical, at + 1, part);
      }
    }
    return EnvelopeView.fromBytes(canonical);
  } catch (cause) {
    if (cause instanceof ProtoError) {
      throw new RpcError('INTERNAL', `grpc: failed to unmarshal the received message: ${cause.message}`, { cause });
    }
    throw cause;
  }
}

function headerOf(envelope: EnvelopeView): EnvelopeView {
  try {
    void envelope.channelHeader;
    return envelope;
  } catch (cause) {
    if (!(cause instanceof ProtoError)) {
      throw cause;
    }
    const reason = cause.code === 'missing' ? 'header not set' : cause.message;
    throw new OrdererError('malformed', `could not determine channel ID: ${reason}`, { cause });
  }
}

/** What the records of a message say of it; null for one without a header. */
function stepOf(envelope: EnvelopeView, { address, traceparent }: CallContext): TransactionStep | null {
  try {
    const { channel, txId, typeName } = envelope.channelHeader;
    return {
      channelId: channel.slice(0, MAX_RECORDED),
      txId: txId.slice(0, MAX_RECORDED),
      type: typeName,
      caller: callerOf(envelope, address),
      traceparent,
    };
  } catch (error) {
    if (error instanceof ProtoError) {
      return null;
    }
    throw error;
  }
}

function callerOf(envelope: EnvelopeView, address: string): Party {
  try {
    const identity = envelope.creator;
    if (identity !== null) {
      const { role } = identity;
      return { identity, kind: role === 'peer' || role === 'orderer' ? role : 'client', address };
    }
  } catch (error) {
    if (!(error instanceof ProtoError)) {
      throw error;
    }
  }
  return { address };
}

function organizationOf(der: Uint8Array): string {
  try {
    return Buffer.from(Certificate.fromDer(der).rawIssuer).toString('base64');
  } catch {
    return '';
  }
}

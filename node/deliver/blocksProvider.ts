import type { Signer } from '#node/crypto/sign.ts';
import type { GrpcClient } from '#node/grpc/client.ts';
import { serializedIdentity } from '#node/channel/ordererSection.ts';
import type { BlockView } from '#node/protos/blockView.ts';
import type { Party, Tracer } from '#node/tracing/tracer.ts';
import type { BlockSource, DeliveredBlock, FedChain } from './blockSource.ts';
import { watchForCensorship } from './censorshipMonitor.ts';
import { deliverBlocks } from './deliverClient.ts';
import { type OrdererEndpoint, ordererEndpoints, sameEndpoints, shuffled } from './ordererEndpoints.ts';
import { identityOf } from './sessionAccess.ts';
import { sleep } from './sleep.ts';

/** Fabric's keys below `peer.deliveryclient`. */
export interface BlocksProviderOptions {
  /** `reConnectBackoffThreshold`: the longest wait between two attempts. Default one hour. */
  readonly reconnectBackoffThresholdMs?: number;
  /** `reconnectTotalTimeThreshold`: waited in all without a block before `giveUp` is asked. Default one hour. */
  readonly reconnectTotalTimeThresholdMs?: number;
  /** `connTimeout`. Default 3 seconds. */
  readonly connectionTimeoutMs?: number;
  /** `minimalReconnectInterval`: the first wait. Default 100 ms. */
  readonly minimalReconnectIntervalMs?: number;
  /** `blockCensorshipTimeoutKey`. Default 30 seconds. */
  readonly blockCensorshipTimeoutMs?: number;
  /** `policy`: with a BFT ordering service, whether other orderers are asked for headers (`cluster`) or not (`simple`). */
  readonly policy?: 'cluster' | 'simple';
  /** `addressOverrides`, by the address in the configuration. */
  readonly overrides?: ReadonlyMap<string, OrdererEndpoint>;
  /** SHA-256 of this peer's TLS certificate as a client; needed where orderers demand mutual TLS. */
  readonly tlsCertHash?: Uint8Array;
}

export type ProviderEvent =
  | { readonly kind: 'subscribed'; readonly address: string; readonly from: number }
  | { readonly kind: 'failed'; readonly address: string | null; readonly reason: string; readonly failures: number }
  | { readonly kind: 'refreshed'; readonly endpoints: readonly OrdererEndpoint[] };

export interface BlocksProviderModules {
  readonly chain: FedChain;
  readonly signer: Signer;
  readonly tracer: Tracer;
  /** A connection of its own, with the peer's TLS settings. */
  readonly connect: (endpoint: OrdererEndpoint) => GrpcClient;
  /** Asked when nothing came for too long: a leader of its organisation yields then. Default: never, as a static leader. */
  readonly giveUp?: () => boolean;
  readonly onEvent?: (event: ProviderEvent) => void;
  readonly now?: () => number;
  /** 0 to 1. */
  readonly random?: () => number;
}

const REFRESHED = new Error('the orderers in the configuration have changed');

/**
 * Pulls a channel's blocks from its ordering service: from one orderer at a time, which chance picks, and from the next one when that fails,
 * with growing waits in between (Fabric, common/deliverclient/blocksprovider).
 *
 * Hashes and signatures are left to the pipeline, which has to look at them anyway; a block that it does not take comes back by
 * {@link reject}. Failures count until the chain has grown, so that an orderer that serves nothing but such blocks is tried less and less.
 */
export class BlocksProvider implements BlockSource {
  readonly #options: Required<Omit<BlocksProviderOptions, 'tlsCertHash'>> & Pick<BlocksProviderOptions, 'tlsCertHash'>;
  readonly #modules: BlocksProviderModules;
  readonly #now: () => number;
  readonly #random: () => number;
  #endpoints: readonly OrdererEndpoint[];
  /** Which of them is asked. */
  #index = 0;
  /** In a row, without a block in between. */
  #failures = 0;
  #failedAt = -1;
  #sleptMs = 0;
  #next = 0;
  #waitingSince: number | null = null;
  #attempt: AbortController | null = null;

  constructor(options: BlocksProviderOptions, modules: BlocksProviderModules) {
    this.#options = {
      reconnectBackoffThresholdMs: 3_600_000,
      reconnectTotalTimeThresholdMs: 3_600_000,
      connectionTimeoutMs: 3000,
      minimalReconnectIntervalMs: 100,
      blockCensorshipTimeoutMs: 30_000,
      policy: 'cluster',
      overrides: new Map(),
      ...options,
    };
    this.#modules = modules;
    this.#now = modules.now ?? Date.now;
    this.#random = modules.random ?? Math.random;
    this.#endpoints = this.#configured();
  }

  async *blocks(signal: AbortSignal): AsyncGenerator<DeliveredBlock, void> {
    this.#next = this.#modules.chain.height;
    while (!signal.aborted) {
      if (!(await this.#backOff(signal))) {
        return;
      }
      const endpoint = this.#endpoints[this.#index % Math.max(1, this.#endpoints.length)];
      if (endpoint === undefined) {
        this.#fail(null, 'no endpoints currently defined');
        continue;
      }
      const attempt = new AbortController();
      const stop = (): void => attempt.abort(signal.reason);
      signal.addEventListener('abort', stop, { once: true });
      this.#attempt = attempt;
      try {
        yield* this.#pull(endpoint, attempt);
      } catch (error) {
        if (!signal.aborted && error !== REFRESHED) {
          this.#fail(endpoint.address, error instanceof Error ? error.message : String(error));
        }
      } finally {
        this.#attempt = null;
        this.#waitingSince = null;
        signal.removeEventListener('abort', stop);
      }
    }
  }

  reject(block: number, reason: string): void {
    const { address } = this.#endpoints[this.#index % Math.max(1, this.#endpoints.length)] ?? { address: null };
    this.#fail(address, `block [${block}] could not be verified: ${reason}`);
  }

  configChanged(): void {
    const endpoints = this.#configured();
    if (sameEndpoints(endpoints, this.#endpoints)) {
      return;
    }
    this.#endpoints = endpoints;
    this.#index = 0;
    this.#failures = 0;
    this.#sleptMs = 0;
    this.#modules.onEvent?.({ kind: 'refreshed', endpoints });
    this.#attempt?.abort(REFRESHED);
  }

  #configured(): readonly OrdererEndpoint[] {
    return shuffled(ordererEndpoints(this.#modules.chain.bundle, this.#options.overrides), this.#random);
  }

  /** Blocks from one orderer, until it fails or is left for another. */
  async *#pull(endpoint: OrdererEndpoint, attempt: AbortController): AsyncGenerator<DeliveredBlock, void> {
    const { chain, tracer, onEvent } = this.#modules;
    const { signal } = attempt;
    const client = this.#modules.connect(endpoint);
    const sender = partyOf(endpoint, chain);
    let watching: Promise<void> = Promise.resolve();
    try {
      await untilAborted(client.ready(this.#options.connectionTimeoutMs), signal);
      onEvent?.({ kind: 'subscribed', address: endpoint.address, from: this.#next });
      tracer.deliverSubscribe(chain.channelId, this.#next, sender);
      this.#waitingSince = this.#now();
      watching = this.#watch(endpoint, attempt);
      for await (const view of this.#request(client, this.#next, signal)) {
        if (view.number !== this.#next) {
          throw new Error(
            `expected block number is [${this.#next}] but actual block number inside block is [${view.number}]`,
          );
        }
        this.#waitingSince = null;
        this.#next++;
        tracer.deliverBlock(chain.channelId, view, sender);
        yield { view, sender };
        this.#waitingSince = this.#now();
      }
      throw new Error('received success for a seek that should never complete');
    } finally {
      attempt.abort();
      await watching;
      client.close();
    }
  }

  #request(client: GrpcClient, from: number, signal: AbortSignal, headersOnly = false): AsyncIterable<BlockView> {
    const { tlsCertHash } = this.#options;
    const { signer, chain } = this.#modules;
    const { channelId } = chain;
    const bound = tlsCertHash === undefined ? {} : { tlsCertHash };
    return deliverBlocks({ client, service: 'orderer', signer, channelId, from, headersOnly, signal, ...bound });
  }

  /** With orderers that may lie: whether this one keeps blocks back. Never rejects. */
  async #watch(endpoint: OrdererEndpoint, attempt: AbortController): Promise<void> {
    const { chain } = this.#modules;
    const others = this.#endpoints.filter(({ address }) => address !== endpoint.address);
    if (chain.bundle.orderer?.consensusType !== 'BFT' || this.#options.policy === 'simple' || others.length === 0) {
      return;
    }
    const found = await watchForCensorship(
      {
        timeoutMs: this.#options.blockCensorshipTimeoutMs,
        minRetryMs: this.#options.minimalReconnectIntervalMs,
        maxRetryMs: this.#options.reconnectBackoffThresholdMs,
      },
      {
        others,
        bundle: () => chain.bundle,
        progress: () => ({ next: this.#next, waitingSince: this.#waitingSince }),
        headers: (other, from, signal) => this.#headers(other, from, signal),
        now: this.#now,
      },
      attempt.signal,
    );
    if (found !== null) {
      attempt.abort(new Error(`block censorship detected, endpoint: ${endpoint.address}: ${found}`));
    }
  }

  async *#headers(endpoint: OrdererEndpoint, from: number, signal: AbortSignal): AsyncGenerator<BlockView, void> {
    const client = this.#modules.connect(endpoint);
    try {
      await untilAborted(client.ready(this.#options.connectionTimeoutMs), signal);
      yield* this.#request(client, from, signal, true);
    } finally {
      client.close();
    }
  }

  #fail(address: string | null, reason: string): void {
    const { height } = this.#modules.chain;
    if (height > this.#failedAt) {
      this.#failures = 0;
      this.#sleptMs = 0;
    }
    this.#failedAt = height;
    this.#failures++;
    this.#index = (this.#index + 1) % Math.max(1, this.#endpoints.length);
    this.#modules.onEvent?.({ kind: 'failed', address, reason, failures: this.#failures });
  }

  /** False: it is over. */
  async #backOff(signal: AbortSignal): Promise<boolean> {
    if (this.#failures > 0 && this.#modules.chain.height <= this.#failedAt) {
      if (this.#sleptMs > this.#options.reconnectTotalTimeThresholdMs && this.#modules.giveUp?.() === true) {
        return false;
      }
      const wait = this.#wait();
      this.#sleptMs += wait;
      await sleep(wait, signal);
    }
    return !signal.aborted;
  }

  /** Doubled with each round over all orderers of a BFT service, else a fifth more with each failure; up to a fifth less by chance. */
  #wait(): number {
    const { minimalReconnectIntervalMs, reconnectBackoffThresholdMs } = this.#options;
    const bft = this.#modules.chain.bundle.orderer?.consensusType === 'BFT';
    const growth = bft
      ? 2 ** Math.floor(this.#failures / Math.max(1, this.#endpoints.length))
      : 1.2 ** (this.#failures - 1);
    const wait = Math.min(reconnectBackoffThresholdMs, minimalReconnectIntervalMs * growth);
    return wait * (1 - 0.2 * this.#random());
  }
}

/** What the configuration says of the orderer behind an address: of BFT consenters the identity. */
function partyOf({ address }: OrdererEndpoint, { bundle }: FedChain): Party {
  const consenter = bundle.orderer?.consenters.find(({ host, port }) => `${host}:${port}` === address);
  const identity = consenter === undefined ? null : identityOf(serializedIdentity(consenter));
  return { kind: 'orderer', address, ...(identity === null ? {} : { identity }) };
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason);
  if (signal.aborted) {
    stop();
  }
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
    work.catch(() => {});
  }
}

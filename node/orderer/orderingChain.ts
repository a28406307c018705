import { ChannelBundle } from '#node/channel/bundle.ts';
import type { Signer } from '#node/crypto/sign.ts';
import type { Chain } from '#node/deliver/chain.ts';
import type { BlockStore, BlockStoreOptions } from '#node/ledger/blocks/blockStore.ts';
import type { BlockView } from '#node/protos/blockView.ts';
import type { EnvelopeView } from '#node/protos/envelopeView.ts';
import type { Tracer } from '#node/tracing/tracer.ts';
import { Waiters } from '#node/util/waiters.ts';
import { BlockWriter, consenterMetadataOf, lastConfigOf } from './blockWriter.ts';
import type { ConsensusType, Consenter, ConsenterStatus, ConsenterSupport } from './consensus/consenter.ts';
import { InactiveConsenter } from './consensus/inactiveConsenter.ts';
import {
  asOrdererError,
  checkUsable,
  configEnvelopeOf,
  MessageProcessor,
  type ProcessedMessage,
} from './messageProcessor.ts';
import { OrdererError, textOfError } from './ordererError.ts';
import type { OrdererMetrics } from './ordererMetrics.ts';

export interface OrderingChainOptions {
  readonly blocks: Partial<BlockStoreOptions>;
  readonly checkExpiration: boolean;
  readonly now: () => Date;
}

export interface OrderingChainModules {
  readonly signer: Signer;
  readonly tracer: Tracer;
  /** By the name that a channel's configuration gives. */
  readonly consensusTypes: ReadonlyMap<string, ConsensusType>;
  readonly metrics?: OrdererMetrics | null;
  /** Told when the channel starts, ends, or has another configuration. */
  readonly onConfig?: () => void;
}

/** One channel of an orderer: its blocks, its configuration, and what orders its messages (Fabric, `multichannel.ChainSupport`). */
export class OrderingChain implements Chain, ConsenterSupport {
  readonly channelId: string;
  readonly consenterMetadata: Uint8Array;
  readonly processor: MessageProcessor;
  readonly #store: BlockStore;
  readonly #writer: BlockWriter;
  readonly #tracer: Tracer;
  readonly #metrics: OrdererMetrics | null;
  readonly #onConfig: () => void;
  /** Configurations of blocks that are made, but not written. */
  readonly #next = new WeakMap<BlockView, ChannelBundle>();
  readonly #waiting = new Waiters();
  #closed = false;
  #bundle: ChannelBundle;
  #consenter: Consenter = new InactiveConsenter('chain is not started');

  private constructor(
    options: OrderingChainOptions,
    modules: OrderingChainModules,
    state: { readonly store: BlockStore; readonly tip: BlockView; readonly bundle: ChannelBundle },
  ) {
    this.channelId = state.store.channelId;
    this.#store = state.store;
    this.#bundle = state.bundle;
    this.#tracer = modules.tracer;
    this.#metrics = modules.metrics ?? null;
    this.#metrics?.blocks.height(this.channelId, state.store.height);
    this.#onConfig = modules.onConfig ?? (() => {});
    this.#writer = new BlockWriter(state.tip, modules.signer);
    this.consenterMetadata = consenterMetadataOf(state.tip);
    const { consensusTypes } = modules;
    this.processor = new MessageProcessor(
      {
        checkExpiration: options.checkExpiration,
        permittedTypes: new Set([...consensusTypes.keys()].filter((name) => name !== 'etcdraft')),
        now: options.now,
      },
      {
        signer: modules.signer,
        bundle: () => this.#bundle,
        checkConsensus: (now, next) => consensusOf(next, consensusTypes).checkSuccession(now, next),
      },
    );
  }

  /**
   * Opens a channel that has at least its first block.
   * @throws BlockStoreError, OrdererError `corrupt`, ChannelError
   */
  static async open(
    store: BlockStore,
    options: OrderingChainOptions,
    modules: OrderingChainModules,
  ): Promise<OrderingChain> {
    const tip = await blockOf(store, store.height - 1);
    const config = await blockOf(store, lastConfigOf(tip));
    const bundle = ChannelBundle.fromBlock(config);
    checkUsable(bundle, `error checking bundle for channel: ${store.channelId}`);
    const chain = new OrderingChain(options, modules, { store, tip, bundle });
    chain.#consenter = await consenterFor(chain, modules.consensusTypes);
    return chain;
  }

  get height(): number {
    return this.#store.height;
  }

  get firstBlock(): number {
    return this.#store.firstBlock;
  }

  get bundle(): ChannelBundle {
    return this.#bundle;
  }

  get consenter(): Consenter {
    return this.#consenter;
  }

  get failure(): string | null {
    return this.#consenter.failure;
  }

  get status(): ConsenterStatus {
    return this.#consenter.status;
  }

  block(number: number): Promise<BlockView | null> {
    return this.#store.byNumber(number);
  }

  async waitForBlock(number: number, signal: AbortSignal): Promise<void> {
    while (this.#store.height <= number) {
      signal.throwIfAborted();
      if (this.#closed) {
        throw new OrdererError('unavailable', 'chain is stopped');
      }
      await this.#waiting.wait(signal);
    }
  }

  processNormal(envelope: EnvelopeView): Promise<number> {
    return this.processor.processNormal(envelope);
  }

  processConfig(envelope: EnvelopeView): Promise<ProcessedMessage> {
    return this.processor.processConfig(envelope);
  }

  createBlock(envelopes: readonly EnvelopeView[]): BlockView {
    return this.#writer.create(envelopes);
  }

  async createConfigBlock(envelope: EnvelopeView): Promise<BlockView> {
    let next: ChannelBundle;
    try {
      const config = configEnvelopeOf(envelope);
      await this.#bundle.validator.validate(config);
      next = ChannelBundle.fromConfig(this.channelId, config.config as NonNullable<typeof config.config>);
      this.#bundle.checkSuccession(next);
      checkUsable(next, 'config update is not compatible');
    } catch (error) {
      throw asOrdererError(error);
    }
    const block = this.#writer.create([envelope]);
    this.#next.set(block, next);
    return block;
  }

  async writeBlock(block: BlockView, consenterMetadata: Uint8Array): Promise<boolean> {
    await this.#append(await this.#writer.finish(block, consenterMetadata, false));
    this.#waiting.wake();
    return this.#store.durableHeight > block.number;
  }

  async writeConfigBlock(block: BlockView, consenterMetadata: Uint8Array): Promise<boolean> {
    const next = this.#next.get(block) as ChannelBundle;
    const migrates = next.orderer?.consensusType !== this.#bundle.orderer?.consensusType;
    const metadata = migrates ? new Uint8Array(0) : consenterMetadata;
    await this.#append(await this.#writer.finish(block, metadata, true));
    this.#bundle = next;
    this.#waiting.wake();
    this.#onConfig();
    this.#tracer.configUpdate(this.channelId, block, next.sequence);
    return this.#store.durableHeight > block.number;
  }

  start(): void {
    this.#consenter.start();
    this.#onConfig();
  }

  async close(): Promise<void> {
    await this.#consenter.halt();
    this.#closed = true;
    this.#waiting.wake();
    this.#onConfig();
    await this.#store.close();
  }

  async #append(block: BlockView): Promise<void> {
    const started = performance.now();
    await this.#store.append(block);
    this.#metrics?.blocks.committed(this.channelId, this.#store.height, (performance.now() - started) / 1000);
  }
}

/** @throws OrdererError `unsupported_consensus` */
export function consensusOf(
  { orderer }: ChannelBundle,
  consensusTypes: ReadonlyMap<string, ConsensusType>,
): ConsensusType {
  const name = orderer?.consensusType ?? '';
  const type = consensusTypes.get(name);
  if (type === undefined) {
    throw new OrdererError('unsupported_consensus', `failed to find a consenter for consensus type: ${name}`);
  }
  return type;
}

/** A channel that this orderer cannot order (any more) does not keep the others from being served. */
async function consenterFor(
  chain: OrderingChain,
  consensusTypes: ReadonlyMap<string, ConsensusType>,
): Promise<Consenter> {
  try {
    const type = consensusOf(chain.bundle, consensusTypes);
    if (type.isMember(chain.bundle)) {
      return await type.open(chain);
    }
  } catch (error) {
    if (error instanceof OrdererError && error.code !== 'corrupt') {
      return new InactiveConsenter(`channel ${chain.channelId} is not serviced by me: ${textOfError(error)}`);
    }
    throw error;
  }
  return new InactiveConsenter(`channel ${chain.channelId} is not serviced by me`);
}

async function blockOf(store: BlockStore, number: number): Promise<BlockView> {
  const block = await store.byNumber(number);
  if (block === null) {
    throw new OrdererError('corrupt', `block ${number} of ${store.channelId} is not there`);
  }
  return block;
}

import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Chains } from '#node/deliver/chain.ts';
import { syncFolder } from '#node/ledger/blocks/blockFiles.ts';
import { BlockStore, channelFolder } from '#node/ledger/blocks/blockStore.ts';
import { CHANNEL_ID } from '#node/ledger/blocks/channelId.ts';
import { BlockView } from '#node/protos/blockView.ts';
import type { EnvelopeView } from '#node/protos/envelopeView.ts';
import { lastConfigOf } from './blockWriter.ts';
import type { ChannelStatus, ConsensusRelation, ConsenterStatus } from './consensus/consenter.ts';
import { checkJoinBlock } from './joinCheck.ts';
import { OrdererError, textOfError } from './ordererError.ts';
import type { OrdererMetrics } from './ordererMetrics.ts';
import { OrderingChain, type OrderingChainModules, type OrderingChainOptions } from './orderingChain.ts';
import { PendingOperations } from './pendingOperations.ts';

export interface RegistrarOptions extends OrderingChainOptions {
  /** Fabric's `FileLedger.Location`: `chains/CHANNEL`, `index/CHANNEL` and `pendingops` lie below it. */
  readonly folder: string;
}

export interface RegistrarModules extends OrderingChainModules {
  readonly metrics: OrdererMetrics | null;
  /** Told of what a channel cannot be opened or removed for. */
  readonly warn: (message: string, error: unknown) => void;
}

/** What an orderer tells of a channel. */
export interface ChannelInfo {
  readonly name: string;
  readonly consensusRelation: ConsensusRelation;
  readonly status: ChannelStatus;
  /** 0 for one that is being removed. */
  readonly height: number;
}

/** The channels of an orderer (Fabric, `multichannel.Registrar`). Joining and removing survive a crash at any point. */
export class Registrar implements Chains {
  readonly #options: RegistrarOptions;
  readonly #modules: RegistrarModules;
  readonly #joins: PendingOperations;
  readonly #removals: PendingOperations;
  readonly #chains = new Map<string, OrderingChain>();
  /** Of channels that are being removed, or could not be. */
  readonly #leaving = new Map<string, ConsenterStatus>();
  readonly #background = new Map<string, Promise<void>>();
  /** Joining and removing, one at a time. */
  #changes: Promise<unknown> = Promise.resolve();

  private constructor(
    options: RegistrarOptions,
    modules: RegistrarModules,
    operations: { readonly joins: PendingOperations; readonly removals: PendingOperations },
  ) {
    this.#options = options;
    this.#modules = modules;
    this.#joins = operations.joins;
    this.#removals = operations.removals;
  }

  /**
   * Finishes what a crash interrupted, then opens and starts all channels.
   * @throws BlockStoreError, OrdererError for a channel whose files cannot be read: nothing is open then
   */
  static async open(options: RegistrarOptions, modules: RegistrarModules): Promise<Registrar> {
    const joins = await PendingOperations.open(options.folder, 'join');
    const removals = await PendingOperations.open(options.folder, 'remove');
    const registrar = new Registrar(options, modules, { joins, removals });
    try {
      for (const channelId of await removals.list()) {
        await registrar.#deleteFiles(channelId);
      }
      for (const channelId of await joins.list()) {
        await registrar.#createFrom(channelId, BlockView.fromBytes(await joins.read(channelId)));
        await joins.remove(channelId);
      }
      for (const channelId of await channelsIn(options.folder)) {
        if (!registrar.#chains.has(channelId)) {
          await registrar.#openExisting(channelId);
        }
      }
    } catch (error) {
      await registrar.close();
      throw error;
    }
    for (const chain of registrar.#chains.values()) {
      registrar.#start(chain);
    }
    return registrar;
  }

  chain(channelId: string): OrderingChain | null {
    return this.#chains.get(channelId) ?? null;
  }

  /** Sorted; with those that are being removed. */
  list(): readonly string[] {
    return [...this.#chains.keys(), ...this.#leaving.keys()].toSorted();
  }

  /**
   * Channels that cannot do what this orderer is there for: those that it should order and cannot, and those that it could not
   * remove. Not those that others order.
   */
  failures(): readonly { readonly component: string; readonly reason: string }[] {
    const ordering = Array.from(this.#chains.values(), ({ channelId, failure, status }) =>
      status.relation === 'consenter' && failure !== null
        ? [{ component: `channel ${channelId}`, reason: failure }]
        : [],
    );
    const leaving = Array.from(this.#leaving, ([channelId, { status }]) =>
      status === 'failed' ? [{ component: `channel ${channelId}`, reason: 'channel removal failure' }] : [],
    );
    return [...ordering, ...leaving].flat();
  }

  /** @throws OrdererError `channel_not_found` */
  info(channelId: string): ChannelInfo {
    const chain = this.#chains.get(channelId);
    if (chain !== undefined) {
      return infoOf(chain);
    }
    const leaving = this.#leaving.get(channelId);
    if (leaving === undefined) {
      throw new OrdererError('channel_not_found', 'channel does not exist');
    }
    return { name: channelId, consensusRelation: leaving.relation, status: leaving.status, height: 0 };
  }

  /**
   * Creates a channel from its first block. Joining one that has more blocks already, from the orderers that have them, is not
   * possible here.
   * @throws OrdererError `channel_exists`, `pending_removal`, `removal_failed`, `bad_join_block`, `config_rejected`, `not_a_member`,
   * `unsupported_consensus`
   */
  join(channelId: string, block: BlockView): Promise<ChannelInfo> {
    return this.#oneAtATime(() => this.#join(channelId, block));
  }

  /**
   * Submits an update of a channel's configuration.
   * @param envelope of type CONFIG_UPDATE
   * @throws OrdererError
   */
  async update(channelId: string, envelope: EnvelopeView): Promise<ChannelInfo> {
    const chain = this.#active(channelId);
    const context = `failed update config of channel ${channelId}`;
    const rejected = `${context} with SERVICE_UNAVAILABLE: rejected by`;
    const config = await within(context, () => chain.processor.processConfigUpdate(envelope));
    await within(`${rejected} Consenter`, () => chain.consenter.waitReady());
    await within(`${rejected} Configure`, () => chain.consenter.configure(config.envelope, config.sequence));
    return infoOf(chain);
  }

  /**
   * A block by number, `oldest`, `newest` or `config`.
   * @throws OrdererError `channel_not_found`, `block_not_found` …
   */
  async fetchBlock(channelId: string, blockId: string): Promise<BlockView> {
    const chain = this.#active(channelId);
    const newest = chain.height - 1;
    let number = Number(blockId);
    if (blockId === 'oldest') {
      number = 0;
    } else if (blockId === 'newest') {
      number = newest;
    } else if (blockId === 'config') {
      const last = await chain.block(newest);
      number = last === null ? -1 : lastConfigOf(last);
    }
    const block = Number.isSafeInteger(number) && number >= 0 ? await chain.block(number) : null;
    if (block === null) {
      throw new OrdererError('block_not_found', `no such block number [${blockId}] in index`);
    }
    return block;
  }

  /**
   * Stops a channel at once and deletes all that is kept of it in the background; `list` has it until that is done.
   * @throws OrdererError `channel_not_found`, `pending_removal`
   */
  remove(channelId: string): Promise<void> {
    return this.#oneAtATime(async () => {
      const leaving = this.#leaving.get(channelId);
      if (leaving !== undefined && leaving.status !== 'failed') {
        throw new OrdererError('pending_removal', 'channel pending removal');
      }
      const chain = this.#chains.get(channelId);
      const status = chain?.status ?? leaving;
      if (status === undefined) {
        throw new OrdererError('channel_not_found', 'channel does not exist');
      }
      // From here on the removal is finished, now or at the next start.
      await this.#removals.save(channelId, new Uint8Array(0));
      this.#leaving.set(channelId, { relation: status.relation, status: 'active' });
      this.#chains.delete(channelId);
      this.#background.set(channelId, this.#removeNow(channelId, chain ?? null));
    });
  }

  /** Stops all channels; what was accepted is in blocks, or on disk for the next start. */
  async close(): Promise<void> {
    await this.#changes.catch(() => {});
    await Promise.all(this.#background.values());
    await Promise.all(Array.from(this.#chains.values(), (chain) => chain.close()));
    this.#chains.clear();
  }

  async #join(channelId: string, block: BlockView): Promise<ChannelInfo> {
    this.#refuseLeaving(channelId);
    if (this.#chains.has(channelId)) {
      throw new OrdererError('channel_exists', 'channel already exists');
    }
    checkJoinBlock(block, this.#modules.consensusTypes);
    await this.#joins.save(channelId, block.bytes);
    let chain: OrderingChain;
    try {
      chain = await this.#createFrom(channelId, block);
    } catch (error) {
      await this.#deleteFiles(channelId);
      await this.#joins.remove(channelId);
      throw error;
    }
    await this.#joins.remove(channelId);
    this.#start(chain);
    return infoOf(chain);
  }

  /** A channel with its first block, which is appended unless a crash came after that. */
  async #createFrom(channelId: string, block: BlockView): Promise<OrderingChain> {
    const store = await BlockStore.open(this.#options.folder, channelId, this.#options.blocks);
    try {
      if (store.height === 0) {
        const started = performance.now();
        await store.append(block);
        await store.flush();
        this.#modules.metrics?.blocks.committed(channelId, store.height, (performance.now() - started) / 1000);
        await syncFolder(join(this.#options.folder, 'chains'));
      }
      const chain = await OrderingChain.open(store, this.#options, this.#modules);
      this.#chains.set(channelId, chain);
      return chain;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  async #openExisting(channelId: string): Promise<void> {
    const store = await BlockStore.open(this.#options.folder, channelId, this.#options.blocks);
    try {
      if (store.height === 0) {
        this.#modules.warn(`channel ${channelId} has an empty ledger without a join-block: removed`, null);
        await store.close();
        await this.#deleteFiles(channelId);
        return;
      }
      this.#chains.set(channelId, await OrderingChain.open(store, this.#options, this.#modules));
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  #start(chain: OrderingChain): void {
    chain.start();
    this.#modules.metrics?.participation(chain.channelId, chain.status);
    if (chain.failure !== null) {
      this.#modules.warn(chain.failure, null);
    }
  }

  async #removeNow(channelId: string, chain: OrderingChain | null): Promise<void> {
    const relation = this.#leaving.get(channelId)?.relation ?? 'consenter';
    try {
      await chain?.close();
      await this.#deleteFiles(channelId);
      this.#leaving.delete(channelId);
      this.#background.delete(channelId);
    } catch (error) {
      this.#leaving.set(channelId, { relation, status: 'failed' });
      this.#modules.metrics?.participation(channelId, { relation, status: 'failed' });
      this.#modules.warn(`channel ${channelId} could not be removed: ${textOfError(error)}`, error);
    }
  }

  async #deleteFiles(channelId: string): Promise<void> {
    const { folder } = this.#options;
    for (const type of this.#modules.consensusTypes.values()) {
      await type.remove(channelId);
    }
    await rm(join(folder, 'index', channelId), { recursive: true, force: true });
    await rm(channelFolder(folder, channelId), { recursive: true, force: true });
    await this.#removals.remove(channelId);
  }

  #active(channelId: string): OrderingChain {
    this.#refuseLeaving(channelId);
    const chain = this.#chains.get(channelId);
    if (chain === undefined) {
      throw new OrdererError('channel_not_found', 'channel does not exist');
    }
    return chain;
  }

  #refuseLeaving(channelId: string): void {
    const leaving = this.#leaving.get(channelId);
    if (leaving?.status === 'failed') {
      throw new OrdererError('removal_failed', 'channel removal failure');
    }
    if (leaving !== undefined) {
      throw new OrdererError('pending_removal', 'channel pending removal');
    }
  }

  #oneAtATime<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#changes.then(work, work);
    this.#changes = done.catch(() => {});
    return done;
  }
}

function infoOf(chain: OrderingChain): ChannelInfo {
  const { relation, status } = chain.status;
  return { name: chain.channelId, consensusRelation: relation, status, height: chain.height };
}

async function channelsIn(folder: string): Promise<readonly string[]> {
  const chains = join(folder, 'chains');
  await mkdir(chains, { recursive: true });
  const entries = await readdir(chains, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && CHANNEL_ID.test(entry.name))
    .map(({ name }) => name)
    .toSorted();
}

async function within<T>(context: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof OrdererError ? error.within(context) : error;
  }
}

import type { ChannelBundle } from '#node/channel/bundle.ts';
import { BlockPipeline, type BlockPipelineOptions } from '#node/commit/blockPipeline.ts';
import type { CommittedBlock } from '#node/commit/blockStages.ts';
import type { ValidationPlugins } from '#node/commit/validationPlugins.ts';
import { CommitError, type CommitErrorCode } from '#node/commit/commitError.ts';
import type { BlockSource } from '#node/deliver/blockSource.ts';
import { PeerLedger, type PeerLedgerOptions } from '#node/ledger/peerLedger.ts';
import { TransientStore } from '#node/ledger/privateData/transientStore.ts';
import { QueryExecutor } from '#node/ledger/simulator/queryExecutor.ts';
import { TxSimulator } from '#node/ledger/simulator/txSimulator.ts';
import type { BlockView } from '#node/protos/blockView.ts';
import type { Party, Tracer } from '#node/tracing/tracer.ts';
import { Waiters } from '#node/util/waiters.ts';
import { BlockFeed } from './blockFeed.ts';
import { collectionNames } from './collectionMembership.ts';
import { GatheringLedger } from './gatheringLedger.ts';
import type { LedgerFolders } from './ledgerFolders.ts';
import type { PeerChannel } from './peerChannel.ts';
import { PeerChannelError } from './peerChannelError.ts';
import { SnapshotRequests } from './snapshotRequests.ts';

/** The block is at fault, or whoever gave it: the chain goes on with what somebody else gives. */
const BAD_BLOCK: ReadonlySet<CommitErrorCode> = new Set<CommitErrorCode>([
  'malformed_block',
  'no_metadata',
  'wrong_channel',
  'unexpected_number',
  'fork',
  'previous_hash',
  'data_hash',
  'block_signature',
]);

export interface JoinedChannelOptions extends Pick<PeerLedgerOptions, 'state' | 'history' | 'onRecovery'> {
  readonly channelId: string;
  readonly folders: LedgerFolders;
  /** The peer's own organisation. */
  readonly mspId: string;
  readonly pipeline?: BlockPipelineOptions;
  /** Default 20,000, as Fabric. */
  readonly transientRetention?: number;
}

export interface JoinedChannelModules {
  readonly tracer: Tracer;
  /** Beside Fabric's own, by the names that chaincode definitions give. */
  readonly validationPlugins?: ValidationPlugins;
  /** The channel takes no more blocks: its disk or its databases failed, or it demands what this node does not know. */
  readonly onFailure?: (channelId: string, error: unknown) => void;
  readonly onSnapshot?: (channelId: string, block: number, error: unknown) => void;
}

interface Parts {
  readonly ledger: PeerLedger;
  readonly transientStore: TransientStore;
  readonly gathering: GatheringLedger;
  readonly snapshots: SnapshotRequests;
}

/**
 * A channel that the peer is in: its ledger, and the loop that brings blocks into it.
 *
 * `height` and the listeners know of a block when all of it can be read, state too: who hears of a transaction finds what it wrote.
 */
export class JoinedChannel implements PeerChannel {
  readonly channelId: string;
  readonly ledger: PeerLedger;
  readonly transientStore: TransientStore;
  readonly snapshots: SnapshotRequests;
  readonly #gathering: GatheringLedger;
  readonly #modules: JoinedChannelModules;
  readonly #listeners = new Set<(block: CommittedBlock) => void>();
  readonly #waiting = new Waiters();
  /** Who gave the blocks that are on their way into the ledger. */
  readonly #senders = new Map<number, Party | null>();
  readonly #stop = new AbortController();
  #pipeline: BlockPipeline | null = null;
  #height: number;
  #joinedBy: CommittedBlock | null = null;
  #source: BlockSource | null = null;
  #following: Promise<void> = Promise.resolve();
  #failure: string | null = null;
  #closing: Promise<void> | null = null;

  private constructor(parts: Parts, modules: JoinedChannelModules) {
    this.channelId = parts.ledger.channelId;
    this.ledger = parts.ledger;
    this.transientStore = parts.transientStore;
    this.snapshots = parts.snapshots;
    this.#gathering = parts.gathering;
    this.#modules = modules;
    this.#height = parts.ledger.height;
  }

  /**
   * Opens a channel's ledger, and brings its databases up to its blocks.
   * @param genesis the first block of a ledger that has none yet
   * @throws CommitError, LedgerError, errors of the stores
   */
  static async open(
    options: JoinedChannelOptions,
    modules: JoinedChannelModules,
    genesis: BlockView | null = null,
  ): Promise<JoinedChannel> {
    const { channelId, folders } = options;
    let gathering: GatheringLedger | null = null;
    const ledger = await PeerLedger.open({
      folder: folders.ledgers,
      channelId,
      ...(options.state === undefined ? {} : { state: options.state }),
      ...(options.history === undefined ? {} : { history: options.history }),
      ...(options.onRecovery === undefined ? {} : { onRecovery: options.onRecovery }),
      eligible: (namespace, collection) => gathering?.isEligible(namespace, collection) ?? false,
    });
    let transientStore: TransientStore | null = null;
    let snapshots: SnapshotRequests | null = null;
    try {
      transientStore = await TransientStore.open(folders.root, channelId);
      const requests = await SnapshotRequests.open(
        { channelId, file: folders.snapshotRequests(channelId), root: folders.snapshots },
        { ledger, onDone: (block, error) => modules.onSnapshot?.(channelId, block, error) },
      );
      snapshots = requests;
      gathering = new GatheringLedger(
        { mspId: options.mspId, transientRetention: options.transientRetention ?? 20_000 },
        {
          ledger,
          transientStore,
          mayCommit: () => requests.mayCommit(),
          committed: (block) => requests.committed(block),
        },
      );
      const channel = new JoinedChannel({ ledger, transientStore, gathering, snapshots: requests }, modules);
      const onCommit = (block: CommittedBlock): void => channel.#committed(block);
      channel.#pipeline = await BlockPipeline.open(options.pipeline ?? {}, {
        ledger: gathering,
        onCommit,
        validationPlugins: modules.validationPlugins ?? {},
      });
      if (genesis !== null) {
        channel.#joinedBy = await channel.#pipeline.commit({ view: genesis });
      }
      if (channel.#pipeline.bundle === null) {
        throw new PeerChannelError('bad_genesis', `the ledger of channel ${channelId} holds no configuration`);
      }
      return channel;
    } catch (error) {
      await snapshots?.close();
      await transientStore?.close();
      await ledger.close();
      throw error;
    }
  }

  get bundle(): ChannelBundle {
    return this.#running.bundle as ChannelBundle;
  }

  get height(): number {
    return this.#height;
  }

  /** The block that the channel was joined by, committed before anybody could listen; null unless its ledger is new. */
  get joinedBy(): CommittedBlock | null {
    return this.#joinedBy;
  }

  get firstBlock(): number {
    return this.ledger.blocks.firstBlock;
  }

  get failure(): string | null {
    return this.#failure;
  }

  block(number: number): Promise<BlockView | null> {
    return number < this.#height ? this.ledger.blocks.byNumber(number) : Promise.resolve(null);
  }

  async waitForBlock(number: number, signal: AbortSignal): Promise<void> {
    while (number >= this.#height) {
      signal.throwIfAborted();
      if (this.#closing !== null) {
        throw new PeerChannelError('closed', `channel ${this.channelId} is closed`);
      }
      await this.#waiting.wait(signal);
    }
  }

  async simulator(txId: string): Promise<TxSimulator> {
    return new TxSimulator({ txId }, this.#queryModules());
  }

  async query(): Promise<QueryExecutor> {
    return new QueryExecutor({ txId: '' }, this.#queryModules());
  }

  hasTransaction(txId: string): Promise<boolean> {
    return this.ledger.blocks.hasTxId(txId);
  }

  onCommit(listener: (block: CommittedBlock) => void): () => void {
    // Wrapped, so that one that is registered twice is told twice.
    const entry = (block: CommittedBlock): void => listener(block);
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  /** Begins to take blocks from a source. Once. */
  follow(source: BlockSource): void {
    this.#source = source;
    this.#following = this.#follow(source);
  }

  /** Stops taking blocks, lets what was begun come to its end, and closes the ledger. May be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#stop.abort();
    await this.#following;
    this.#waiting.wake();
    await this.snapshots.close();
    await this.#gathering.close();
    await this.transientStore.close();
    await this.ledger.close();
  }

  get #running(): BlockPipeline {
    if (this.#pipeline === null) {
      throw new PeerChannelError('closed', `channel ${this.channelId} is not open`);
    }
    return this.#pipeline;
  }

  #queryModules() {
    return { state: this.ledger.state.snapshot(), collections: collectionNames(() => this.bundle) };
  }

  async #follow(source: BlockSource): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const walk = new AbortController();
      const stop = (): void => walk.abort();
      this.#stop.signal.addEventListener('abort', stop, { once: true });
      const feed = new BlockFeed(source.blocks(walk.signal), ({ view, sender }) => {
        this.#senders.set(view.number, sender);
      });
      try {
        while (await feed.ready()) {
          // Whoever wants to know of a block listens to commits.
          for await (const _ of this.#running.run(feed.run()));
        }
        return;
      } catch (error) {
        if (this.#stop.signal.aborted) {
          return;
        }
        if (!(error instanceof CommitError && BAD_BLOCK.has(error.code))) {
          this.#failure = error instanceof Error ? error.message : String(error);
          this.#modules.onFailure?.(this.channelId, error);
          return;
        }
        source.reject(error.block ?? this.#height, error.message);
      } finally {
        stop();
        await feed.close();
        this.#stop.signal.removeEventListener('abort', stop);
        this.#senders.clear();
      }
    }
  }

  #committed(block: CommittedBlock): void {
    const sender = this.#senders.get(block.number) ?? null;
    this.#senders.delete(block.number);
    this.#height = block.number + 1;
    this.#modules.tracer.commit(block, sender);
    if (block.isConfig && block.number > 0) {
      this.#modules.tracer.configUpdate(this.channelId, block.view, this.bundle.sequence);
      this.#source?.configChanged();
    }
    this.#waiting.wake();
    for (const listener of this.#listeners) {
      listener(block);
    }
  }
}

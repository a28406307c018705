import { readdir } from 'node:fs/promises';
import { ChannelBundle } from '#node/channel/bundle.ts';
import { ChannelError } from '#node/channel/channelError.ts';
import { isConfigBlock } from '#node/commit/envelopeForm.ts';
import { CommitError } from '#node/commit/commitError.ts';
import type { BlockSources } from '#node/deliver/blockSource.ts';
import type { Chains } from '#node/deliver/chain.ts';
import { CHANNEL_ID } from '#node/ledger/blocks/channelId.ts';
import { SnapshotError } from '#node/ledger/snapshots/snapshotError.ts';
import { verifySnapshot } from '#node/ledger/snapshots/snapshotMetadata.ts';
import type { BlockView } from '#node/protos/blockView.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import { JoinedChannel, type JoinedChannelModules, type JoinedChannelOptions } from './joinedChannel.ts';
import { makeLedgerFromSnapshot } from './joinSnapshot.ts';
import type { LedgerFolders } from './ledgerFolders.ts';
import type { PeerChannels } from './peerChannel.ts';
import { PeerChannelError } from './peerChannelError.ts';

export interface JoinedChannelsOptions extends Omit<JoinedChannelOptions, 'channelId' | 'onRecovery'> {
  readonly folders: LedgerFolders;
}

export interface JoinedChannelsModules extends JoinedChannelModules {
  readonly sources: BlockSources;
  /** Told of a channel when it is open, before its first block is taken. */
  readonly onOpen?: (channel: JoinedChannel) => void;
  /** Told while a channel's databases catch up with its blocks. */
  readonly onRecovery?: (channelId: string, progress: { readonly block: number; readonly height: number }) => void;
}

/** The channels of a peer, each with its ledger below one folder. */
export class JoinedChannels implements PeerChannels, Chains {
  readonly #options: JoinedChannelsOptions;
  readonly #modules: JoinedChannelsModules;
  readonly #channels = new Map<string, JoinedChannel>();
  readonly #joining = new Set<string>();
  #snapshot: { readonly folder: string; readonly done: Promise<void> } | null = null;
  #following = false;
  #closed = false;

  private constructor(options: JoinedChannelsOptions, modules: JoinedChannelsModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /**
   * Opens all channels that the peer has joined. One that cannot be opened is told of (`onFailure`) and left out: the others go on.
   * What a crash left of a channel that was being joined is removed. No blocks are taken before {@link start}.
   */
  static async open(options: JoinedChannelsOptions, modules: JoinedChannelsModules): Promise<JoinedChannels> {
    const channels = new JoinedChannels(options, modules);
    await options.folders.removePartial();
    for (const channelId of await options.folders.channels()) {
      try {
        channels.#add(await channels.#open(channelId, null));
      } catch (error) {
        modules.onFailure?.(channelId, error);
      }
    }
    return channels;
  }

  /** Begins to take blocks, now and for every channel that is joined later. */
  start(): void {
    this.#following = true;
    for (const channel of this.#channels.values()) {
      channel.follow(this.#modules.sources(channel));
    }
  }

  channel(channelId: string): JoinedChannel | null {
    return this.#channels.get(channelId) ?? null;
  }

  chain(channelId: string): JoinedChannel | null {
    return this.channel(channelId);
  }

  list(): readonly string[] {
    return [...this.#channels.keys()].toSorted();
  }

  get joiningFromSnapshot(): string | null {
    return this.#snapshot?.folder ?? null;
  }

  async join(genesis: BlockView): Promise<JoinedChannel> {
    this.#refuseWhileBusy();
    const channelId = channelOf(genesis);
    return this.#reserve(channelId, 'cannot create ledger from genesis block', async () => {
      try {
        return await this.#options.folders.construct(channelId, () => this.#open(channelId, genesis));
      } catch (cause) {
        if (cause instanceof CommitError) {
          throw new PeerChannelError('bad_genesis', `cannot create ledger from genesis block: ${cause.message}`, {
            cause,
          });
        }
        throw cause;
      }
    });
  }

  /** @throws PeerChannelError `bad_snapshot`, `exists`, `joining`: what shows before the work begins; the rest goes to `onFailure` */
  async joinBySnapshot(folder: string): Promise<void> {
    this.#refuseWhileBusy();
    const started = Promise.withResolvers<void>();
    this.#snapshot = { folder, done: started.promise };
    try {
      const channelId = await snapshotChannel(folder);
      const done = this.#reserve(channelId, 'error while creating ledger id', () =>
        this.#options.folders.construct(channelId, async () => {
          const { folders, mspId, state = 'leveldb' } = this.#options;
          await makeLedgerFromSnapshot(folder, folders.ledgers, channelId, { mspId, state });
          return this.#open(channelId, null);
        }),
      );
      // What is there already shows at once.
      if (this.#channels.has(channelId)) {
        await done;
      }
      void done
        .then(
          () => undefined,
          (error: unknown) => this.#modules.onFailure?.(channelId, error),
        )
        .finally(() => {
          this.#snapshot = null;
          started.resolve();
        });
    } catch (error) {
      this.#snapshot = null;
      started.resolve();
      throw error;
    }
  }

  /** Resolves when no channel is being begun from a snapshot. */
  async snapshotJoined(): Promise<void> {
    await this.#snapshot?.done;
  }

  /** Drains every channel and closes it. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.snapshotJoined();
    await Promise.all(Array.from(this.#channels.values(), (channel) => channel.close()));
  }

  #refuseWhileBusy(): void {
    if (this.#closed) {
      throw new PeerChannelError('closed', 'the peer is about to end');
    }
    if (this.#snapshot !== null) {
      throw new PeerChannelError(
        'joining',
        `a ledger is being created from a snapshot at ${this.#snapshot.folder}. Call ledger creation again after it is done.`,
      );
    }
  }

  async #reserve(channelId: string, what: string, make: () => Promise<JoinedChannel>): Promise<JoinedChannel> {
    const there = this.#joining.has(channelId) || (await this.#options.folders.channels()).includes(channelId);
    if (there || this.#joining.has(channelId)) {
      throw new PeerChannelError('exists', `${what}: ledger [${channelId}] already exists with state [ACTIVE]`);
    }
    this.#joining.add(channelId);
    try {
      const channel = await make();
      this.#add(channel);
      return channel;
    } finally {
      this.#joining.delete(channelId);
    }
  }

  #open(channelId: string, genesis: BlockView | null): Promise<JoinedChannel> {
    const onRecovery = (progress: { readonly block: number; readonly height: number }): void =>
      this.#modules.onRecovery?.(channelId, progress);
    return JoinedChannel.open({ ...this.#options, channelId, onRecovery }, this.#modules, genesis);
  }

  #add(channel: JoinedChannel): void {
    this.#channels.set(channel.channelId, channel);
    this.#modules.onOpen?.(channel);
    if (this.#following) {
      channel.follow(this.#modules.sources(channel));
    }
  }
}

/** @throws PeerChannelError `bad_genesis` */
function channelOf(genesis: BlockView): string {
  try {
    if (genesis.number !== 0 || !isConfigBlock(genesis)) {
      throw new PeerChannelError('bad_genesis', `block ${genesis.number} is no genesis block`);
    }
    const { channelId } = ChannelBundle.fromBlock(genesis);
    if (!CHANNEL_ID.test(channelId)) {
      throw new PeerChannelError('bad_genesis', `'${channelId.slice(0, 300)}' is no channel ID`);
    }
    return channelId;
  } catch (cause) {
    if (cause instanceof ChannelError || cause instanceof ProtoError) {
      throw new PeerChannelError('bad_genesis', `the genesis block cannot be used: ${cause.message}`, { cause });
    }
    throw cause;
  }
}

/** @throws PeerChannelError `bad_snapshot` */
async function snapshotChannel(folder: string): Promise<string> {
  try {
    if ((await readdir(folder)).length === 0) {
      throw new PeerChannelError('bad_snapshot', `snapshot dir ${folder} is empty`);
    }
    return (await verifySnapshot(folder)).channel_name;
  } catch (cause) {
    if (cause instanceof SnapshotError || (cause as NodeJS.ErrnoException).code !== undefined) {
      throw cause instanceof PeerChannelError
        ? cause
        : new PeerChannelError(
            'bad_snapshot',
            `cannot create ledger from snapshot ${folder}: ${(cause as Error).message}`,
            {
              cause,
            },
          );
    }
    throw cause;
  }
}

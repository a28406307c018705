import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlockView } from '#node/protos/blockView.ts';
import { makeFolder } from '#node/util/makeFolder.ts';
import { BlocksToLive, expirySource } from './blockExpiry.ts';
import { blockToLiveBy, missingPrivateData } from './blockCollections.ts';
import { applyState, purgedKeys, purgeMarkers } from './blockUpdates.ts';
import { LedgerError } from './ledgerError.ts';
import { catchUp, lastCommitHash, type RecoveryProgress } from './ledgerRecovery.ts';
import { LEDGER_FOLDERS, type LedgerStores, openStores, type StoreOptions } from './ledgerStores.ts';
import type { MvccResult } from './mvcc/mvcc.ts';
import { addPrivateUpdates, addPurges } from './mvcc/privateUpdates.ts';
import { validateAndPrepare } from './mvcc/validateAndPrepare.ts';
import type { TxPrivateData } from './privateData/privateData.ts';
import { exportSnapshot } from './snapshots/exportSnapshot.ts';
import { joinFromSnapshot } from './snapshots/joinFromSnapshot.ts';
import { SnapshotError } from './snapshots/snapshotError.ts';
import { type SnapshotMetadata, verifySnapshot } from './snapshots/snapshotMetadata.ts';
import { LevelStateDatabase } from './state/levelStateDatabase.ts';
import { CONFIG_KEY, CONFIG_NAMESPACE } from './state/namespaces.ts';

export interface PeerLedgerOptions extends StoreOptions {
  /** Whether this peer should have a collection's data, being a member; what it should have and lacks is noted. Default: none. */
  readonly eligible?: (namespace: string, collection: string) => boolean;
  /** Told while databases catch up with the block files. */
  readonly onRecovery?: RecoveryProgress;
}

/** A block that is decided about in every way, and what it changes. */
export interface PreparedBlock {
  /** With codes and commit hash in its metadata. */
  readonly block: BlockView;
  readonly result: MvccResult;
  readonly commitHash: Uint8Array | null;
  /** As far as it came with the block. */
  readonly privateData: readonly TxPrivateData[];
}

export type LedgerStep = 'blockStore' | 'privateData' | 'state' | 'history';
export type RunStep = (step: LedgerStep, run: () => Promise<void>) => Promise<void>;

/**
 * One channel's ledger: blocks, world state, history.
 *
 * The block files are the truth. A block is in the ledger once it is in them; the databases follow, each with the block up to which
 * it is complete, and those that are behind when the ledger is opened (the process was killed between two steps) catch up from the
 * files, with the codes that were decided then.
 */
export class PeerLedger implements AsyncDisposable {
  readonly channelId: string;
  readonly blocks: LedgerStores['blocks'];
  readonly privateData: LedgerStores['privateData'];
  readonly collections: LedgerStores['collections'];
  readonly state: LedgerStores['state'];
  /** Null where it is not kept. */
  readonly history: LedgerStores['history'];
  readonly #stores: LedgerStores;
  readonly #eligible: (namespace: string, collection: string) => boolean;
  #commitHash: Uint8Array | null;
  #failed: unknown = null;
  #closing: Promise<void> | null = null;
  /** Read when it is first needed. */
  #blocksToLive: BlocksToLive | null = null;

  private constructor(options: PeerLedgerOptions, stores: LedgerStores, commitHash: Uint8Array | null) {
    this.channelId = options.channelId;
    this.blocks = stores.blocks;
    this.privateData = stores.privateData;
    this.collections = stores.collections;
    this.state = stores.state;
    this.history = stores.history;
    this.#stores = stores;
    this.#eligible = options.eligible ?? (() => false);
    this.#commitHash = commitHash;
  }

  /**
   * Opens a ledger, makes it where there is none, and brings its databases up to its blocks.
   * @throws LedgerError, BlockStoreError, StateError, PrivateDataError
   */
  static async open(options: PeerLedgerOptions): Promise<PeerLedger> {
    const stores = await openStores(options);
    try {
      stores.privateData.alignWith(stores.blocks.height);
      await catchUp(stores, options.onRecovery ?? (() => {}));
      return new PeerLedger(options, stores, await lastCommitHash(stores, options));
    } catch (error) {
      await stores.close().catch(() => {});
      throw error;
    }
  }

  /**
   * Makes a ledger in an empty folder from a snapshot, ours or a Go peer's: it goes on with the block after it. Compare the
   * snapshot's hash with other peers first; it proves no more than that it is whole.
   * @throws SnapshotError, BlockStoreError, StateError, PrivateDataError
   */
  static async join(folder: string, snapshot: string): Promise<SnapshotMetadata> {
    if ((await channelsIn(folder)).length > 0) {
      throw new SnapshotError('exists', `${folder} holds a ledger already`);
    }
    const { channel_name: channelId } = await verifySnapshot(snapshot);
    makeFolder(join(folder, LEDGER_FOLDERS.state));
    const state = await LevelStateDatabase.open(join(folder, LEDGER_FOLDERS.state, channelId));
    try {
      return await joinFromSnapshot(
        snapshot,
        { blocks: join(folder, LEDGER_FOLDERS.blocks), privateData: folder },
        {
          state,
          blockToLive: blockToLiveBy,
          eligible: () => () => false,
        },
      );
    } finally {
      await state.close();
    }
  }

  /** Number of the next block. */
  get height(): number {
    return this.blocks.height;
  }

  /** What the next block must follow. */
  get tip(): { readonly height: number; readonly hash: Uint8Array | null } {
    return { height: this.blocks.height, hash: this.blocks.lastHash.length === 0 ? null : this.blocks.lastHash };
  }

  /** Of the last block; null before block 1, and where the chain was begun without. */
  get commitHash(): Uint8Array | null {
    return this.#commitHash;
  }

  /** The channel's configuration in force, a serialised `common.ConfigEnvelope`; null for an empty ledger. */
  async configEnvelope(): Promise<Uint8Array | null> {
    return (await this.state.get(CONFIG_NAMESPACE, CONFIG_KEY))?.value ?? null;
  }

  /** Compares what the transactions of the next block read with the state. Writes nothing. */
  validateReads(block: BlockView, codes: Uint8Array): Promise<MvccResult> {
    return validateAndPrepare(block, codes, this.state);
  }

  /**
   * Puts the next block into the ledger: blocks first, then what is made of them. A failure leaves the databases behind the block
   * files: the ledger takes no more blocks until it is opened again.
   *
   * @throws LedgerError `failed`, and errors of the stores
   */
  async commit(prepared: PreparedBlock, runStep: RunStep = (_, run) => run()): Promise<void> {
    if (this.#failed !== null) {
      throw new LedgerError('failed', 'an earlier block could not be written: open the ledger again', {
        cause: this.#failed,
      });
    }
    const { block, result, privateData } = prepared;
    const { blocks, history } = this;
    // The process died between private data and block: what is stored of it counts.
    const ahead = this.privateData.height === block.number + 1;
    const data = ahead ? await this.privateData.ofBlock(block.number) : privateData;
    // Data with another hash than the block's ends here, with nothing written.
    await addPrivateUpdates(block, result, data, this.state, { verifyHashes: !ahead });
    addPurges(await purgedKeys(result.purges, this.#stores), result.updates);
    const lives = (this.#blocksToLive ??= await BlocksToLive.of(this.#stores));
    await lives.addExpired(block.number, result, expirySource(this.#stores));
    try {
      // Private data goes first: of all that is written it alone could not be made again from the blocks.
      if (!ahead) {
        const missing = missingPrivateData(block, result.codes, data, this.#eligible);
        await runStep('privateData', () =>
          this.privateData.commit(block.number, data, missing, purgeMarkers(result.purges)),
        );
      }
      await runStep('blockStore', () => blocks.append(block));
      await runStep('state', async () => lives.define(await applyState(block, result, this.#stores)));
      if (history !== null) {
        await runStep('history', () => history.commit(block, result.codes));
      }
    } catch (error) {
      this.#failed = error;
      throw error;
    }
    this.#commitHash = prepared.commitHash;
  }

  /**
   * Writes a snapshot of the channel as it is, file by file as Fabric writes it. Nothing may be committed meanwhile.
   * @param folder must not exist yet
   * @throws SnapshotError
   */
  snapshot(folder: string): Promise<SnapshotMetadata> {
    return exportSnapshot(folder, this.#stores, this.#commitHash ?? new Uint8Array(0));
  }

  /** May be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#stores.close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** The channels that have block files in a folder of ledgers, ours or a Go peer's. */
export async function channelsIn(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(join(folder, LEDGER_FOLDERS.blocks, 'chains'), { withFileTypes: true });
    return entries.filter((one) => one.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return [];
    }
    throw error;
  }
}

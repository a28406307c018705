import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '#node/util/makeFolder.ts';
import { BlockStore } from './blocks/blockStore.ts';
import { blockToLiveBy } from './blockCollections.ts';
import { HistoryDatabase } from './history/historyDatabase.ts';
import { CollectionHistory } from './privateData/collectionHistory.ts';
import { PrivateDataStore } from './privateData/privateDataStore.ts';
import { LevelStateDatabase } from './state/levelStateDatabase.ts';
import { MemoryStateDatabase } from './state/memoryStateDatabase.ts';
import { readStateCheckpoint, writeStateCheckpoint } from './state/stateCheckpoint.ts';
import type { StateDatabase } from './state/stateDatabase.ts';
import { StateError } from './state/stateError.ts';

/** Folders of a peer's ledgers, named as a Go peer names them. Block files have its format; the databases have one of our own. */
export const LEDGER_FOLDERS = {
  blocks: 'chains',
  state: 'ftlState',
  checkpoint: 'ftlStateCheckpoint',
  history: 'ftlHistory',
} as const;

/**
 * Of blocks that are kept decoded: those that were committed last, which peers and clients ask for. What is decoded takes several
 * times as much, and whatever is kept for long the garbage collector has to move.
 */
const BLOCK_CACHE_BYTES = 2 * 1024 * 1024;

export interface StoreOptions {
  /** Of all ledgers of a peer. */
  readonly folder: string;
  readonly channelId: string;
  /**
   * Where the world state lives. In memory it is written down when the ledger is closed; after a crash it is made anew from what
   * was written down last, and the blocks. Default `leveldb`.
   */
  readonly state?: 'leveldb' | 'memory';
  /** Whether to keep who wrote each key when. Default true. */
  readonly history?: boolean;
}

/** Everything that a channel's ledger is made of. */
export interface LedgerStores {
  readonly blocks: BlockStore;
  readonly privateData: PrivateDataStore;
  readonly collections: CollectionHistory;
  readonly state: StateDatabase;
  /** Null where it is not kept. */
  readonly history: HistoryDatabase | null;
  close(): Promise<void>;
}

/** Opens all of them, or none. @throws BlockStoreError, StateError, PrivateDataError */
export async function openStores(options: StoreOptions): Promise<LedgerStores> {
  const { folder, channelId } = options;
  makeFolder(folder);
  const opened: { close(): Promise<void> }[] = [];
  const keep = <T extends { close(): Promise<void> }>(one: T): T => {
    opened.push(one);
    return one;
  };
  const closeAll = async (): Promise<void> => {
    // Those that follow first: what they miss is in the blocks.
    for (const one of opened.toReversed()) {
      await one.close();
    }
  };
  try {
    const blocks = keep(
      await BlockStore.open(join(folder, LEDGER_FOLDERS.blocks), channelId, { cacheBytes: BLOCK_CACHE_BYTES }),
    );
    const collections = keep(await CollectionHistory.open(folder, channelId));
    const privateData = keep(await PrivateDataStore.open(folder, channelId, blockToLiveBy(collections)));
    const state = keep(await openState(options));
    const history =
      options.history === false
        ? null
        : keep(await HistoryDatabase.open(await channelPath(folder, LEDGER_FOLDERS.history, channelId)));
    return {
      blocks,
      privateData,
      collections,
      state,
      history,
      async close() {
        if (state instanceof MemoryStateDatabase) {
          await writeStateCheckpoint(state, await channelPath(folder, LEDGER_FOLDERS.checkpoint, channelId));
        }
        await closeAll();
      },
    };
  } catch (error) {
    await closeAll().catch(() => {});
    throw error;
  }
}

async function openState({ folder, channelId, state }: StoreOptions): Promise<StateDatabase> {
  if (state !== 'memory') {
    return LevelStateDatabase.open(await channelPath(folder, LEDGER_FOLDERS.state, channelId));
  }
  try {
    return (
      (await readStateCheckpoint(await channelPath(folder, LEDGER_FOLDERS.checkpoint, channelId))) ??
      new MemoryStateDatabase()
    );
  } catch (error) {
    if (error instanceof StateError && error.code === 'corrupt') {
      // The blocks are the truth: all of them, then.
      return new MemoryStateDatabase();
    }
    throw error;
  }
}

async function channelPath(folder: string, name: string, channelId: string): Promise<string> {
  await mkdir(join(folder, name), { recursive: true });
  return join(folder, name, channelId);
}

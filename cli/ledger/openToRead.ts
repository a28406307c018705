import { mkdtemp, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BlockReader } from '#node/ledger/blocks/blockReader.ts';
import { openGoLedger } from '#node/ledger/blocks/goLedger.ts';
import { LevelStateDatabase } from '#node/ledger/state/levelStateDatabase.ts';
import { MemoryStateDatabase } from '#node/ledger/state/memoryStateDatabase.ts';
import type { StateDatabase } from '#node/ledger/state/stateDatabase.ts';
import { LedgerError } from '#node/ledger/ledgerError.ts';
import { LEDGER_FOLDERS } from '#node/ledger/ledgerStores.ts';
import { definedCollections } from '#node/ledger/blockCollections.ts';
import { BlocksToLive } from '#node/ledger/blockExpiry.ts';
import { replayedUpdates, savepointOf, storedCodes } from '#node/ledger/blockUpdates.ts';
import { hashesWritten } from '#node/ledger/mvcc/expiredUpdates.ts';
import { PeerLedger } from '#node/ledger/peerLedger.ts';

/** A ledger that is only looked at. */
export interface ReadLedger extends AsyncDisposable {
  readonly channelId: string;
  readonly blocks: BlockReader;
  /** Whether the folder is one of ours, with databases beside the blocks. */
  readonly own: boolean;
}

/**
 * Opens the block files of a folder, ours or a Go peer's, without writing to it.
 * @param channel may be left out where the folder holds only one
 * @throws BlockStoreError, LedgerError `which_channel`
 */
export async function openToRead(folder: string, channel: string | undefined): Promise<ReadLedger> {
  const found = await openGoLedger(folder);
  const channelId = channel ?? (found.channels.length === 1 ? found.channels[0] : undefined);
  if (channelId === undefined) {
    throw new LedgerError('which_channel', `${folder} holds ${found.channels.join(', ')}: say which with --channel`);
  }
  const blocks = await found.open(channelId);
  return {
    channelId,
    blocks,
    own: existsSync(join(folder, LEDGER_FOLDERS.state, channelId)),
    [Symbol.asyncDispose]: () => blocks.close(),
  };
}

/**
 * The world state as the stored codes leave it, made in memory from the blocks alone.
 * @throws LedgerError `not_validated`
 */
export async function stateFromBlocks(blocks: BlockReader): Promise<StateDatabase> {
  const state = new MemoryStateDatabase();
  const lives = new BlocksToLive();
  const expiring = async (number: number) => {
    const block = await blocks.byNumber(number);
    return block === null ? null : { number, hashes: hashesWritten(block, storedCodes(block)), privateWriteSets: [] };
  };
  for await (const block of blocks.iterate(0)) {
    const result = await replayedUpdates(block, state);
    await lives.addExpired(block.number, result, { state, expiring });
    const defined = await definedCollections(block.number, result, state);
    await state.apply(result.updates, savepointOf(block));
    lives.define(defined);
  }
  return state;
}

/** Opens one of our own ledgers with its databases. */
export function openOwn(folder: string, channelId: string): Promise<PeerLedger> {
  return PeerLedger.open({ folder, channelId });
}

/** An empty state of its own that is gone when it is closed: in memory, or on disk for ledgers that memory does not hold. */
export async function scratchState(kind: 'leveldb' | 'memory'): Promise<{
  readonly state: StateDatabase;
  close(): Promise<void>;
}> {
  if (kind === 'memory') {
    const state = new MemoryStateDatabase();
    return { state, close: () => state.close() };
  }
  const folder = await mkdtemp(join(tmpdir(), 'ftl-verify-'));
  const state = await LevelStateDatabase.open(join(folder, 'state'));
  return {
    state,
    async close() {
      await state.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

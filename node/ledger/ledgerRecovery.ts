import { BlocksToLive, expirySource } from './blockExpiry.ts';
import { applyState, purgedKeys, replayedUpdates, storedCodes } from './blockUpdates.ts';
import { LedgerError } from './ledgerError.ts';
import type { LedgerStores, StoreOptions } from './ledgerStores.ts';
import { addPrivateUpdates, addPurges } from './mvcc/privateUpdates.ts';
import { joinedFrom } from './snapshots/joinFromSnapshot.ts';
import type { Height } from './state/stateDatabase.ts';

/** Told of each block that a database took up. */
export type RecoveryProgress = (progress: { readonly block: number; readonly height: number }) => void;

/**
 * Brings the databases that are behind the block files up to them, with the codes that were decided then.
 * @throws LedgerError `block_missing`, `ahead_of_blocks`, `not_validated`, and errors of the stores
 */
export async function catchUp(stores: LedgerStores, tell: RecoveryProgress): Promise<void> {
  const { blocks, state, history, privateData } = stores;
  const { height } = blocks;
  const stateFrom = nextBlock(await state.savepoint(), 'state', height);
  if (history !== null && history.savepoint === null && blocks.firstBlock > 0) {
    await history.startAt({ block: blocks.firstBlock - 1, tx: 0 });
  }
  const historyFrom = history === null ? height : nextBlock(history.savepoint, 'history', height);
  const lives = await BlocksToLive.of(stores);
  const source = expirySource(stores);
  for (let number = Math.min(stateFrom, historyFrom); number < height; number++) {
    const block = await blocks.byNumber(number);
    if (block === null) {
      throw new LedgerError(
        'block_missing',
        `block ${number} is not in the block files, though they go to ${height - 1}`,
      );
    }
    if (number >= stateFrom) {
      const result = await replayedUpdates(block, state);
      await addPrivateUpdates(block, result, await privateData.ofBlock(number), state, { verifyHashes: false });
      addPurges(await purgedKeys(result.purges, stores), result.updates);
      await lives.addExpired(number, result, source);
      lives.define(await applyState(block, result, stores));
    }
    if (history !== null && number >= historyFrom) {
      await history.commit(block, storedCodes(block));
    }
    tell({ block: number, height });
  }
}

/** The first block that a database lacks. */
function nextBlock(savepoint: Height | null, database: string, height: number): number {
  const next = savepoint === null ? 0 : savepoint.block + 1;
  if (next > height) {
    throw new LedgerError(
      'ahead_of_blocks',
      `the ${database} database is at block ${next - 1}, the block files end before: they were cut or exchanged. Remove the folder of the ${database} database to have it made anew`,
    );
  }
  return next;
}

/** Commit hash of the last block; null before block 1, and where the chain was begun without. */
export async function lastCommitHash({ blocks }: LedgerStores, options: StoreOptions): Promise<Uint8Array | null> {
  if (blocks.height === 0) {
    return null;
  }
  if (blocks.height > blocks.firstBlock) {
    return (await blocks.byNumber(blocks.height - 1))?.commitHash ?? null;
  }
  const hash = (await joinedFrom(options.folder, options.channelId))?.last_block_commit_hash ?? '';
  return hash === '' ? null : new Uint8Array(Buffer.from(hash, 'hex'));
}

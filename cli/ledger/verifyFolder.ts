import { LedgerError } from '#node/ledger/ledgerError.ts';
import type { Discrepancy, LedgerVerification } from '#node/commit/verifyLedger.ts';
import { verifyLedger } from '#node/commit/verifyLedger.ts';
import { openOwn, openToRead, scratchState } from './openToRead.ts';

export interface VerifyFolderOptions {
  readonly ledger: string;
  readonly channel?: string | undefined;
  readonly state: 'leveldb' | 'memory';
}

/** @throws CommitError, LedgerError, BlockStoreError */
export async function verifyFolder(
  options: VerifyFolderOptions,
  progress: { onStart(height: number): void; onBlock(number: number): void },
): Promise<LedgerVerification> {
  await using ledger = await openToRead(options.ledger, options.channel);
  if (ledger.blocks.firstBlock > 0) {
    throw new LedgerError(
      'block_missing',
      `this ledger was begun with a snapshot: its blocks before ${ledger.blocks.firstBlock} are not here, and without them nothing can be checked from scratch`,
    );
  }
  const own = ledger.own ? await openOwn(options.ledger, ledger.channelId) : null;
  const scratch = await scratchState(options.state);
  try {
    progress.onStart(ledger.blocks.height);
    return await verifyLedger({
      blocks: ledger.blocks,
      scratch: scratch.state,
      state: own?.state ?? null,
      onBlock: ({ number }) => progress.onBlock(number),
    });
  } finally {
    await scratch.close();
    await own?.close();
  }
}

/** One line for people. */
export function discrepancyText(one: Discrepancy): string {
  if (one.kind === 'code') {
    const why = one.reason === null ? '' : ` (${one.reason})`;
    return `block ${one.block}, transaction ${one.index} (${one.txId}): stored as ${one.stored}, must be ${one.computed}${why}`;
  }
  return one.kind === 'commit_hash'
    ? `block ${one.block}: commit hash ${one.stored || '(none)'} is stored, must be ${one.computed || '(none)'}`
    : `state ${one.namespace || '(configuration)'}, key ${JSON.stringify(one.key)}: ${one.detail}`;
}

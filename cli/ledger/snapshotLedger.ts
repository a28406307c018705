import { LedgerError } from '#node/ledger/ledgerError.ts';
import { channelsIn, PeerLedger } from '#node/ledger/peerLedger.ts';
import type { SnapshotMetadata } from '#node/ledger/snapshots/snapshotMetadata.ts';
import { openOwn } from './openToRead.ts';
import type { ShowLedgerOptions } from './showLedger.ts';

/** @throws LedgerError, SnapshotError */
export async function writeSnapshot(options: ShowLedgerOptions, folder: string): Promise<SnapshotMetadata> {
  const channels = await channelsIn(options.ledger);
  const channelId = options.channel ?? (channels.length === 1 ? channels[0] : undefined);
  if (channelId === undefined || !channels.includes(channelId)) {
    throw new LedgerError(
      'which_channel',
      `${options.ledger} holds ${channels.join(', ') || 'no ledger'}: say which channel with --channel`,
    );
  }
  await using ledger = await openOwn(options.ledger, channelId);
  return await ledger.snapshot(folder);
}

/** @throws SnapshotError */
export function joinSnapshot(ledger: string, folder: string): Promise<SnapshotMetadata> {
  return PeerLedger.join(ledger, folder);
}

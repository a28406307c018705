import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { peer } from '@hyperledger/fabric-protos';
import { blockToLiveBy } from '#node/ledger/blockCollections.ts';
import { LEDGER_FOLDERS } from '#node/ledger/ledgerStores.ts';
import type { CollectionHistory } from '#node/ledger/privateData/collectionHistory.ts';
import { joinFromSnapshot } from '#node/ledger/snapshots/joinFromSnapshot.ts';
import { LevelStateDatabase } from '#node/ledger/state/levelStateDatabase.ts';
import { MemoryStateDatabase } from '#node/ledger/state/memoryStateDatabase.ts';
import { writeStateCheckpoint } from '#node/ledger/state/stateCheckpoint.ts';
import { implicitOwner } from '#node/protos/lifecycleView.ts';
import { decodeMessage } from '#node/protos/strictReader.ts';
import { isMember } from './collectionMembership.ts';

/**
 * Makes a channel's ledger from a snapshot, beside those of other channels. Private data that this organisation is to have count as
 * missing, to be had from other peers.
 * @param ledgers folder of all ledgers
 * @throws SnapshotError, BlockStoreError, StateError, PrivateDataError
 */
export async function makeLedgerFromSnapshot(
  snapshot: string,
  ledgers: string,
  channelId: string,
  options: { readonly mspId: string; readonly state: 'leveldb' | 'memory' },
): Promise<void> {
  const folder = join(ledgers, options.state === 'memory' ? LEDGER_FOLDERS.checkpoint : LEDGER_FOLDERS.state);
  await mkdir(folder, { recursive: true });
  const path = join(folder, channelId);
  const state = options.state === 'memory' ? new MemoryStateDatabase() : await LevelStateDatabase.open(path);
  try {
    await joinFromSnapshot(
      snapshot,
      { blocks: join(ledgers, LEDGER_FOLDERS.blocks), privateData: ledgers },
      { state, blockToLive: blockToLiveBy, eligible: (history) => eligibleBy(history, options.mspId) },
    );
    if (state instanceof MemoryStateDatabase) {
      await writeStateCheckpoint(state, path);
    }
  } finally {
    await state.close();
  }
}

function eligibleBy(history: CollectionHistory, mspId: string) {
  return async (namespace: string, collection: string, block: number): Promise<boolean> => {
    const owner = implicitOwner(collection);
    if (owner !== null) {
      return owner === mspId;
    }
    const defined = await history.before(block, namespace);
    if (defined === null) {
      return false;
    }
    const what = 'protos.CollectionConfigPackage';
    return decodeMessage(peer.CollectionConfigPackage, defined.collections, what)
      .getConfigList()
      .some((one) => {
        const config = one.getStaticCollectionConfig();
        return config !== undefined && config.getName() === collection && isMember(mspId, config);
      });
  };
}

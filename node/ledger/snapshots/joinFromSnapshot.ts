import { join } from 'node:path';
import { BlockStore } from '../blocks/blockStore.ts';
import { CollectionHistory } from '../privateData/collectionHistory.ts';
import type { BlockToLive } from '../privateData/privateData.ts';
import { loadSnapshotHashes, type SnapshotHash } from '../privateData/snapshotHashes.ts';
import { collectionOf, hashedKeyBytes } from '../state/namespaces.ts';
import type { StateDatabase, VersionedEntry } from '../state/stateDatabase.ts';
import { SnapshotError } from './snapshotError.ts';
import { SnapshotFileReader } from './snapshotFile.ts';
import { SNAPSHOT_FILES, type SnapshotMetadata, verifySnapshot } from './snapshotMetadata.ts';
import { readStateRecords } from './stateRecords.ts';

export interface JoinModules {
  /** Empty. */
  readonly state: StateDatabase;
  /** Asked once the history of collections is loaded. */
  readonly blockToLive: (history: CollectionHistory) => BlockToLive;
  /** Whether this peer should have a collection's data of a block: what it should have counts as missing. */
  readonly eligible: (
    history: CollectionHistory,
  ) => (namespace: string, collection: string, block: number) => boolean | Promise<boolean>;
}

/**
 * Makes a channel's ledger in `ledgerFolder` from a snapshot (of ours, or of a Go peer with LevelDB or CouchDB): transaction IDs,
 * state, hashes of private state (whose data then counts as missing) and the history of collections. The channel is there once
 * this is done; after a crash before that its folders must be removed, and it is joined again.
 *
 * Compare `snapshot_hash` with other peers before: a snapshot proves no more than that it is whole.
 *
 * @returns the metadata; `last_block_commit_hash` is where the commit hash chain goes on
 * @throws SnapshotError, BlockStoreError, PrivateDataError, StateError
 */
export async function joinFromSnapshot(
  folder: string,
  ledgerFolder: string,
  modules: JoinModules,
): Promise<SnapshotMetadata> {
  const metadata = await verifySnapshot(folder);
  const channelId = metadata.channel_name;
  const lastBlock = metadata.last_block_number;
  const has = (names: readonly [string, string]) => names[0] in metadata.snapshot_files_raw_hashes;

  const history = await CollectionHistory.open(ledgerFolder, channelId);
  try {
    if (!(await history.isEmpty())) {
      throw new SnapshotError('exists', `${ledgerFolder} holds collections of ${channelId} already`);
    }
    if (has(SNAPSHOT_FILES.collections)) {
      await history.load(readPairs(folder));
    }
    const hashes = has(SNAPSHOT_FILES.privateHashes) ? readHashes(folder) : none<SnapshotHash>();
    await loadSnapshotHashes(ledgerFolder, channelId, lastBlock, hashes, {
      blockToLive: modules.blockToLive(history),
      eligible: modules.eligible(history),
    });
  } finally {
    await history.close();
  }
  // Fabric's savepoint has the highest number as transaction: nothing of that block comes again.
  await modules.state.load(readState(folder, has), { block: lastBlock, tx: Number.MAX_SAFE_INTEGER });
  // Last: without it the channel is not there.
  await BlockStore.createFromSnapshot(
    ledgerFolder,
    channelId,
    {
      lastBlock,
      lastHash: new Uint8Array(Buffer.from(metadata.last_block_hash, 'hex')),
      previousHash: new Uint8Array(Buffer.from(metadata.previous_block_hash, 'hex')),
    },
    has(SNAPSHOT_FILES.txIds) ? readTxIds(folder) : none<string>(),
  );
  return metadata;
}

async function* none<T>(): AsyncGenerator<T> {}

async function* readState(
  folder: string,
  has: (names: readonly [string, string]) => boolean,
): AsyncGenerator<VersionedEntry> {
  for (const names of [SNAPSHOT_FILES.publicState, SNAPSHOT_FILES.privateHashes]) {
    if (has(names)) {
      yield* readStateRecords(folder, names);
    }
  }
}

async function* readHashes(folder: string): AsyncGenerator<SnapshotHash> {
  for await (const { namespace: derived, key, value, version } of readStateRecords(
    folder,
    SNAPSHOT_FILES.privateHashes,
  )) {
    const parts = collectionOf(derived);
    if (parts === null) {
      throw new SnapshotError('malformed', `${derived} is no namespace of private hashes`);
    }
    yield { ...parts, keyHash: hashedKeyBytes(key), valueHash: value, block: version.block, tx: version.tx };
  }
}

async function* readTxIds(folder: string): AsyncGenerator<string> {
  yield* readCounted(folder, SNAPSHOT_FILES.txIds, (data) => data.text());
}

async function* readPairs(folder: string): AsyncGenerator<readonly [Uint8Array, Uint8Array]> {
  yield* readCounted(folder, SNAPSHOT_FILES.collections, async (data) => [await data.bytes(), await data.bytes()]);
}

async function* readCounted<T>(
  folder: string,
  names: readonly [string, string],
  read: (data: SnapshotFileReader) => Promise<T>,
): AsyncGenerator<T> {
  const count = await readCount(join(folder, names[1]));
  const data = await SnapshotFileReader.open(join(folder, names[0]));
  try {
    for (let index = 0; index < count; index++) {
      yield await read(data);
    }
  } finally {
    await data.close();
  }
}

async function readCount(path: string): Promise<number> {
  const counts = await SnapshotFileReader.open(path);
  try {
    return await counts.number();
  } finally {
    await counts.close();
  }
}

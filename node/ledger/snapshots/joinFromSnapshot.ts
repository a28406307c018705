import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../blocks/blockFiles.ts';
import { checkedChannelId } from '../blocks/channelId.ts';
import { BlockStore } from '../blocks/blockStore.ts';
import { CollectionHistory } from '../privateData/collectionHistory.ts';
import type { BlockToLive } from '../privateData/privateData.ts';
import { loadSnapshotHashes, type SnapshotHash } from '../privateData/snapshotHashes.ts';
import { collectionOf, hashedKeyBytes } from '../state/namespaces.ts';
import type { StateDatabase, VersionedEntry } from '../state/stateDatabase.ts';
import { SnapshotError } from './snapshotError.ts';
import { SnapshotFileReader } from './snapshotFile.ts';
import {
  ADDITIONAL_FILE,
  readMetadata,
  SIGNABLE_FILE,
  SNAPSHOT_FILES,
  type SnapshotMetadata,
  verifySnapshot,
} from './snapshotMetadata.ts';
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

/** Where the parts of the new ledger go. */
export interface JoinFolders {
  /** For `BlockStore.open`. */
  readonly blocks: string;
  /** For `PrivateDataStore.open`, `CollectionHistory.open` and {@link joinedFrom}. */
  readonly privateData: string;
}

/**
 * Makes a channel's ledger from a snapshot (of ours, or of a Go peer with LevelDB or CouchDB): transaction IDs,
 * state, hashes of private state (whose data then counts as missing) and the history of collections. The channel is there once
 * this is done; after a crash before that its folders must be removed, and it is joined again.
 *
 * Compare `snapshot_hash` with other peers before: a snapshot proves no more than that it is whole.
 *
 * @returns the metadata, also later by {@link joinedFrom}; `last_block_commit_hash` is where the commit hash chain goes on
 * @throws SnapshotError, BlockStoreError, PrivateDataError, StateError
 */
export async function joinFromSnapshot(
  folder: string,
  folders: JoinFolders,
  modules: JoinModules,
): Promise<SnapshotMetadata> {
  const metadata = await verifySnapshot(folder);
  const channelId = metadata.channel_name;
  const lastBlock = metadata.last_block_number;
  const has = (names: readonly [string, string]) => names[0] in metadata.snapshot_files_raw_hashes;

  const history = await CollectionHistory.open(folders.privateData, channelId);
  try {
    if (!(await history.isEmpty())) {
      throw new SnapshotError('exists', `${folders.privateData} holds collections of ${channelId} already`);
    }
    if (has(SNAPSHOT_FILES.collections)) {
      await history.load(readPairs(folder));
    }
    const hashes = has(SNAPSHOT_FILES.privateHashes) ? readHashes(folder) : none<SnapshotHash>();
    await loadSnapshotHashes(folders.privateData, channelId, lastBlock, hashes, {
      blockToLive: modules.blockToLive(history),
      eligible: modules.eligible(history),
    });
  } finally {
    await history.close();
  }
  // Fabric's savepoint has the highest number as transaction: nothing of that block comes again.
  await modules.state.load(readState(folder, has), { block: lastBlock, tx: Number.MAX_SAFE_INTEGER });
  await rememberJoin(folders.privateData, channelId, folder);
  // Last: without it the channel is not there.
  await BlockStore.createFromSnapshot(
    folders.blocks,
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

/** The metadata of the snapshot that a channel was joined from; null where it began with block 0. @throws SnapshotError `malformed` */
export async function joinedFrom(privateDataFolder: string, channelId: string): Promise<SnapshotMetadata | null> {
  try {
    return await readMetadata(joinFolder(privateDataFolder, channelId));
  } catch (error) {
    if (error instanceof SnapshotError && error.code === 'missing_file') {
      return null;
    }
    throw error;
  }
}

function joinFolder(privateDataFolder: string, channelId: string): string {
  return join(privateDataFolder, 'joinedFrom', checkedChannelId(channelId));
}

async function rememberJoin(privateDataFolder: string, channelId: string, snapshot: string): Promise<void> {
  const to = joinFolder(privateDataFolder, channelId);
  await mkdir(to, { recursive: true });
  for (const name of [SIGNABLE_FILE, ADDITIONAL_FILE]) {
    const handle = await open(join(to, name), 'w');
    try {
      await handle.writeFile(await readFile(join(snapshot, name)));
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
  await syncFolder(to);
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

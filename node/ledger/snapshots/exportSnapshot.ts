import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder } from '#node/util/makeFolder.ts';
import { syncFolder } from '../blocks/blockFiles.ts';
import type { BlockStore } from '../blocks/blockStore.ts';
import type { CollectionHistory } from '../privateData/collectionHistory.ts';
import { isHashedNamespace, isPrivateNamespace } from '../state/namespaces.ts';
import type { StateDatabase } from '../state/stateDatabase.ts';
import { SnapshotError } from './snapshotError.ts';
import { SnapshotFileWriter } from './snapshotFile.ts';
import {
  ADDITIONAL_FILE,
  additionalJson,
  SIGNABLE_FILE,
  signableJson,
  SNAPSHOT_FILES,
  type SnapshotMetadata,
  STATE_DATABASE,
  verifySnapshot,
} from './snapshotMetadata.ts';
import { StateRecordWriter } from './stateRecords.ts';

/** Where Fabric keeps finished snapshots below its `ledger.snapshots.rootDir`. */
export function snapshotFolder(root: string, channelId: string, lastBlock: number): string {
  return join(root, 'completed', channelId, String(lastBlock));
}

/**
 * Writes a snapshot of a channel as Fabric writes it (core/ledger/kvledger/snapshot.go), files and hashes alike: two peers that
 * stand at the same block write the same bytes, apart from `last_block_commit_hash`. Nothing may be committed meanwhile. The
 * folder appears whole or not at all.
 *
 * @param folder must not exist yet
 * @param modules `collections` may be left out only where no chaincode of the channel ever had collections
 * @throws SnapshotError `exists`, `empty`
 */
export async function exportSnapshot(
  folder: string,
  modules: {
    readonly blocks: Pick<BlockStore, 'channelId' | 'height' | 'lastHash' | 'previousHash' | 'txIds'>;
    readonly state: StateDatabase;
    readonly collections?: CollectionHistory;
  },
  commitHash: Uint8Array,
): Promise<SnapshotMetadata> {
  const { blocks, state } = modules;
  const lastBlock = blocks.height - 1;
  const savepoint = await state.savepoint();
  if (lastBlock < 0 || savepoint?.block !== lastBlock) {
    const at = savepoint === null ? 'before the first block' : `at block ${savepoint.block}`;
    throw new SnapshotError('empty', `state is ${at}, blocks end with ${lastBlock}`);
  }
  if (await exists(folder)) {
    throw new SnapshotError('exists', `${folder} is there already`);
  }
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  makeFolder(partial);
  const hashes = {
    ...(await exportTxIds(partial, blocks.txIds())),
    ...(await exportCollections(partial, modules.collections)),
    ...(await exportState(partial, state)),
  };
  const signable = signableJson({
    channel_name: blocks.channelId,
    last_block_number: lastBlock,
    last_block_hash: Buffer.from(blocks.lastHash).toString('hex'),
    previous_block_hash: Buffer.from(blocks.previousHash).toString('hex'),
    snapshot_files_raw_hashes: hashes,
    state_db_type: STATE_DATABASE,
  });
  await writeText(join(partial, SIGNABLE_FILE), signable);
  await writeText(join(partial, ADDITIONAL_FILE), additionalJson(signable, commitHash));
  await syncFolder(partial);
  await rename(partial, folder);
  await syncFolder(dirname(folder));
  return verifySnapshot(folder);
}

async function exportTxIds(folder: string, txIds: AsyncIterable<string>): Promise<Record<string, string>> {
  const writer = new CountedWriter(folder, SNAPSHOT_FILES.txIds);
  for await (const txId of txIds) {
    await (await writer.next()).text(txId);
  }
  return writer.done();
}

async function exportCollections(
  folder: string,
  collections: CollectionHistory | undefined,
): Promise<Record<string, string>> {
  const writer = new CountedWriter(folder, SNAPSHOT_FILES.collections);
  for await (const [key, value] of collections?.entries() ?? []) {
    const data = await writer.next();
    await data.bytes(key);
    await data.bytes(value);
  }
  return writer.done();
}

/** Public state, and hashes of private state; private state itself stays with its peers. */
async function exportState(folder: string, state: StateDatabase): Promise<Record<string, string>> {
  const publicState = new StateRecordWriter(folder, SNAPSHOT_FILES.publicState);
  const hashes = new StateRecordWriter(folder, SNAPSHOT_FILES.privateHashes);
  for await (const entry of state.scan((namespace) => !isPrivateNamespace(namespace))) {
    await (isHashedNamespace(entry.namespace) ? hashes : publicState).add(entry);
  }
  return { ...(await publicState.done()), ...(await hashes.done()) };
}

/** A data file whose entries are counted in another; neither is there without entries. */
class CountedWriter {
  readonly #folder: string;
  readonly #names: readonly [string, string];
  #data: SnapshotFileWriter | null = null;
  #count = 0;

  constructor(folder: string, names: readonly [string, string]) {
    this.#folder = folder;
    this.#names = names;
  }

  async next(): Promise<SnapshotFileWriter> {
    this.#data ??= await SnapshotFileWriter.create(join(this.#folder, this.#names[0]));
    this.#count++;
    return this.#data;
  }

  async done(): Promise<Record<string, string>> {
    if (this.#data === null) {
      return {};
    }
    const counts = await SnapshotFileWriter.create(join(this.#folder, this.#names[1]));
    await counts.number(this.#count);
    return { [this.#names[0]]: await this.#data.done(), [this.#names[1]]: await counts.done() };
  }
}

async function writeText(path: string, text: string): Promise<void> {
  const handle = await open(path, 'wx', 0o444);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return false;
    }
    throw error;
  }
}

import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { channelFolder } from '#node/ledger/blocks/blockStore.ts';
import { syncFolder } from '#node/ledger/blocks/blockFiles.ts';
import { checkedChannelId } from '#node/ledger/blocks/channelId.ts';
import { LEDGER_FOLDERS } from '#node/ledger/ledgerStores.ts';
import { channelsIn } from '#node/ledger/peerLedger.ts';
import { makeFolder } from '#node/util/makeFolder.ts';

/** Where a ledger that is being made is written down. */
const UNDER_CONSTRUCTION = 'ftlUnderConstruction';

/** Where a peer keeps its channels, below `peer.fileSystemPath`, as a Go peer lays it out. */
export class LedgerFolders {
  readonly root: string;
  /** For `PeerLedger.open`. */
  readonly ledgers: string;
  /** Of finished snapshots, `ledger.snapshots.rootDir`. */
  readonly snapshots: string;

  constructor(root: string, snapshots: string | null = null) {
    this.root = root;
    this.ledgers = join(root, 'ledgersData');
    this.snapshots = snapshots ?? join(root, 'snapshots');
  }

  /**
   * Makes the folders that are not there yet: the root open to pass through, for chaincode that runs as another user lies below it,
   * what the ledgers hold closed to that user.
   * @throws what the file system says
   */
  make(): void {
    makeFolder(this.root, 0o755);
    makeFolder(this.ledgers, 0o750);
    makeFolder(this.snapshots, 0o750);
  }

  /** Where a channel's pending snapshots are written down. */
  snapshotRequests(channelId: string): string {
    return join(this.ledgers, 'ftlSnapshotRequests', `${checkedChannelId(channelId)}.json`);
  }

  /** Channels with a ledger that is whole. */
  async channels(): Promise<readonly string[]> {
    const partial = new Set(await this.#underConstruction());
    return (await channelsIn(this.ledgers)).filter((id) => !partial.has(id)).toSorted();
  }

  /**
   * Makes a ledger, whole or not at all: what a crash leaves of it is removed by {@link removePartial}, what an error leaves at once.
   * @param make fills the folders
   */
  async construct<T>(channelId: string, make: () => Promise<T>): Promise<T> {
    const folder = join(this.ledgers, UNDER_CONSTRUCTION);
    await mkdir(folder, { recursive: true });
    const marker = join(folder, checkedChannelId(channelId));
    const handle = await open(marker, 'w');
    await handle.sync();
    await handle.close();
    await syncFolder(folder);
    let made: T;
    try {
      made = await make();
    } catch (error) {
      await this.#remove(channelId);
      throw error;
    }
    await rm(marker);
    await syncFolder(folder);
    return made;
  }

  /** Removes ledgers whose making was cut short. @returns their channels */
  async removePartial(): Promise<readonly string[]> {
    const partial = await this.#underConstruction();
    for (const channelId of partial) {
      await this.#remove(channelId);
    }
    return partial;
  }

  async #underConstruction(): Promise<readonly string[]> {
    try {
      return await readdir(join(this.ledgers, UNDER_CONSTRUCTION));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        return [];
      }
      throw error;
    }
  }

  async #remove(channelId: string): Promise<void> {
    const blocks = join(this.ledgers, LEDGER_FOLDERS.blocks);
    const parts = [LEDGER_FOLDERS.state, LEDGER_FOLDERS.checkpoint, LEDGER_FOLDERS.history];
    const folders = [
      channelFolder(blocks, channelId),
      join(blocks, 'index', channelId),
      ...[...parts, 'privateData', 'collectionHistory', 'joinedFrom'].map((name) =>
        join(this.ledgers, name, channelId),
      ),
      join(this.root, 'transientStore', channelId),
      this.snapshotRequests(channelId),
    ];
    for (const folder of folders) {
      await rm(folder, { recursive: true, force: true });
    }
    // Last: until then the rest of it is known to be in the way.
    await rm(join(this.ledgers, UNDER_CONSTRUCTION, checkedChannelId(channelId)), { force: true });
  }
}

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BlockFiles } from './blockFiles.ts';
import { BLOCK_STORE_DEFAULTS, channelFolder } from './blockStore.ts';
import { BlockStoreError } from './blockStoreError.ts';
import { type BootstrapInfo, readBootstrapInfo } from './bootstrapInfo.ts';
import { ScannedBlockIndex } from './scannedBlockIndex.ts';
import { StoredBlocks } from './storedBlocks.ts';

/**
 * One channel's block files, read and never written to: no file is created, cut or locked, so that a copy on a read-only disk,
 * or the folder of a peer that is running, can be opened. Transactions before a snapshot are not known here (a Go peer keeps
 * them in its own index).
 */
export class ReadOnlyBlockStore extends StoredBlocks {
  readonly #index: ScannedBlockIndex;

  private constructor(
    channelId: string,
    cacheBytes: number,
    boot: BootstrapInfo | null,
    modules: { readonly files: BlockFiles; readonly index: ScannedBlockIndex },
  ) {
    const firstBlock = boot === null ? 0 : boot.lastBlock + 1;
    super({ channelId, firstBlock, cacheBytes }, { ...modules, tip: modules.index.tip });
    this.#index = modules.index;
  }

  /**
   * Reads the first bytes of each block, and checks that numbers follow. Where hashes do not, `chainBreaks` tells: who verifies
   * a copy wants to see it all the same. Data is not looked at.
   * @throws BlockStoreError `corrupt`, `missing_file`
   */
  static async open(
    folder: string,
    channelId: string,
    options: { readonly cacheBytes?: number } = {},
  ): Promise<ReadOnlyBlockStore> {
    const blocks = channelFolder(folder, channelId);
    const files = new BlockFiles(blocks);
    try {
      const boot = await readBootstrapInfo(blocks);
      const index = new ScannedBlockIndex(files, boot);
      await index.refresh();
      return new ReadOnlyBlockStore(channelId, options.cacheBytes ?? BLOCK_STORE_DEFAULTS.cacheBytes, boot, {
        files,
        index,
      });
    } catch (error) {
      await files.close();
      throw error;
    }
  }

  /** Numbers of blocks whose previous hash is not that of the block before them: none in a copy that nobody altered. */
  get chainBreaks(): readonly number[] {
    return this.#index.chainBreaks;
  }

  /** Looks for blocks that were written since, and gives them to those who follow. */
  async refresh(): Promise<void> {
    await this.#index.refresh();
    this.tip = this.#index.tip;
    this.grew();
  }
}

/** The channels in a peer's ledger folder, and a way to read each. */
export interface GoLedger {
  /** The folder whose `chains/CHANNEL` hold the block files. */
  readonly folder: string;
  /** Sorted. */
  readonly channels: readonly string[];
  /** The caller closes it. @throws BlockStoreError */
  open(channelId: string): Promise<ReadOnlyBlockStore>;
}

/** From a peer's `peer.fileSystemPath` down to the folder that holds the chains. */
const BELOW = ['.', 'chains', join('ledgersData', 'chains')];

/**
 * A Go peer's ledger, for reading alone. `folder` may be its `peer.fileSystemPath` (`/var/hyperledger/production`), `ledgersData`
 * in it, `ledgersData/chains`, or a folder of ours; orderers' folders (`orderer.FileLedger.Location`) are laid out alike.
 * @throws BlockStoreError `missing_file` where no channel is found
 */
export async function openGoLedger(folder: string): Promise<GoLedger> {
  for (const below of BELOW) {
    const candidate = join(folder, below);
    const channels = await channelsIn(join(candidate, 'chains'));
    if (channels.length > 0) {
      return {
        folder: candidate,
        channels,
        open: (channelId) => {
          if (!channels.includes(channelId)) {
            const detail = `there is no channel ${JSON.stringify(channelId)} in ${candidate}, only ${channels.join(', ')}`;
            return Promise.reject(new BlockStoreError('missing_file', detail));
          }
          return ReadOnlyBlockStore.open(candidate, channelId);
        },
      };
    }
  }
  throw new BlockStoreError('missing_file', `${folder} is no ledger: no chains/CHANNEL/blockfile_000000 below it`);
}

/** Folders that hold block files, or will: a channel joined from a snapshot may have none yet. */
async function channelsIn(chains: string): Promise<readonly string[]> {
  const names = await namesIn(chains);
  const channels: string[] = [];
  for (const name of names) {
    const path = join(chains, name);
    const isFolder = (await stat(path)).isDirectory();
    if (
      isFolder &&
      (await namesIn(path)).some((file) => /^(blockfile_\d{6,}|bootstrappingSnapshot\.info)$/.test(file))
    ) {
      channels.push(name);
    }
  }
  return channels.toSorted();
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      return [];
    }
    throw error;
  }
}

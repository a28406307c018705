import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { BlockView } from '#node/protos/blockView.ts';
import { ProtoError } from '#node/protos/protoError.ts';
import { makeFolder } from '#node/util/makeFolder.ts';
import { BlockFiles } from './blockFiles.ts';
import { encodeRecord } from './blockRecord.ts';
import { type Recovery, recover } from './blockRecovery.ts';
import { endOf, type RecordPlace } from './blockScan.ts';
import { BlockStoreError } from './blockStoreError.ts';
import { type BootstrapInfo, readBootstrapInfo, writeBootstrapInfo } from './bootstrapInfo.ts';
import { checkedChannelId } from './channelId.ts';
import { indexedBlock } from './indexedBlock.ts';
import { LevelBlockIndex } from './levelBlockIndex.ts';
import { type ChainTip, StoredBlocks } from './storedBlocks.ts';

/**
 * When a block is safe from a power cut (from a kill of the process it is, once `append` is done):
 *
 * - `each`: when `append` is done, as in Fabric;
 * - `group`: when `flush` is done, or a later block has filled a file, or `groupBlocks` blocks were appended since; what a power cut
 *   takes away are the last blocks, never one in between, and databases that were fed from them may then be ahead of the files;
 * - `never`: when the system writes it: for imports that can be done again.
 */
export type BlockDurability = 'each' | 'group' | 'never';

export interface BlockStoreOptions {
  /** A file is not filled beyond, unless by a single block. Default 64 MiB, as Fabric. */
  readonly maxFileBytes: number;
  readonly durability: BlockDurability;
  /** With `group`: blocks between two syncs. Default 64. */
  readonly groupBlocks: number;
  /** Blocks whose views are kept, by their bytes; what is decoded of them costs several times more. Default 16 MiB. */
  readonly cacheBytes: number;
}

export const BLOCK_STORE_DEFAULTS: BlockStoreOptions = {
  maxFileBytes: 64 * 1024 * 1024,
  durability: 'each',
  groupBlocks: 64,
  cacheBytes: 16 * 1024 * 1024,
};

/** Where a channel's block files lie below a ledger's `folder`, as Fabric names it. */
export function channelFolder(folder: string, channelId: string): string {
  return join(folder, 'chains', checkedChannelId(channelId));
}

/**
 * One channel's blocks: `folder/chains/CHANNEL/blockfile_NNNNNN` in Fabric's own format, and an index of ours in LevelDB,
 * `folder/index/CHANNEL`, which can be deleted (unless the channel was joined from a snapshot) and is then made anew. One process
 * at a time. Blocks are appended one after the other, however many calls are waiting; reading goes on meanwhile.
 */
export class BlockStore extends StoredBlocks {
  /** What was found and mended when the store was opened. */
  readonly recovery: Recovery;
  readonly #options: BlockStoreOptions;
  readonly #index: LevelBlockIndex;
  #file: number;
  #end: number;
  #durableHeight: number;
  #queue: Promise<void> = Promise.resolve();
  #failure: unknown = null;

  private constructor(
    channelId: string,
    options: BlockStoreOptions,
    modules: { readonly files: BlockFiles; readonly index: LevelBlockIndex; readonly boot: BootstrapInfo | null },
    recovery: Recovery & { readonly tip: ChainTip },
  ) {
    const firstBlock = modules.boot === null ? 0 : modules.boot.lastBlock + 1;
    super({ channelId, firstBlock, cacheBytes: options.cacheBytes }, { ...modules, tip: recovery.tip });
    this.recovery = recovery;
    this.#options = options;
    this.#index = modules.index;
    this.#file = recovery.file;
    this.#end = recovery.end;
    this.#durableHeight = recovery.tip.height;
  }

  /**
   * Opens or creates the store of a channel. A block that was only partly written is cut off the last file, and blocks that the
   * index misses are read from the files.
   * @throws BlockStoreError `in_use`, `foreign_folder`, `corrupt`, `missing_file`
   */
  static async open(folder: string, channelId: string, options: Partial<BlockStoreOptions> = {}): Promise<BlockStore> {
    const blocks = channelFolder(folder, channelId);
    await refuseForeign(folder);
    makeFolder(blocks);
    const files = new BlockFiles(blocks);
    const index = await LevelBlockIndex.open(join(folder, 'index', channelId));
    try {
      const boot = await readBootstrapInfo(blocks);
      const recovery = await recover(files, index, boot);
      return new BlockStore(channelId, { ...BLOCK_STORE_DEFAULTS, ...options }, { files, index, boot }, recovery);
    } catch (error) {
      await index.close();
      await files.close();
      throw error;
    }
  }

  /**
   * Makes a store that begins after a snapshot.
   * @param txIds of all transactions up to it
   * @throws BlockStoreError `not_empty`
   */
  static async createFromSnapshot(
    folder: string,
    channelId: string,
    boot: BootstrapInfo,
    txIds: AsyncIterable<string>,
  ): Promise<void> {
    const blocks = channelFolder(folder, channelId);
    await refuseForeign(folder);
    makeFolder(blocks);
    const index = await LevelBlockIndex.open(join(folder, 'index', channelId));
    try {
      if ((await new BlockFiles(blocks).count()) > 0 || (await readBootstrapInfo(blocks)) !== null) {
        throw new BlockStoreError('not_empty', `${blocks} holds blocks or a snapshot already`);
      }
      let some: string[] = [];
      for await (const txId of txIds) {
        some.push(txId);
        if (some.length === 10_000) {
          await index.addFromSnapshot(some);
          some = [];
        }
      }
      await index.addFromSnapshot(some);
      await index.snapshotDone();
      // Last: a store without it is an empty one, into which the snapshot can be taken again.
      await writeBootstrapInfo(blocks, boot);
    } finally {
      await index.close();
    }
  }

  /** Blocks below it are safe from a power cut, see {@link BlockDurability}. */
  get durableHeight(): number {
    return this.#durableHeight;
  }

  /**
   * Appends the next block. Use `BlockView.withMetadata` to store the verdict. Done when the block is written, indexed and as durable as the options say. Nothing is appended when it throws.
   * @throws BlockStoreError `wrong_number`, `wrong_previous_hash`, `wrong_data_hash`, `too_large`, `malformed`, `closed`, `failed`
   */
  append(block: BlockView | Uint8Array): Promise<void> {
    const done = this.#queue.then(() => this.#append(block));
    this.#queue = done.catch(() => undefined);
    return done;
  }

  /** Makes all appended blocks durable. */
  flush(): Promise<void> {
    const done = this.#queue.then(() => this.#flush());
    this.#queue = done.catch(() => undefined);
    return done;
  }

  /** Every transaction ID once, by length and bytes: the order of Fabric's snapshots. */
  txIds(): AsyncIterable<string> {
    return this.#index.txIds();
  }

  override async close(): Promise<void> {
    if (this.closed) {
      return;
    }
    await this.#queue;
    if (this.#failure === null && this.#options.durability !== 'never') {
      await this.#flush();
    }
    await super.close();
  }

  async #append(block: BlockView | Uint8Array): Promise<void> {
    this.#usable();
    const view = viewOf(block);
    this.#expectNext(view);
    const { record, envelopes } = encodeRecord(view);
    await this.#makeRoom(record.length);
    const place = this.#placeOf(record);
    try {
      await this.files.write(record, this.#end);
      await this.#syncAsPromised(view.number);
      await this.#index.add(indexedBlock(view, place, envelopes), this.#durableHeight);
    } catch (error) {
      await this.#undo(error);
      throw error;
    }
    this.#end = endOf(place);
    this.tip = { height: view.number + 1, lastHash: view.hash, previousHash: view.previousHash };
    this.cache.putRecord(view.number, record.subarray(place.prefix));
    this.grew();
  }

  #expectNext(view: BlockView): void {
    if (view.number !== this.height) {
      throw new BlockStoreError('wrong_number', `block ${this.height} is next, not ${view.number}`);
    }
    if (Buffer.compare(view.previousHash, this.lastHash) !== 0) {
      const expected = Buffer.from(this.lastHash).toString('hex');
      const given = Buffer.from(view.previousHash).toString('hex');
      throw new BlockStoreError(
        'wrong_previous_hash',
        `block ${view.number} follows block hash ${given || '(none)'}, the last one is ${expected || '(none)'}`,
      );
    }
    // The verifier has computed it already: it is kept in the view.
    if (!view.dataHashMatches) {
      throw new BlockStoreError('wrong_data_hash', `block ${view.number} has other data than its header says`);
    }
  }

  async #makeRoom(bytes: number): Promise<void> {
    if (this.#file < 0) {
      await this.files.startWriting(0);
      this.#file = 0;
      this.#end = 0;
    } else if (this.#end > 0 && this.#end + bytes > this.#options.maxFileBytes) {
      await this.files.startWriting(this.#file + 1);
      this.#durableHeight = this.height;
      this.#file++;
      this.#end = 0;
    }
  }

  #placeOf(record: Uint8Array): RecordPlace {
    let prefix = 1;
    while ((record[prefix - 1] as number) >= 0x80) {
      prefix++;
    }
    return { file: this.#file, offset: this.#end, prefix, length: record.length - prefix };
  }

  async #syncAsPromised(number: number): Promise<void> {
    const { durability, groupBlocks } = this.#options;
    const due = durability === 'each' || (durability === 'group' && number + 1 - this.#durableHeight >= groupBlocks);
    if (due) {
      await this.files.sync();
      this.#durableHeight = number + 1;
    }
  }

  /** Takes back what an append that failed has written. If even that fails, only reading goes on. */
  async #undo(cause: unknown): Promise<void> {
    this.#durableHeight = Math.min(this.#durableHeight, this.height);
    try {
      await this.files.truncate(this.#end);
      const savepoint = await this.#index.savepoint();
      if (savepoint !== null && savepoint.number >= this.height) {
        await this.#index.truncate(this.height);
      }
    } catch (error) {
      this.#failure = new AggregateError([cause, error], 'an append failed, and could not be taken back');
    }
  }

  async #flush(): Promise<void> {
    this.#usable();
    if (this.#durableHeight < this.height) {
      await this.files.sync();
      this.#durableHeight = this.height;
      await this.#index.setDurableHeight(this.height);
    }
  }

  #usable(): void {
    if (this.closed) {
      throw new BlockStoreError('closed', `the block store of ${this.channelId} is closed`);
    }
    if (this.#failure !== null) {
      throw new BlockStoreError('failed', 'an earlier append failed: reopen the store', { cause: this.#failure });
    }
  }
}

function viewOf(block: BlockView | Uint8Array): BlockView {
  if (block instanceof BlockView) {
    return block;
  }
  try {
    return BlockView.fromBytes(block);
  } catch (cause) {
    if (cause instanceof ProtoError) {
      throw new BlockStoreError(cause.code === 'too_large' ? 'too_large' : 'malformed', cause.message, { cause });
    }
    throw cause;
  }
}

/** A Go peer keeps all channels' indexes in one LevelDB at this place: its folder is not ours to write to. */
async function refuseForeign(folder: string): Promise<void> {
  try {
    await access(join(folder, 'index', 'CURRENT'), constants.F_OK);
  } catch {
    return;
  }
  throw new BlockStoreError('foreign_folder', `${folder} is the folder of a Go peer: it is only read`);
}

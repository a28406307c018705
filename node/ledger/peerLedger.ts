import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlockView } from '#node/protos/blockView.ts';
import type { BlockReader } from './blocks/blockReader.ts';
import { BlockStore } from './blocks/blockStore.ts';
import { HistoryDatabase } from './history/historyDatabase.ts';
import { LedgerError } from './ledgerError.ts';
import type { MvccResult } from './mvcc/mvcc.ts';
import { validateAndPrepare } from './mvcc/validateAndPrepare.ts';
import { NOT_VALIDATED } from '#node/protos/enumNames.ts';
import { CONFIG_KEY, CONFIG_NAMESPACE } from './state/namespaces.ts';
import { LevelStateDatabase } from './state/levelStateDatabase.ts';
import { MemoryStateDatabase } from './state/memoryStateDatabase.ts';
import type { Height, StateDatabase, StateReader } from './state/stateDatabase.ts';

/** Folders of a peer's ledgers, named as a Go peer names them. Block files have its format; the databases have one of our own. */
export const LEDGER_FOLDERS = {
  blocks: 'chains',
  state: 'ftlState',
  history: 'ftlHistory',
} as const;

export interface PeerLedgerOptions {
  /** Of all ledgers of a peer. */
  readonly folder: string;
  readonly channelId: string;
  /** Where the world state lives. In memory it is made anew from the blocks whenever the ledger is opened. Default `leveldb`. */
  readonly state?: 'leveldb' | 'memory';
  /** Whether to keep who wrote each key when. Default true. */
  readonly history?: boolean;
  /** Told while databases catch up with the block files. */
  readonly onRecovery?: (progress: {
    readonly database: string;
    readonly block: number;
    readonly height: number;
  }) => void;
}

/** A block that is decided about in every way, and what it changes. */
export interface PreparedBlock {
  /** With codes and commit hash in its metadata. */
  readonly block: BlockView;
  readonly result: MvccResult;
  readonly commitHash: Uint8Array | null;
  /** Serialised `rwset.TxPvtReadWriteSet` by transaction; null where none is at hand. */
  readonly privateData: ReadonlyMap<number, Uint8Array> | null;
}

export type LedgerStep = 'blockStore' | 'privateData' | 'state' | 'history';
export type RunStep = (step: LedgerStep, run: () => Promise<void>) => Promise<void>;

/**
 * One channel's ledger: blocks, world state, history.
 *
 * The block files are the truth. A block is in the ledger once it is in them; the databases follow, each with the block up to which
 * it is complete, and those that are behind when the ledger is opened (the process was killed between two steps) catch up from the
 * files, with the codes that were decided then.
 */
export class PeerLedger implements AsyncDisposable {
  readonly channelId: string;
  readonly blocks: BlockStore;
  readonly state: StateDatabase;
  /** Null where it is not kept. */
  readonly history: HistoryDatabase | null;
  #commitHash: Uint8Array | null;
  #failed: unknown = null;

  private constructor(
    channelId: string,
    stores: { blocks: BlockStore; state: StateDatabase; history: HistoryDatabase | null },
    commitHash: Uint8Array | null,
  ) {
    this.channelId = channelId;
    this.blocks = stores.blocks;
    this.state = stores.state;
    this.history = stores.history;
    this.#commitHash = commitHash;
  }

  /**
   * Opens a ledger, makes it where there is none, and brings its databases up to its blocks.
   * @throws LedgerError, BlockStoreError, StateError
   */
  static async open(options: PeerLedgerOptions): Promise<PeerLedger> {
    const { folder, channelId } = options;
    await mkdir(folder, { recursive: true });
    const opened: { close(): Promise<void> }[] = [];
    const keep = <T extends { close(): Promise<void> }>(one: T): T => {
      opened.push(one);
      return one;
    };
    try {
      const blocks = keep(await BlockStore.open(join(folder, LEDGER_FOLDERS.blocks), channelId));
      const state = keep(
        options.state === 'memory'
          ? new MemoryStateDatabase()
          : await LevelStateDatabase.open(join(await made(folder, LEDGER_FOLDERS.state), channelId)),
      );
      const history =
        options.history === false
          ? null
          : keep(await HistoryDatabase.open(join(await made(folder, LEDGER_FOLDERS.history), channelId)));
      await catchUp(blocks, state, history, options.onRecovery ?? (() => {}));
      return new PeerLedger(channelId, { blocks, state, history }, await lastCommitHash(blocks));
    } catch (error) {
      await Promise.allSettled(opened.toReversed().map((one) => one.close()));
      throw error;
    }
  }

  /** Number of the next block. */
  get height(): number {
    return this.blocks.height;
  }

  /** What the next block must follow. */
  get tip(): { readonly height: number; readonly hash: Uint8Array | null } {
    return { height: this.blocks.height, hash: this.blocks.lastHash.length === 0 ? null : this.blocks.lastHash };
  }

  /** Of the last block; null before block 1, and where the chain was begun without. */
  get commitHash(): Uint8Array | null {
    return this.#commitHash;
  }

  /** The channel's configuration in force, a serialised `common.ConfigEnvelope`; null for an empty ledger. */
  async configEnvelope(): Promise<Uint8Array | null> {
    return (await this.state.get(CONFIG_NAMESPACE, CONFIG_KEY))?.value ?? null;
  }

  /** Compares what the transactions of the next block read with the state. Writes nothing. */
  validateReads(block: BlockView, codes: Uint8Array): Promise<MvccResult> {
    return validateAndPrepare(block, codes, this.state);
  }

  /**
   * Puts the next block into the ledger: blocks first, then what is made of them. A failure leaves the databases behind the block
   * files: the ledger takes no more blocks until it is opened again.
   *
   * @throws LedgerError `failed`, and errors of the stores
   */
  async commit(prepared: PreparedBlock, runStep: RunStep = (_, run) => run()): Promise<void> {
    if (this.#failed !== null) {
      throw new LedgerError('failed', 'an earlier block could not be written: open the ledger again', {
        cause: this.#failed,
      });
    }
    const { block, result } = prepared;
    try {
      await runStep('blockStore', () => this.blocks.append(block));
      await runStep('state', () => this.state.apply(result.updates, savepointOf(block)));
      const { history } = this;
      if (history !== null) {
        await runStep('history', () => history.commit(block, result.codes));
      }
    } catch (error) {
      this.#failed = error;
      throw error;
    }
    this.#commitHash = prepared.commitHash;
  }

  async close(): Promise<void> {
    // Those that follow first: what they miss is in the blocks.
    await this.history?.close();
    await this.state.close();
    await this.blocks.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** The channels that have block files in a folder of ledgers, ours or a Go peer's. */
export async function channelsIn(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(join(folder, LEDGER_FOLDERS.blocks, 'chains'), { withFileTypes: true });
    return entries.filter((one) => one.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return [];
    }
    throw error;
  }
}

/** The height that state has once a block is in it (Fabric: of its last transaction). */
export function savepointOf(block: BlockView): Height {
  return { block: block.number, tx: Math.max(0, block.envelopes.length - 1) };
}

/**
 * What a stored block changes: its codes are final, so versions are not compared again.
 * @throws LedgerError `not_validated`
 */
export async function replayedUpdates(block: BlockView, state: StateReader): Promise<MvccResult> {
  const codes = storedCodes(block);
  return validateAndPrepare(block, codes, state, { mvcc: false });
}

/**
 * The codes that a peer stored with its copy of a block.
 * @throws LedgerError `not_validated`
 */
export function storedCodes(block: BlockView): Uint8Array {
  const codes = block.transactionsFilter;
  if (codes.length !== block.envelopes.length || codes.includes(NOT_VALIDATED)) {
    throw new LedgerError('not_validated', `block ${block.number} is stored without the codes of its transactions`);
  }
  return codes;
}

async function made(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(path, { recursive: true });
  return path;
}

async function catchUp(
  blocks: BlockReader,
  state: StateDatabase,
  history: HistoryDatabase | null,
  tell: NonNullable<PeerLedgerOptions['onRecovery']>,
): Promise<void> {
  const { height } = blocks;
  const stateFrom = nextBlock(await state.savepoint(), 'state', height);
  const historyFrom = history === null ? height : nextBlock(history.savepoint, 'history', height);
  for (let number = Math.min(stateFrom, historyFrom); number < height; number++) {
    const block = await blocks.byNumber(number);
    if (block === null) {
      throw new LedgerError(
        'block_missing',
        `block ${number} is not in the block files, though they go to ${height - 1}`,
      );
    }
    if (number >= stateFrom) {
      await state.apply((await replayedUpdates(block, state)).updates, savepointOf(block));
      tell({ database: 'state', block: number, height });
    }
    if (history !== null && number >= historyFrom) {
      await history.commit(block, storedCodes(block));
      tell({ database: 'history', block: number, height });
    }
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

async function lastCommitHash(blocks: BlockReader): Promise<Uint8Array | null> {
  if (blocks.height === 0) {
    return null;
  }
  return (await blocks.byNumber(blocks.height - 1))?.commitHash ?? null;
}

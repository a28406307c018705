import { BlockView } from '#node/protos/blockView.ts';
import { EnvelopeView } from '#node/protos/envelopeView.ts';
import { BlockCache } from './blockCache.ts';
import type { BlockFiles } from './blockFiles.ts';
import type { BlockIndex } from './blockIndex.ts';
import type { BlockReader, IterateOptions, TxLocation } from './blockReader.ts';
import { decodeRecord } from './blockRecord.ts';
import { nameOf, type RecordPlace } from './blockScan.ts';
import { BlockStoreError } from './blockStoreError.ts';

/** Where a chain ends. */
export interface ChainTip {
  readonly height: number;
  readonly lastHash: Uint8Array;
  readonly previousHash: Uint8Array;
}

/** Reads blocks through an index: what a store that grows and one that is only read have in common. */
export abstract class StoredBlocks implements BlockReader {
  readonly channelId: string;
  readonly firstBlock: number;
  protected readonly files: BlockFiles;
  protected readonly cache: BlockCache;
  protected tip: ChainTip;
  protected closed = false;
  readonly #index: BlockIndex;
  #waiting: (() => void)[] = [];

  protected constructor(
    options: { readonly channelId: string; readonly firstBlock: number; readonly cacheBytes: number },
    modules: { readonly files: BlockFiles; readonly index: BlockIndex; readonly tip: ChainTip },
  ) {
    this.channelId = options.channelId;
    this.firstBlock = options.firstBlock;
    this.cache = new BlockCache(options.cacheBytes);
    this.files = modules.files;
    this.tip = modules.tip;
    this.#index = modules.index;
  }

  get height(): number {
    return this.tip.height;
  }

  get lastHash(): Uint8Array {
    return this.tip.lastHash;
  }

  get previousHash(): Uint8Array {
    return this.tip.previousHash;
  }

  async byNumber(number: number): Promise<BlockView | null> {
    return this.#block(number, true);
  }

  async byHash(hash: Uint8Array): Promise<BlockView | null> {
    this.#open();
    const number = await this.#index.numberOf(hash);
    return number === null ? null : this.#block(number, true);
  }

  async byTxId(txId: string): Promise<TxLocation | null> {
    this.#open();
    const found = await this.#index.transaction(txId);
    if (found === 'before_snapshot') {
      throw this.#beforeSnapshot(`transaction ${txId}`);
    }
    return found;
  }

  async hasTxId(txId: string): Promise<boolean> {
    return (await this.hasTxIds([txId]))[0] as boolean;
  }

  async hasTxIds(txIds: readonly string[]): Promise<readonly boolean[]> {
    this.#open();
    return this.#index.hasTransactions(txIds);
  }

  async envelope(block: number, index: number): Promise<EnvelopeView | null> {
    if (!this.#holds(block)) {
      return null;
    }
    const kept = this.cache.get(block);
    if (kept !== null) {
      return kept.envelopes[index] ?? null;
    }
    const place = await this.#index.envelopePlace(block, index);
    if (place === null) {
      return null;
    }
    const { file, offset } = place.record;
    return EnvelopeView.fromBytes(await this.files.read(file, offset + place.offset, place.length));
  }

  async *iterate(from = this.firstBlock, options: IterateOptions = {}): AsyncGenerator<BlockView> {
    for (let number = from; await this.#comes(number, options); number++) {
      // Blocks that somebody walks through would push out those that many ask for.
      const view = await this.#block(number, false);
      if (view === null) {
        throw new BlockStoreError('corrupt', `block ${number} of ${this.channelId} is not in its index`);
      }
      yield view;
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    this.grew();
    this.cache.clear();
    await this.#index.close();
    await this.files.close();
  }

  /** Wakes those who wait for blocks. */
  protected grew(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) {
      wake();
    }
  }

  /** Whether the block is there, waiting for it where that is asked for. */
  async #comes(number: number, { follow = false, signal }: IterateOptions): Promise<boolean> {
    const ended = () => this.closed || signal?.aborted === true;
    while (!ended() && number >= this.height) {
      if (!follow) {
        return false;
      }
      await this.#growth(signal);
    }
    return !ended();
  }

  #growth(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal?.removeEventListener('abort', done);
        resolve();
      };
      signal?.addEventListener('abort', done, { once: true });
      this.#waiting.push(done);
    });
  }

  async #block(number: number, keep: boolean): Promise<BlockView | null> {
    if (!this.#holds(number)) {
      return null;
    }
    const kept = this.cache.get(number);
    if (kept !== null) {
      return kept;
    }
    const place = await this.#index.place(number);
    if (place === null) {
      return null;
    }
    const view = await readBlock(this.files, place, number);
    if (keep) {
      this.cache.put(view, place.length);
    }
    return view;
  }

  #holds(number: number): boolean {
    this.#open();
    if (number < this.firstBlock && number >= 0) {
      throw this.#beforeSnapshot(`block ${number}`);
    }
    return number >= this.firstBlock && number < this.height;
  }

  #beforeSnapshot(what: string): BlockStoreError {
    const detail = `${this.channelId} was joined from a snapshot, its first block here is ${this.firstBlock}`;
    return new BlockStoreError('before_snapshot', `${what} is not available: ${detail}`);
  }

  #open(): void {
    if (this.closed) {
      throw new BlockStoreError('closed', `the block store of ${this.channelId} is closed`);
    }
  }
}

/** @throws BlockStoreError `corrupt` where the bytes at `place` are not block `number` */
export async function readBlock(files: BlockFiles, place: RecordPlace, number: number): Promise<BlockView> {
  const body = await files.read(place.file, place.offset + place.prefix, place.length);
  try {
    const view = BlockView.fromParts(decodeRecord(body).parts);
    if (view.number === number) {
      return view;
    }
  } catch (cause) {
    throw new BlockStoreError('corrupt', `no block can be read from ${nameOf(place.file, place.offset)}`, { cause });
  }
  throw new BlockStoreError('corrupt', `${nameOf(place.file, place.offset)} holds no block ${number}`);
}

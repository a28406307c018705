import { blockHeaderHash } from '#node/protos/blockHeader.ts';
import type { BlockFiles } from './blockFiles.ts';
import type { BlockIndex, KnownTx } from './blockIndex.ts';
import { decodeRecord, decodeRecordHeader, type EnvelopePlace, type RecordHeader } from './blockRecord.ts';
import { nameOf, type RecordPlace, scanFile } from './blockScan.ts';
import { BlockStoreError } from './blockStoreError.ts';
import type { BootstrapInfo } from './bootstrapInfo.ts';
import { indexedBlock } from './indexedBlock.ts';
import { type ChainTip, readBlock } from './storedBlocks.ts';

/** Numbers that describe one place. */
const PLACE = 4;

/**
 * An index of files that nothing is written to, in memory: places and hashes of all blocks (about 150 bytes a block), found by
 * reading each block's first bytes; transaction IDs (about 150 bytes each) only once somebody asks for one, by reading all blocks.
 */
export class ScannedBlockIndex implements BlockIndex {
  readonly #files: BlockFiles;
  readonly #first: number;
  readonly #places: number[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #transactions = new Map<string, KnownTx>();
  readonly #chainBreaks: number[] = [];
  #indexed: number;
  #tip: ChainTip;
  #end = 0;
  #indexing: Promise<void> = Promise.resolve();

  constructor(files: BlockFiles, boot: BootstrapInfo | null) {
    this.#files = files;
    this.#first = boot === null ? 0 : boot.lastBlock + 1;
    this.#indexed = this.#first;
    this.#tip = {
      height: this.#first,
      lastHash: boot?.lastHash ?? new Uint8Array(0),
      previousHash: boot?.previousHash ?? new Uint8Array(0),
    };
  }

  /** Blocks whose previous hash is not that of the block before them. */
  get chainBreaks(): readonly number[] {
    return this.#chainBreaks;
  }

  get tip(): ChainTip {
    return this.#tip;
  }

  /**
   * Learns what was added to the files. A block that is not whole at the end of the last file is being written, or was when its
   * peer died: it is not counted.
   * @throws BlockStoreError `corrupt` where numbers do not follow, or a file before the last ends within a block
   */
  async refresh(): Promise<void> {
    const count = await this.#files.count();
    for (let file = this.#file; file < count; file++) {
      const walk = scanFile(this.#files, file, file === this.#file ? this.#end : 0);
      let step = await walk.next();
      for (; step.done !== true; step = await walk.next()) {
        this.#add(step.value.place, step.value.head);
      }
      const { offset, torn } = step.value;
      if (torn !== null && file < count - 1) {
        throw new BlockStoreError('corrupt', `${nameOf(file, offset)}: ${torn}`);
      }
      this.#end = file === this.#file ? offset : this.#end;
    }
  }

  async place(number: number): Promise<RecordPlace | null> {
    const at = (number - this.#first) * PLACE;
    const [file, offset, prefix, length] = this.#places.slice(at, at + PLACE);
    return at < 0 || length === undefined
      ? null
      : { file: file as number, offset: offset as number, prefix: prefix as number, length };
  }

  async envelopePlace(
    number: number,
    index: number,
  ): Promise<(EnvelopePlace & { readonly record: RecordPlace }) | null> {
    const record = await this.place(number);
    if (record === null) {
      return null;
    }
    const body = await this.#files.read(record.file, record.offset + record.prefix, record.length);
    const place = decodeRecord(body, record.prefix).envelopes[index];
    return place === undefined ? null : { ...place, record };
  }

  async numberOf(hash: Uint8Array): Promise<number | null> {
    return this.#numbers.get(nameOfHash(hash)) ?? null;
  }

  async transaction(txId: string): Promise<KnownTx | null> {
    await this.#indexTransactions();
    return this.#transactions.get(txId) ?? null;
  }

  async hasTransactions(txIds: readonly string[]): Promise<readonly boolean[]> {
    await this.#indexTransactions();
    return txIds.map((txId) => this.#transactions.has(txId));
  }

  async close(): Promise<void> {
    this.#numbers.clear();
    this.#transactions.clear();
  }

  /** The file of the last block. */
  get #file(): number {
    return this.#places.at(-PLACE) ?? 0;
  }

  #add(place: RecordPlace, head: Uint8Array): void {
    const name = nameOf(place.file, place.offset);
    let header: RecordHeader;
    try {
      header = decodeRecordHeader(head);
    } catch (cause) {
      throw new BlockStoreError('corrupt', `${name} holds no block`, { cause });
    }
    if (header.number !== this.#tip.height) {
      throw new BlockStoreError('corrupt', `${name} holds block ${header.number}, not ${this.#tip.height}`);
    }
    if (Buffer.compare(header.previousHash, this.#tip.lastHash) !== 0) {
      this.#chainBreaks.push(header.number);
    }
    const hash = blockHeaderHash(header.number, header.previousHash, header.dataHash);
    this.#numbers.set(nameOfHash(hash), header.number);
    this.#places.push(place.file, place.offset, place.prefix, place.length);
    this.#end = place.offset + place.prefix + place.length;
    this.#tip = { height: header.number + 1, lastHash: hash, previousHash: header.previousHash.slice() };
  }

  /** One reader at a time, each starting where the one before ended. */
  #indexTransactions(): Promise<void> {
    const done = this.#indexing.then(() => this.#indexTransactionsNow());
    this.#indexing = done.catch(() => undefined);
    return done;
  }

  async #indexTransactionsNow(): Promise<void> {
    for (; this.#indexed < this.#tip.height; this.#indexed++) {
      const place = (await this.place(this.#indexed)) as RecordPlace;
      const { number, txIds, codes } = indexedBlock(await readBlock(this.#files, place, this.#indexed), place, []);
      for (const [index, txId] of txIds.entries()) {
        if (!this.#transactions.has(txId)) {
          this.#transactions.set(txId, { block: number, index, code: codes[index] as number });
        }
      }
    }
  }
}

function nameOfHash(hash: Uint8Array): string {
  return Buffer.from(hash).toString('latin1');
}

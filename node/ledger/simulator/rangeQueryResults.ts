import { hash } from 'node:crypto';
import type { MerkleSummaryView, ReadView, VersionView } from '#node/protos/readWriteSetView.ts';
import { WireWriter } from '../state/wireWriter.ts';

/** What a query may find before hashes take the place of the reads, and how many hashes one node of the tree holds. */
export const MAX_DEGREE = 50;

/** One `kvrwset.KVRead`, without its tag. */
export function writeRead(writer: WireWriter, key: string, version: VersionView | null): void {
  writer.string(1, key);
  if (version !== null) {
    writer.message(2, (message) => message.number(1, version.block).number(2, version.tx));
  }
}

/**
 * Sums up what a range query found, in order, so that a peer that commits can tell whether it would find the same: the reads
 * themselves, or the upper nodes of a Merkle tree over them. Reads are hashed in groups of `maxDegree` + 1, then the hashes of a
 * level as soon as there are more than `maxDegree` of them (core/ledger/kvledger/txmgmt/rwsetutil/query_results_helper.go).
 */
export class RangeQueryResults {
  readonly #maxDegree: number;
  #pending: ReadView[] = [];
  /** Level 1 (of the hashes over reads) stands at index 1. */
  readonly #levels: Uint8Array[][] = [];
  #maxLevel = 1;

  /** @param maxDegree 2 or more. */
  constructor(maxDegree: number = MAX_DEGREE) {
    this.#maxDegree = maxDegree;
  }

  add(key: string, version: VersionView | null): void {
    this.#pending.push({ key, version });
    if (this.#pending.length > this.#maxDegree) {
      this.#hashPending();
    }
  }

  /** The tree so far, without what is too little to be hashed yet. */
  get summary(): MerkleSummaryView {
    return { maxDegree: this.#maxDegree, maxLevel: this.#maxLevel, hashes: this.#level(this.#maxLevel) };
  }

  /** To be called once, after the last read: either `reads` or `merkle` says it all. */
  finish(): { readonly reads: readonly ReadView[]; readonly merkle: MerkleSummaryView | null } {
    if (this.#maxLevel === 1 && this.#level(1).length === 0) {
      return { reads: this.#pending, merkle: null };
    }
    if (this.#pending.length > 0) {
      this.#hashPending();
    }
    for (let level = 1; level < this.#maxLevel; level++) {
      const hashes = this.#level(level);
      if (hashes.length > 0) {
        this.#levels[level] = [];
        this.#level(level + 1).push(hashes.length === 1 ? (hashes[0] as Uint8Array) : combined(hashes));
      }
    }
    const top = this.#level(this.#maxLevel);
    if (top.length > this.#maxDegree) {
      this.#levels[this.#maxLevel] = [];
      this.#maxLevel++;
      this.#levels[this.#maxLevel] = [combined(top)];
    }
    return { reads: [], merkle: this.summary };
  }

  #hashPending(): void {
    const writer = new WireWriter(this.#pending.length * 32);
    for (const { key, version } of this.#pending) {
      writer.message(1, (read) => writeRead(read, key, version));
    }
    this.#pending = [];
    this.#level(1).push(sha256(writer.finish()));
    for (let level = 1; ; level++) {
      const hashes = this.#level(level);
      if (hashes.length <= this.#maxDegree) {
        return;
      }
      this.#levels[level] = [];
      this.#level(level + 1).push(combined(hashes));
      this.#maxLevel = Math.max(this.#maxLevel, level + 1);
    }
  }

  #level(level: number): Uint8Array[] {
    this.#levels[level] ??= [];
    return this.#levels[level];
  }
}

function combined(hashes: readonly Uint8Array[]): Uint8Array {
  return sha256(Buffer.concat(hashes));
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(hash('sha256', bytes, 'buffer'));
}

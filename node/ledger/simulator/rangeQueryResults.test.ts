import { createHash } from 'node:crypto';
import { ledger } from '@hyperledger/fabric-protos';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReadView } from '#node/protos/readWriteSetView.ts';
import { RangeQueryResults } from './rangeQueryResults.ts';

const { kvrwset } = ledger.rwset;

function sha256(...parts: Uint8Array[]): Uint8Array {
  const digest = createHash('sha256');
  for (const part of parts) {
    digest.update(part);
  }
  return new Uint8Array(digest.digest());
}

function reads(count: number): ReadView[] {
  return Array.from({ length: count }, (_, index) => ({
    key: `key${String(index).padStart(6, '0')}`,
    version: index % 7 === 3 ? null : { block: index % 5, tx: index },
  }));
}

/** Hash of a group of reads, by the library's own messages. */
function leaf(group: readonly ReadView[]): Uint8Array {
  const message = new kvrwset.QueryReads();
  for (const { key, version } of group) {
    const read = new kvrwset.KVRead();
    read.setKey(key);
    if (version !== null) {
      const written = new kvrwset.Version();
      written.setBlockNum(version.block);
      written.setTxNum(version.tx);
      read.setVersion(written);
    }
    message.addKvReads(read);
  }
  return sha256(message.serializeBinary());
}

function groups<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
    all.slice(index * size, (index + 1) * size),
  );
}

/** The tree built at once, level by level, from all reads: groups of degree + 1; the last of a level, alone, rises as it is. */
function wholeTree(all: readonly ReadView[], degree: number): { maxLevel: number; hashes: Uint8Array[] } {
  let level = 1;
  let hashes = groups(all, degree + 1).map(leaf);
  while (hashes.length > degree) {
    level++;
    hashes = groups(hashes, degree + 1).map((group) =>
      group.length === 1 ? (group[0] as Uint8Array) : sha256(...group),
    );
  }
  return { maxLevel: level, hashes };
}

function summed(all: readonly ReadView[], degree: number) {
  const results = new RangeQueryResults(degree);
  for (const { key, version } of all) {
    results.add(key, version);
  }
  return results.finish();
}

describe('results of a range query', () => {
  it.each([0, 1, 49, 50])('%i of them are listed', (count) => {
    expect(summed(reads(count), 50)).toEqual({ reads: reads(count), merkle: null });
  });

  it.each([51, 52, 102, 2550, 2551, 2600, 2601, 2602, 5500])('%i of them are a tree of degree 50', (count) => {
    const { reads: listed, merkle } = summed(reads(count), 50);
    expect(listed).toEqual([]);
    expect(merkle).toEqual({ maxDegree: 50, ...wholeTree(reads(count), 50) });
  });

  it('are the same tree, built step by step or at once, whatever their number and degree', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 6 }), fc.nat(400), (degree, extra) => {
        const all = reads(degree + 1 + extra);
        const { merkle } = summed(all, degree);
        expect(merkle).toEqual({ maxDegree: degree, ...wholeTree(all, degree) });
      }),
    );
  });
});

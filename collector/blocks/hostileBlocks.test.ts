import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TraceRecord } from '#trace/record.ts';
import { BlockError } from './blockError.ts';
import { BlockSource } from './blockSource.ts';
import { changedBlock, realBlock } from './testBlock.ts';

const blocks = [0, 3, 37, 48, 67].map((number) => realBlock(number));
const anyBlock = fc.constantFrom(...blocks);
const flips = fc.array(fc.tuple(fc.nat(), fc.nat(7)), { minLength: 1, maxLength: 6 });

function flipped(bytes: Uint8Array, places: readonly (readonly [number, number])[]): Uint8Array {
  const damaged = Uint8Array.from(bytes);
  for (const [at, bit] of places) {
    if (damaged.length > 0) {
      damaged[at % damaged.length] = (damaged[at % damaged.length] as number) ^ (1 << bit);
    }
  }
  return damaged;
}

/** Points of the records, each fit for the store; or the code of the BlockError. */
function outcome(bytes: Uint8Array): string {
  try {
    const records = new BlockSource({ channel: 'fallback' }).decode(bytes);
    return records.map(({ record }) => TraceRecord.parse(record).ftl.point).join(' ');
  } catch (error) {
    if (error instanceof BlockError) {
      return error.code;
    }
    throw error;
  }
}

describe('a source fed by an enemy', () => {
  it('refuses damaged files with a BlockError', () => {
    const met = new Set<string>();
    fc.assert(
      fc.property(anyBlock, flips, (bytes, places) => {
        met.add(outcome(flipped(bytes, places)));
      }),
      { numRuns: 600 },
    );
    expect([...met]).toEqual(expect.arrayContaining(['data_hash_mismatch', 'undecodable']));
  });

  it('makes valid records of transactions that were damaged before they were ordered', () => {
    const met = new Set<string>();
    fc.assert(
      fc.property(anyBlock, flips, (bytes, places) => {
        const result = outcome(changedBlock(bytes, { data: (list) => list.map((one) => flipped(one, places)) }));
        expect(result).toMatch(/^block\.header block\.tx/);
        met.add(result);
      }),
      { numRuns: 600 },
    );
    expect(met.size).toBeGreaterThan(3);
  });

  it('makes valid records of blocks with damaged metadata', () => {
    fc.assert(
      fc.property(anyBlock, flips, fc.nat(4), (bytes, places, which) => {
        const damaged = changedBlock(bytes, {
          metadata: (list) => list.with(which, flipped(list[which] ?? new Uint8Array(0), places)),
        });
        expect(outcome(damaged)).toMatch(/^block\.header block\.tx/);
      }),
      { numRuns: 400 },
    );
  });
});

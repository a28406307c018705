import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BlockView } from '#node/protos/blockView.ts';
import { type RecordedSet, vendoredBlocks } from '#node/protos/testBlocks.ts';
import type { BlockReader } from './blockReader.ts';
import { decodeRecord, encodeRecord, recordLength } from './blockRecord.ts';
import { BlockStore } from './blockStore.ts';
import { BlockStoreError } from './blockStoreError.ts';
import { ReadOnlyBlockStore } from './goLedger.ts';
import { generatedChain } from './testChain.ts';
import { txIdOf } from './txIdOf.ts';
import { wholeRecordings } from './wholeRecordings.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'blocks-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const sameBytes = (a: Uint8Array | undefined, b: Uint8Array) => a !== undefined && Buffer.compare(a, b) === 0;

const chains = wholeRecordings();

async function fill(set: RecordedSet, options = {}): Promise<BlockStore> {
  const store = await BlockStore.open(folder, set.channel, options);
  for (const { bytes } of set.blocks.slice(store.height)) {
    await store.append(bytes);
  }
  return store;
}

/** By number, hash, each transaction's ID, each position, and in a row. */
async function expectWhole(store: BlockStore, set: RecordedSet): Promise<void> {
  expect(store.height).toBe(set.blocks.length);
  const firsts = new Map<string, { block: number; index: number; code: number }>();
  for (const { number, bytes, transactions } of set.blocks) {
    const recorded = BlockView.fromBytes(bytes);
    expect(sameBytes((await store.byNumber(number))?.bytes, bytes)).toBe(true);
    expect((await store.byHash(recorded.hash))?.number).toBe(number);
    for (const [index, envelope] of recorded.envelopes.entries()) {
      const txId = txIdOf(envelope);
      if (!firsts.has(txId)) {
        firsts.set(txId, { block: number, index, code: transactions[index]?.code as number });
      }
      expect(sameBytes((await store.envelope(number, index))?.bytes, envelope.bytes)).toBe(true);
    }
    expect(await store.envelope(number, transactions.length)).toBeNull();
  }
  for (const [txId, location] of firsts) {
    expect(await store.byTxId(txId)).toEqual(location);
  }
  expect(await store.hasTxIds([...firsts.keys(), 'nobody'])).toEqual([...[...firsts].map(() => true), false]);
  const numbers: number[] = [];
  for await (const block of store.iterate()) {
    numbers.push(block.number);
  }
  expect(numbers).toEqual(set.blocks.map(({ number }) => number));
  expect(await store.byNumber(set.blocks.length)).toBeNull();
  expect(await store.byHash(new Uint8Array(32))).toBeNull();
  expect(await store.byTxId('nobody')).toBeNull();
}

describe('recorded blocks', () => {
  for (const set of chains) {
    it(`of ${set.name} (${set.blocks.length}) are read back by every index, at once, after a restart, and without the index`, async () => {
      let store = await fill(set);
      await expectWhole(store, set);
      const last = BlockView.fromBytes(set.blocks.at(-1)?.bytes as Uint8Array);
      expect(hex(store.lastHash)).toBe(hex(last.hash));
      await store.close();

      store = await BlockStore.open(folder, set.channel, { cacheBytes: 0 });
      expect(store.recovery).toMatchObject({ indexed: 0, forgotten: 0, cut: null });
      await expectWhole(store, set);
      await store.close();

      rmSync(join(folder, 'index'), { recursive: true });
      store = await BlockStore.open(folder, set.channel, { cacheBytes: 0 });
      expect(store.recovery).toMatchObject({ indexed: set.blocks.length, forgotten: 0, cut: null });
      await expectWhole(store, set);
      expect(hex(store.previousHash)).toBe(hex(last.previousHash));
      await store.close();
    });
  }

  it('fill file after file when one is full', async () => {
    const set = vendoredBlocks('v2.5.9');
    let store = await fill(set, { maxFileBytes: 60_000, cacheBytes: 0 });
    await expectWhole(store, set);
    await store.close();
    store = await BlockStore.open(folder, set.channel, { maxFileBytes: 60_000, cacheBytes: 0 });
    expect(store.recovery.file).toBeGreaterThan(3);
    await expectWhole(store, set);
    await store.close();
  });
});

describe('an append', () => {
  const chain = generatedChain(4, { transactions: 3, envelopeBytes: 50 });
  const [first, second, third] = chain as [BlockView, BlockView, BlockView];

  it('takes the next block alone, and leaves everything as it was otherwise', async () => {
    const store = await BlockStore.open(folder, 'generated');
    await store.append(first);
    const file = () => readFileSync(join(folder, 'chains', 'generated', 'blockfile_000000'));
    const before = file();
    await expect(store.append(first)).rejects.toMatchObject({ code: 'wrong_number' });
    await expect(store.append(third)).rejects.toMatchObject({ code: 'wrong_number' });
    const stranger = BlockView.fromParts({
      number: 1,
      previousHash: new Uint8Array(32),
      dataHash: second.dataHash,
      data: second.data,
      metadata: [],
    });
    await expect(store.append(stranger)).rejects.toMatchObject({ code: 'wrong_previous_hash' });
    const swapped = BlockView.fromParts({
      number: 1,
      previousHash: second.previousHash,
      dataHash: second.dataHash,
      data: second.data.toReversed(),
      metadata: [],
    });
    await expect(store.append(swapped)).rejects.toMatchObject({ code: 'wrong_data_hash' });
    await expect(store.append(Uint8Array.of(1, 2, 3))).rejects.toMatchObject({ code: 'malformed' });
    expect(store.height).toBe(1);
    expect(file().equals(before)).toBe(true);
    await store.append(second);
    expect(store.height).toBe(2);
    await store.close();
    await expect(store.append(third)).rejects.toMatchObject({ code: 'closed' });
    await expect(store.byNumber(0)).rejects.toMatchObject({ code: 'closed' });
  });

  it('of many calls at once happens in their order, and readers follow', async () => {
    const store = await BlockStore.open(folder, 'generated', { durability: 'group', groupBlocks: 3 });
    const seen: number[] = [];
    const reader = (async () => {
      for await (const { number } of store.iterate(0, { follow: true })) {
        seen.push(number);
        if (number === 3) {
          return;
        }
      }
    })();
    await Promise.all(chain.map((block) => store.append(block)));
    await reader;
    expect(seen).toEqual([0, 1, 2, 3]);
    expect(store.durableHeight).toBe(3);
    await store.flush();
    expect(store.durableHeight).toBe(4);
    await store.close();
  });

  it('is read back from memory, and keeps nothing of what was decoded of the view that was given', async () => {
    const store = await BlockStore.open(folder, 'generated');
    await store.append(first);
    const kept = await store.byNumber(0);
    expect(kept).not.toBe(first);
    expect(kept?.bytes).toEqual(first.bytes);
    expect(await store.byNumber(0)).toBe(kept);
    expect((await store.envelope(0, 1))?.bytes).toEqual(first.envelopes[1]?.bytes);
    await store.close();
  });

  it('is refused to a second process, and to a channel whose name leaves the folder', async () => {
    const store = await BlockStore.open(folder, 'generated');
    await expect(BlockStore.open(folder, 'generated')).rejects.toMatchObject({ code: 'in_use' });
    await store.close();
    await expect(BlockStore.open(folder, '../elsewhere')).rejects.toMatchObject({ code: 'malformed' });
  });
});

describe('files that were altered', () => {
  it('are not mended silently: a changed byte in an earlier block is an error', async () => {
    const chain = generatedChain(4, { transactions: 3, envelopeBytes: 50 });
    const store = await BlockStore.open(folder, 'generated', { cacheBytes: 0 });
    for (const block of chain) {
      await store.append(block);
    }
    await store.close();
    const path = join(folder, 'chains', 'generated', 'blockfile_000000');
    const bytes = readFileSync(path);
    bytes[200] = (bytes[200] as number) ^ 1;
    writeFileSync(path, bytes);
    rmSync(join(folder, 'index'), { recursive: true });
    await expect(BlockStore.open(folder, 'generated')).rejects.toMatchObject({ code: 'corrupt' });
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });
});

const bytes = (max: number) => fc.uint8Array({ maxLength: max });

function outcome(decode: () => unknown): unknown {
  try {
    decode();
    return 'decoded';
  } catch (error) {
    return error instanceof BlockStoreError ? 'refused' : error;
  }
}

describe('files with flipped bits', () => {
  it('end in a typed error, or in blocks as far as they are whole; what is read is right or refused', async () => {
    const chain = generatedChain(5, { transactions: 2, envelopeBytes: 20 });
    const store = await BlockStore.open(folder, 'generated');
    for (const block of chain) {
      await store.append(block);
    }
    await store.close();
    const path = join(folder, 'chains', 'generated', 'blockfile_000000');
    const whole = readFileSync(path);
    const flips = fc.array(fc.nat(whole.length * 8 - 1), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(flips, fc.boolean(), async (bits, withoutIndex) => {
        const altered = Buffer.from(whole);
        for (const bit of bits) {
          altered[bit >> 3] = (altered[bit >> 3] as number) ^ (1 << (bit & 7));
        }
        writeFileSync(path, altered);
        const unexpected = await outcomes(() => ReadOnlyBlockStore.open(folder, 'generated'));
        if (withoutIndex) {
          rmSync(join(folder, 'index'), { recursive: true, force: true });
        }
        unexpected.push(...(await outcomes(() => BlockStore.open(folder, 'generated'))));
        expect(unexpected).toEqual([]);
      }),
      { numRuns: 80 },
    );
  });
});

/** All that happens when a store is opened and read, apart from views and typed errors. */
async function outcomes(open: () => Promise<BlockReader>): Promise<unknown[]> {
  const happened: unknown[] = [];
  try {
    const store = await open();
    for (let number = 0; number < store.height; number++) {
      happened.push(await store.byNumber(number).catch((error: unknown) => error));
    }
    happened.push(await store.hasTxIds(['nobody']).catch((error: unknown) => error));
    await store.close();
  } catch (error) {
    happened.push(error);
  }
  return happened.filter((one) => !(one instanceof BlockView || one instanceof BlockStoreError || Array.isArray(one)));
}

describe('a record', () => {
  it('gives back what was put into it, whatever that is', () => {
    fc.assert(
      fc.property(
        fc.maxSafeNat(),
        bytes(64),
        bytes(64),
        fc.array(bytes(300), { maxLength: 20 }),
        fc.array(bytes(200), { maxLength: 6 }),
        (number, previousHash, dataHash, data, metadata) => {
          const parts = { number, previousHash, dataHash, data, metadata };
          const { record, envelopes } = encodeRecord(parts);
          const head = recordLength(record) as { length: number; size: number };
          expect(head.length + head.size).toBe(record.length);
          const decoded = decodeRecord(record.subarray(head.size), head.size);
          expect(decoded).toEqual({ parts, envelopes });
          for (const [index, { offset, length }] of envelopes.entries()) {
            expect(record.subarray(offset, offset + length)).toEqual(data[index]);
          }
        },
      ),
    );
  });

  it('of any other bytes is a typed error', () => {
    fc.assert(
      fc.property(bytes(400), (garbage) => {
        expect(['decoded', 'refused']).toContain(outcome(() => decodeRecord(garbage)));
        expect(['decoded', 'refused']).toContain(outcome(() => recordLength(garbage)));
      }),
    );
  });
});

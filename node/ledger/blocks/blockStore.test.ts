import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BlockView } from '#node/protos/blockView.ts';
import { type RecordedSet, sharedBlocks, vendoredBlocks } from '#node/protos/testBlocks.ts';
import { BlockStore } from './blockStore.ts';
import { txIdOf } from './txIdOf.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'blocks-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const sameBytes = (a: Uint8Array | undefined, b: Uint8Array) => a !== undefined && Buffer.compare(a, b) === 0;

/** Whole chains: those kept with the code, and all of a recording where one lies beside the repository. */
const chains: RecordedSet[] = [
  { ...vendoredBlocks('v3.1.5'), blocks: vendoredBlocks('v3.1.5').blocks.slice(0, 7) },
  vendoredBlocks('v2.5.9'),
  ...sharedBlocks(),
];

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

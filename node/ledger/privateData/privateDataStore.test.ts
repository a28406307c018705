import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { privateWrites } from '#test/harness/privateWrites.ts';
import { BlockStore } from '../blocks/blockStore.ts';
import { generatedChain } from '../blocks/testChain.ts';
import type { CollectionData, MissingPrivateData, TxPrivateData } from './privateData.ts';
import { decodeWrites, sha256 } from './privateDataEntries.ts';
import { PrivateDataStore } from './privateDataStore.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'private-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function collection(name: string, writes: Record<string, string>, namespace = 'assets'): CollectionData {
  return { namespace, collection: name, rwset: privateWrites(writes) };
}

const tx = (number: number, ...collections: CollectionData[]): TxPrivateData => ({ tx: number, collections });
const missing = (number: number, name: string, eligible = true): MissingPrivateData => {
  return { tx: number, namespace: 'assets', collection: name, eligible };
};
/** `forever` never expires, `two` after two blocks. */
const blockToLive = (_: string, name: string) => (name === 'two' ? 2 : 0);
const open = (purgeInterval = 1) => PrivateDataStore.open(folder, 'mychannel', blockToLive, { purgeInterval });

async function keysOf(store: PrivateDataStore, block: number): Promise<readonly (readonly [string, string[]])[]> {
  const data = await store.ofBlock(block);
  return data.flatMap(({ tx: number, collections }) =>
    collections.map((one): readonly [string, string[]] => [
      `${number} ${one.collection}`,
      decodeWrites(one.rwset)
        .getWritesList()
        .map((write) => write.getKey()),
    ]),
  );
}

describe('private data of a block', () => {
  it('is given back by block and by transaction, sorted, also after a restart', async () => {
    let store = await open();
    const data = [
      tx(3, collection('two', { c: '3' })),
      tx(1, collection('two', { b: '2' }), collection('forever', { a: '1' })),
    ];
    await store.commit(0, data, []);
    await store.close();
    store = await open();
    expect(store.height).toBe(1);
    expect(await keysOf(store, 0)).toEqual([
      ['1 forever', ['a']],
      ['1 two', ['b']],
      ['3 two', ['c']],
    ]);
    expect((await store.ofTransaction(0, 1))?.collections).toHaveLength(2);
    expect((await store.ofTransaction(0, 1, (_, name) => name === 'two'))?.collections).toHaveLength(1);
    expect(await store.ofTransaction(0, 2)).toBeNull();
    expect(await store.keyOf('assets', 'two', sha256('b'))).toBe('b');
    await expect(store.ofBlock(1)).rejects.toMatchObject({ code: 'not_committed' });
    await expect(store.commit(0, [], [])).rejects.toMatchObject({ code: 'wrong_number' });
    await expect(store.commit(2, [], [])).rejects.toMatchObject({ code: 'wrong_number' });
    await expect(
      store.commit(1, [tx(0, { namespace: 'a', collection: 'b', rwset: Uint8Array.of(255) })], []),
    ).rejects.toMatchObject({ code: 'malformed' });
    expect(store.height).toBe(1);
    await store.close();
  });

  for (const purgeInterval of [1, 1000]) {
    it(`expires with the block after its time to live, removed or not yet (every ${purgeInterval} blocks)`, async () => {
      const store = await open(purgeInterval);
      await store.commit(
        0,
        [tx(0, collection('two', { a: '1' }), collection('forever', { b: '2' }))],
        [missing(1, 'two')],
      );
      await store.commit(1, [], []);
      await store.commit(2, [], []);
      expect(await keysOf(store, 0)).toHaveLength(2);
      expect(await store.missing(5)).toHaveLength(1);
      await store.commit(3, [], []);
      expect(await keysOf(store, 0)).toEqual([['0 forever', ['b']]]);
      expect(await store.missing(5)).toEqual([]);
      // What comes too late is not stored again.
      await store.reconcile([{ block: 0, data: [tx(1, collection('two', { late: '1' }))] }]);
      expect(await keysOf(store, 0)).toEqual([['0 forever', ['b']]]);
      expect(await store.keyOf('assets', 'two', sha256('late'))).toBeNull();
      await store.close();
    });
  }
});

describe('missing private data', () => {
  it('is listed latest block first, becomes less urgent when nobody has it, and goes when it comes', async () => {
    const store = await open();
    await store.commit(0, [], [missing(4, 'forever'), missing(2, 'forever')]);
    await store.commit(1, [], [missing(0, 'forever'), missing(0, 'other', false)]);
    const zero = {
      block: 0,
      entries: [2, 4].map((number) => ({ tx: number, namespace: 'assets', collection: 'forever' })),
    };
    const one = { block: 1, entries: [{ tx: 0, namespace: 'assets', collection: 'forever' }] };
    expect(await store.missing(5)).toEqual([one, zero]);
    expect(await store.missing(1)).toEqual([one]);
    expect(await store.missing(5, { below: 1 })).toEqual([zero]);

    await store.reconcile([{ block: 0, data: [tx(4, collection('forever', { a: '1' }))] }], [one]);
    expect(await store.missing(5)).toEqual([{ ...zero, entries: zero.entries.slice(0, 1) }]);
    expect(await store.missing(5, { list: 'deprioritized' })).toEqual([one]);
    expect(await keysOf(store, 0)).toEqual([['4 forever', ['a']]]);

    await store.reconcile([{ block: 1, data: [tx(0, collection('forever', { b: '2' }))] }]);
    expect(await store.missing(5, { list: 'deprioritized' })).toEqual([]);
    await expect(store.reconcile([{ block: 2, data: [] }])).rejects.toMatchObject({ code: 'not_committed' });
    await store.close();
  });

  it('of collections that are not for this peer is asked for once it becomes a member', async () => {
    const store = await open();
    await store.commit(0, [], [missing(1, 'other', false)]);
    await store.commit(1, [], [missing(2, 'other', false), missing(2, 'third', false)]);
    await store.commit(2, [], [missing(3, 'other', false)]);
    expect(await store.missing(5)).toEqual([]);
    await store.becameEligible(1, [{ namespace: 'assets', collection: 'other' }]);
    expect((await store.missing(5)).map(({ block, entries }) => [block, entries[0]?.tx])).toEqual([
      [1, 2],
      [0, 1],
    ]);
    await store.close();
  });
});

describe('a purged key', () => {
  for (const purgeInterval of [1, 1000]) {
    it(`is gone from every earlier version, and stays in later ones (removal every ${purgeInterval} blocks)`, async () => {
      const store = await open(purgeInterval);
      await store.commit(
        0,
        [tx(0, collection('forever', { a: '1', b: '1' }), collection('elsewhere', { a: '1' }))],
        [],
      );
      await store.commit(1, [tx(0, collection('forever', { a: '2' })), tx(2, collection('forever', { a: '3' }))], []);
      const purge = { namespace: 'assets', collection: 'forever', keyHash: sha256('a'), tx: 1 };
      await store.commit(
        2,
        [tx(0, collection('forever', { a: '4' })), tx(2, collection('forever', { a: '5' }))],
        [],
        [purge],
      );
      expect(await keysOf(store, 0)).toEqual([
        ['0 elsewhere', ['a']],
        ['0 forever', ['b']],
      ]);
      expect(await keysOf(store, 1)).toEqual([
        ['0 forever', []],
        ['2 forever', []],
      ]);
      expect(await keysOf(store, 2)).toEqual([
        ['0 forever', []],
        ['2 forever', ['a']],
      ]);
      const place = { block: 1, tx: 0, namespace: 'assets', collection: 'forever' };
      expect(await store.wasPurged(place, sha256('a'))).toBe(true);
      expect(await store.wasPurged({ ...place, block: 2, tx: 2 }, sha256('a'))).toBe(false);
      await store.close();
    });
  }
});

describe('with the block store', () => {
  it('a crash between private data and block leaves data that waits for its block', async () => {
    const [first, second, third] = generatedChain(3, { transactions: 1, envelopeBytes: 10 });
    let blocks = await BlockStore.open(folder, 'mychannel');
    let store = await open();
    await store.commitWithBlock(blocks, first as never, [tx(0, collection('forever', { a: '1' }))], []);
    // The process dies here: private data of block 1 is stored, block 1 is not.
    await store.commit(1, [tx(0, collection('forever', { b: '1' }))], []);
    await store.close();
    await blocks.close();

    blocks = await BlockStore.open(folder, 'mychannel');
    store = await open();
    store.alignWith(blocks.height);
    expect([store.height, blocks.height]).toEqual([2, 1]);
    await store.commitWithBlock(blocks, second as never, [], []);
    expect(await keysOf(store, 1)).toEqual([['0 forever', ['b']]]);
    await store.commitWithBlock(blocks, third as never, [], []);
    expect([store.height, blocks.height]).toEqual([3, 3]);
    expect(() => store.alignWith(1)).toThrow(expect.objectContaining({ code: 'wrong_number' }));
    await store.close();
    await blocks.close();
  });

  it('blocks without private data need no write of their own', async () => {
    const store = await open();
    store.alignWith(7);
    await store.commit(7, [tx(0, collection('forever', { a: '1' }))], []);
    expect(await keysOf(store, 7)).toHaveLength(1);
    expect(await keysOf(store, 3)).toEqual([]);
    await store.close();
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CollectionHistory } from './collectionHistory.ts';
import { TransientStore } from './transientStore.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'transient-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const bytes = (text: string) => new Uint8Array(Buffer.from(text));

async function stored(store: TransientStore, txId: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { receivedAt, data } of store.ofTransaction(txId)) {
    found.push(`${receivedAt} ${Buffer.from(data).toString()}`);
  }
  return found.toSorted((a, b) => (a < b ? -1 : 1));
}

describe('the transient store', () => {
  it('keeps what each endorser sent until its transaction is committed, or nobody commits it', async () => {
    let store = await TransientStore.open(folder, 'mychannel');
    expect(await store.lowestHeight()).toBeNull();
    await store.persist('tx', 5, bytes('one'));
    await store.persist('tx', 300, bytes('two'));
    await store.persist('tx2', 7, bytes('three'));
    await store.persist('other', 256, bytes('four'));
    await store.close();
    store = await TransientStore.open(folder, 'mychannel');
    expect(await stored(store, 'tx')).toEqual(['300 two', '5 one']);
    expect(await stored(store, 't')).toEqual([]);
    expect(await store.lowestHeight()).toBe(5);
    await store.purgeBelow(7);
    expect(await stored(store, 'tx')).toEqual(['300 two']);
    expect(await stored(store, 'tx2')).toEqual(['7 three']);
    await store.purgeBelow(256);
    expect(await store.lowestHeight()).toBe(256);
    await store.purgeTransactions(['tx', 'nobody']);
    expect(await stored(store, 'tx')).toEqual([]);
    await store.purgeTransactions(['other']);
    expect(await store.lowestHeight()).toBeNull();
    await expect(store.persist('a\0b', 1, bytes(''))).rejects.toMatchObject({ code: 'malformed' });
    await store.close();
  });
});

describe('the history of collections', () => {
  it('knows the definition that held before a block', async () => {
    const history = await CollectionHistory.open(folder, 'mychannel');
    await history.add([{ chaincode: 'assets', block: 5, collections: bytes('five') }]);
    await history.add([
      { chaincode: 'assets', block: 300, collections: bytes('later') },
      { chaincode: 'asset', block: 7, collections: bytes('another') },
      { chaincode: 'none', block: 7, collections: bytes('') },
    ]);
    const before = async (block: number, chaincode = 'assets') => (await history.before(block, chaincode))?.block;
    expect([await before(0), await before(5), await before(6), await before(300), await before(301)]).toEqual([
      undefined,
      undefined,
      5,
      5,
      300,
    ]);
    expect(await before(1000, 'none')).toBeUndefined();
    expect(await before(1000, 'asset')).toBe(7);
    await history.close();
  });
});

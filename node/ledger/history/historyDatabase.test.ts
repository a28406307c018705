import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BlockView } from '#node/protos/blockView.ts';
import { sharedBlocks, vendoredBlocks } from '#node/protos/testBlocks.ts';
import { testBlock } from '../mvcc/testBlock.ts';
import { encodeReadWriteSet } from '../simulator/readWriteSetCodec.ts';
import { HistoryDatabase } from './historyDatabase.ts';
import { type BlockSource, keyHistory, type KeyModification } from './keyHistory.ts';

let folder: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ftl-history-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const next = (): string => join(folder, String(count++));

/** With the codes that their metadata hold. */
async function commitFrom(history: HistoryDatabase, blocks: readonly BlockView[], first: number): Promise<void> {
  for (const block of blocks.slice(first)) {
    await history.commit(block, block.transactionsFilter);
  }
}

function sourceOf(blocks: readonly BlockView[]): BlockSource {
  return { byNumber: async (number) => blocks.find((block) => block.number === number) ?? null };
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) {
    all.push(item);
  }
  return all;
}

/** A block of transactions that each write these keys of `ns`; an empty value deletes. */
function blockOf(number: number, transactions: readonly Readonly<Record<string, string>>[]): BlockView {
  return testBlock(
    number,
    transactions.map((writes) => ({
      results: encodeReadWriteSet([
        {
          namespace: 'ns',
          reads: [],
          rangeQueries: [],
          writes: Object.entries(writes).map(([key, value]) => ({ key, isDelete: false, value: Buffer.from(value) })),
          metadataUpdates: [],
          collections: [],
        },
      ]),
    })),
  );
}

const told = ({ txId, value, isDelete }: KeyModification) => [txId, Buffer.from(value).toString(), isDelete];

describe('history', () => {
  it('of a key is told newest first, of valid transactions alone', async () => {
    const blocks = [
      blockOf(0, [{ a: '0' }]),
      blockOf(1, [{ a: '1', b: '1' }, { a: '2' }, { a: 'never' }]),
      blockOf(2, [{ b: '3' }, { a: '' }]),
      ...Array.from({ length: 300 }, (_, index) => blockOf(index + 3, [{ c: String(index) }])),
    ];
    await using history = await HistoryDatabase.open(next());
    expect(history.savepoint).toBeNull();
    for (const block of blocks) {
      await history.commit(
        block,
        Uint8Array.from(block.envelopes, (_, index) => (index === 2 ? 11 : 0)),
      );
    }
    expect(history.savepoint).toEqual({ block: 302, tx: 1 });
    const source = sourceOf(blocks);
    expect((await collect(keyHistory(history, source, 'ns', 'a'))).map(told)).toEqual([
      ['tx-2-1', '', true],
      ['tx-1-1', '2', false],
      ['tx-1-0', '1', false],
      ['tx-0-0', '0', false],
    ]);
    const long = await collect(keyHistory(history, source, 'ns', 'c'));
    expect(long.map(({ height }) => height.block)).toEqual(Array.from({ length: 300 }, (_, index) => 302 - index));
    expect(await collect(history.places('ns', 'none'))).toEqual([]);
    expect(await collect(history.places('other', 'a'))).toEqual([]);
    for await (const place of history.places('ns', 'c')) {
      expect(place).toEqual({ block: 302, tx: 0 });
      break;
    }
  });

  it('keeps keys apart that begin alike', async () => {
    const keys = ['a', 'a\0', 'a\0\x01\x01', '', '\0', 'é', '\u{10ffff}'];
    const blocks = [
      blockOf(
        0,
        keys.map((key) => ({ [key]: key || 'empty' })),
      ),
    ];
    await using history = await HistoryDatabase.open(next());
    await history.commit(blocks[0] as BlockView, new Uint8Array(keys.length));
    for (const [tx, key] of keys.entries()) {
      expect(await collect(history.places('ns', key))).toEqual([{ block: 0, tx }]);
    }
  });

  it('catches up from where it was, and takes no block twice', async () => {
    const path = next();
    const blocks = [blockOf(0, [{ a: '0' }]), blockOf(1, [{ a: '1' }]), blockOf(2, [{ a: '2' }])];
    {
      await using history = await HistoryDatabase.open(path);
      await history.commit(blocks[0] as BlockView, new Uint8Array(1));
    }
    await using history = await HistoryDatabase.open(path, { sync: true });
    expect(history.nextBlock).toBe(1);
    await commitFrom(history, blocks, 1);
    expect(await collect(history.places('ns', 'a'))).toEqual([2, 1, 0].map((block) => ({ block, tx: 0 })));
    await expect(history.commit(blocks[2] as BlockView, new Uint8Array(1))).rejects.toMatchObject({ code: 'order' });
  });

  it('begins at a snapshot', async () => {
    await using history = await HistoryDatabase.open(next());
    await history.startAt({ block: 7, tx: 3 });
    expect(history.nextBlock).toBe(8);
    await expect(history.startAt({ block: 9, tx: 0 })).rejects.toMatchObject({ code: 'not_empty' });
  });

  it('says so where blocks and history do not fit, and when it is closed', async () => {
    const history = await HistoryDatabase.open(next());
    await history.commit(blockOf(0, [{ a: '0' }]), new Uint8Array(1));
    for (const blocks of [[], [blockOf(0, [{ b: '0' }])]]) {
      await expect(collect(keyHistory(history, sourceOf(blocks), 'ns', 'a'))).rejects.toMatchObject({
        code: 'corrupt',
      });
    }
    await history.close();
    await expect(collect(history.places('ns', 'a'))).rejects.toMatchObject({ code: 'closed' });
    await expect(history.commit(blockOf(1, []), new Uint8Array(0))).rejects.toMatchObject({ code: 'closed' });
  });
});

describe.each([vendoredBlocks('v2.5.9'), ...sharedBlocks()].map((set) => [set.name, set] as const))(
  'recorded history of %s',
  (_name, set) => {
    it('is every valid write of every key, newest first', async () => {
      const blocks = set.blocks.map(({ bytes }) => BlockView.fromBytes(bytes));
      await using history = await HistoryDatabase.open(next());
      await commitFrom(history, blocks, 0);
      const expected = new Map<string, string[]>();
      for (const [number, { transactions }] of set.blocks.entries()) {
        for (const { index, code, type, txId } of transactions) {
          const valid = code === 0 && type === 'ENDORSER_TRANSACTION';
          const sets = valid ? blocks[number]?.envelopes[index]?.transaction.action.readWriteSet.namespaces : [];
          for (const { namespace, writes } of sets ?? []) {
            for (const { key } of writes) {
              const id = JSON.stringify([namespace, key]);
              expected.set(id, [txId, ...(expected.get(id) ?? [])]);
            }
          }
        }
      }
      expect(expected.size).toBeGreaterThan(5);
      for (const [id, txIds] of expected) {
        const [namespace, key] = JSON.parse(id) as [string, string];
        const found = await collect(keyHistory(history, sourceOf(blocks), namespace, key));
        expect([id, found.map(({ txId }) => txId)]).toEqual([id, txIds]);
      }
    });
  },
);

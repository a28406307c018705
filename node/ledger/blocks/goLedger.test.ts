import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { common } from '@hyperledger/fabric-protos';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BlockView } from '#node/protos/blockView.ts';
import { type RecordedBlock, vendoredBlocks } from '#node/protos/testBlocks.ts';
import { BlockStore } from './blockStore.ts';
import { openGoLedger } from './goLedger.ts';
import { txIdOf } from './txIdOf.ts';
import { wholeRecordings } from './wholeRecordings.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'go-peer-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Written apart from the store, after block_serialization.go alone. */
function varint(value: number): Buffer {
  let rest = BigInt(value);
  const bytes: number[] = [];
  do {
    bytes.push(Number(rest & 0x7fn) + (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
}
const counted = (bytes: Uint8Array) => Buffer.concat([varint(bytes.length), bytes]);
const listed = (list: Uint8Array[]) => Buffer.concat([varint(list.length), ...list.map(counted)]);

function goRecord({ bytes }: RecordedBlock): Buffer {
  const block = common.Block.deserializeBinary(bytes);
  const header = block.getHeader() as common.BlockHeader;
  const body = Buffer.concat([
    varint(header.getNumber()),
    counted(header.getDataHash_asU8()),
    counted(header.getPreviousHash_asU8()),
    listed(block.getData()?.getDataList_asU8() ?? []),
    listed(block.getMetadata()?.getMetadataList_asU8() ?? []),
  ]);
  return counted(body);
}

/** As a peer lays its files out, with names of its index beside them. */
function goPeer(channel: string, blocks: readonly RecordedBlock[], perFile: number): string {
  const chain = join(folder, 'ledgersData', 'chains', 'chains', channel);
  mkdirSync(chain, { recursive: true });
  mkdirSync(join(folder, 'ledgersData', 'chains', 'index'), { recursive: true });
  writeFileSync(join(folder, 'ledgersData', 'chains', 'index', 'CURRENT'), 'MANIFEST-000001\n');
  for (const [index, block] of blocks.entries()) {
    const name = `blockfile_${String(Math.floor(index / perFile)).padStart(6, '0')}`;
    appendFileSync(join(chain, name), goRecord(block));
  }
  return chain;
}

/** Every name below the folder. */
const listing = () => (readdirSync(folder, { recursive: true }) as string[]).toSorted((a, b) => (a < b ? -1 : 1));

const sets = wholeRecordings();

describe("a Go peer's folder", () => {
  for (const set of sets) {
    it(`gives all blocks of ${set.name}, by every index, from any of its folders`, async () => {
      goPeer(set.channel, set.blocks, 7);
      for (const below of ['', 'ledgersData', 'ledgersData/chains']) {
        const ledger = await openGoLedger(join(folder, below));
        expect(ledger.channels).toEqual([set.channel]);
        const store = await ledger.open(set.channel);
        expect(store.height).toBe(set.blocks.length);
        expect(store.chainBreaks).toEqual([]);
        const firsts = new Map<string, { block: number; index: number; code: number | undefined }>();
        for (const { number, bytes, transactions } of set.blocks) {
          const recorded = BlockView.fromBytes(bytes);
          expect(Buffer.compare((await store.byNumber(number))?.bytes as Uint8Array, bytes)).toBe(0);
          expect((await store.byHash(recorded.hash))?.number).toBe(number);
          for (const [index, envelope] of recorded.envelopes.entries()) {
            const txId = txIdOf(envelope);
            firsts.set(txId, firsts.get(txId) ?? { block: number, index, code: transactions[index]?.code });
          }
        }
        for (const [txId, location] of firsts) {
          expect(await store.byTxId(txId)).toEqual(location);
        }
        await store.close();
      }
    });
  }

  it('shows blocks that come while it is open, and not the one being written', async () => {
    const { channel, blocks } = vendoredBlocks('v2.5.9');
    const chain = goPeer(channel, blocks.slice(0, 5), 3);
    const ledger = await openGoLedger(folder);
    const store = await ledger.open(channel);
    const followed: number[] = [];
    const follow = (async () => {
      for await (const { number } of store.iterate(2, { follow: true })) {
        followed.push(number);
      }
    })();
    const next = goRecord(blocks[5] as RecordedBlock);
    appendFileSync(join(chain, 'blockfile_000001'), next.subarray(0, 1000));
    await store.refresh();
    expect(store.height).toBe(5);
    appendFileSync(join(chain, 'blockfile_000001'), next.subarray(1000));
    writeFileSync(join(chain, 'blockfile_000002'), goRecord(blocks[6] as RecordedBlock));
    await store.refresh();
    expect(store.height).toBe(7);
    expect(
      await store.byTxId(txIdOf(BlockView.fromBytes(blocks[6]?.bytes as Uint8Array).envelopes[0] as never)),
    ).toMatchObject({ block: 6 });
    while (followed.length < 5) {
      await new Promise(setImmediate);
    }
    await store.close();
    await follow;
    expect(followed).toEqual([2, 3, 4, 5, 6]);
  });

  it('is never written to', async () => {
    const { channel, blocks } = vendoredBlocks('v2.5.9');
    goPeer(channel, blocks, 7);
    const before = listing();
    const ledger = await openGoLedger(folder);
    const store = await ledger.open(channel);
    await store.hasTxId('nobody');
    await store.close();
    expect(listing()).toEqual(before);
    await expect(BlockStore.open(ledger.folder, channel)).rejects.toMatchObject({ code: 'foreign_folder' });
    expect(existsSync(join(ledger.folder, 'index', channel))).toBe(false);
  });

  it('that somebody altered is still read, and tells where the chain breaks', async () => {
    const { channel, blocks } = vendoredBlocks('v2.5.9');
    const third = common.Block.deserializeBinary(blocks[3]?.bytes as Uint8Array);
    third.getHeader()?.setDataHash(new Uint8Array(32));
    goPeer(channel, blocks.with(3, { ...(blocks[3] as RecordedBlock), bytes: third.serializeBinary() }), 7);
    const store = await (await openGoLedger(folder)).open(channel);
    expect(store.chainBreaks).toEqual([4]);
    expect((await store.byNumber(3))?.dataHashMatches).toBe(false);
    await store.close();
  });

  it('is refused where a block is not the next one, a file is missing, or nothing is there', async () => {
    const { channel, blocks } = vendoredBlocks('v2.5.9');
    await expect(openGoLedger(folder)).rejects.toMatchObject({ code: 'missing_file' });
    const chain = goPeer(
      channel,
      blocks.filter(({ number }) => number !== 4),
      7,
    );
    const ledger = await openGoLedger(folder);
    await expect(ledger.open(channel)).rejects.toMatchObject({ code: 'corrupt' });
    await expect(ledger.open('../mychannel')).rejects.toMatchObject({ code: 'missing_file' });
    rmSync(join(chain, 'blockfile_000001'));
    await expect(ledger.open(channel)).rejects.toMatchObject({ code: 'missing_file' });
  });
});

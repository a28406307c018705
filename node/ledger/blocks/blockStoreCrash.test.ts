import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { vendoredBlocks } from '#node/protos/testBlocks.ts';
import { BlockStore } from './blockStore.ts';
import { ReadOnlyBlockStore } from './goLedger.ts';
import { generatedChain, generatedTxId } from './testChain.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'blocks-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const CHANNEL = 'generated';
const file = (number = 0) => join(folder, 'chains', CHANNEL, `blockfile_${String(number).padStart(6, '0')}`);

async function write(blocks: Parameters<BlockStore['append']>[0][], options = {}): Promise<number[]> {
  const store = await BlockStore.open(folder, CHANNEL, options);
  const ends: number[] = [];
  for (const block of blocks) {
    await store.append(block);
    ends.push(statSync(file()).size);
  }
  await store.close();
  return ends;
}

describe('a file that ends anywhere within its last two blocks', () => {
  it('is cut after the last whole block, and the rest appended again gives the same file (generated, every byte)', async () => {
    const chain = generatedChain(6, { transactions: 1, envelopeBytes: 1 });
    const ends = await write([...chain]);
    const whole = readFileSync(file());
    const index = join(folder, 'index');
    const kept = join(folder, 'kept');
    cpSync(index, kept, { recursive: true });
    for (let size = ends[3] as number; size < whole.length; size++) {
      writeFileSync(file(), whole.subarray(0, size));
      // By turns: the index as it was after the last block, and none.
      rmSync(index, { recursive: true });
      if (size % 2 === 0) {
        cpSync(kept, index, { recursive: true });
      }
      const store = await BlockStore.open(folder, CHANNEL);
      const height = ends.filter((end) => end <= size).length;
      const end = ends[height - 1] as number;
      expect(store.height).toBe(height);
      expect(statSync(file()).size).toBe(end);
      expect(store.recovery.cut?.bytes ?? 0).toBe(size - end);
      expect(await store.hasTxId(generatedTxId(height - 1, 0))).toBe(true);
      expect(await store.hasTxId(generatedTxId(height, 0))).toBe(false);
      for (const block of chain.slice(height)) {
        await store.append(block);
      }
      expect(await store.byTxId(generatedTxId(5, 0))).toEqual({ block: 5, index: 0, code: 0 });
      await store.close();
      expect(readFileSync(file()).equals(whole)).toBe(true);
    }
  }, 120_000);

  it('is read up to the last whole block by who only reads (real blocks, every 11th byte)', async () => {
    const { blocks } = vendoredBlocks('v2.5.9');
    const ends = await write(blocks.map(({ bytes }) => bytes));
    for (let size = statSync(file()).size; size >= (ends.at(-3) as number); size -= 11) {
      truncateSync(file(), size);
      const store = await ReadOnlyBlockStore.open(folder, CHANNEL);
      expect(store.height).toBe(ends.filter((end) => end <= size).length);
      await store.close();
      expect(statSync(file()).size).toBe(size);
    }
  }, 120_000);
});

describe('a process that is killed while it appends', () => {
  for (const durability of ['each', 'group']) {
    it(`has stored every block that it said it had, 15 times over (durability: ${durability})`, async () => {
      for (let round = 0; round < 15; round++) {
        const child = spawn(
          process.execPath,
          [join(import.meta.dirname, 'appendingChild.ts'), folder, '200000', durability],
          { stdio: ['ignore', 'pipe', 'inherit'] },
        );
        let said = '';
        child.stdout.setEncoding('utf8');
        // Some time after its first block, so that any step may be the last.
        let timer: NodeJS.Timeout | undefined;
        child.stdout.on('data', (text: string) => {
          said += text;
          timer ??= setTimeout(() => child.kill('SIGKILL'), (round * 37) % 120);
        });
        await once(child, 'close');
        const acknowledged = Number(said.slice(0, said.lastIndexOf('\n')).split('\n').at(-1));
        expect(acknowledged).toBeGreaterThan(0);
        const store = await BlockStore.open(folder, CHANNEL, { maxFileBytes: 200_000 });
        expect(store.height).toBeGreaterThanOrEqual(acknowledged);
        expect(store.height).toBeLessThanOrEqual(acknowledged + 1);
        await store.close();
      }
      const store = await BlockStore.open(folder, CHANNEL, { maxFileBytes: 200_000, cacheBytes: 0 });
      const chain = generatedChain(store.height, { transactions: 5, envelopeBytes: 3_000 });
      for (const block of chain) {
        expect(Buffer.compare((await store.byNumber(block.number))?.bytes as Uint8Array, block.bytes)).toBe(0);
        expect((await store.byHash(block.hash))?.number).toBe(block.number);
        for (let index = 0; index < 5; index++) {
          const txId = generatedTxId(block.number, index);
          expect(await store.byTxId(txId)).toEqual({ block: block.number, index, code: 0 });
        }
      }
      await store.close();
    }, 120_000);
  }
});

describe('a power cut while blocks are synced in groups', () => {
  const chain = generatedChain(10, { transactions: 1, envelopeBytes: 500 });

  async function cutPower(spoilt: number, keepIndex = true): Promise<string> {
    const store = await BlockStore.open(folder, CHANNEL, { durability: 'group', groupBlocks: 4 });
    const ends = [0];
    for (const block of chain) {
      await store.append(block);
      ends.push(statSync(file()).size);
    }
    expect(store.durableHeight).toBe(8);
    const copy = join(folder, 'copy');
    cpSync(join(folder, 'chains'), join(copy, 'chains'), { recursive: true });
    cpSync(join(folder, 'index'), join(copy, keepIndex ? 'index' : 'lost'), { recursive: true });
    await store.close();
    const path = join(copy, 'chains', CHANNEL, 'blockfile_000000');
    const bytes = readFileSync(path).fill(0, (ends[spoilt] as number) + 10, (ends[spoilt + 1] as number) - 10);
    writeFileSync(path, bytes);
    return copy;
  }

  it('takes away what was not synced from the first spoilt block on, although later ones are whole', async () => {
    const store = await BlockStore.open(await cutPower(8), CHANNEL);
    expect(store.height).toBe(8);
    expect(store.recovery).toMatchObject({ forgotten: 2, cut: { file: 0 } });
    await store.append(chain[8] as never);
    await store.append(chain[9] as never);
    expect(await store.byTxId(generatedTxId(9, 0))).toMatchObject({ block: 9 });
    await store.close();
  });

  it('takes away nothing that was synced: that it is spoilt is an error', async () => {
    await expect(BlockStore.open(await cutPower(7, false), CHANNEL)).rejects.toMatchObject({ code: 'corrupt' });
  });
});

describe('a write that fails half-way', () => {
  it('is taken back: what was stored stays, and the next block that fits is appended', () => {
    const child = join(import.meta.dirname, 'appendingChild.ts');
    // A limit on the size of files stands for a full disk.
    const limited = 'ulimit -f 200; exec "$0" "$@"';
    const said = execFileSync('sh', ['-c', limited, process.execPath, child, folder, '100000000', 'each'], {
      encoding: 'utf8',
    });
    const last = said.trim().split('\n').at(-1) as string;
    expect(last).toMatch(/^\d+ EFBIG$/);
    return expectChain(Number.parseInt(last, 10));
  });
});

async function expectChain(height: number): Promise<void> {
  const store = await BlockStore.open(folder, CHANNEL);
  expect(store.height).toBe(height);
  expect(store.recovery).toMatchObject({ indexed: 0, forgotten: 0, cut: null });
  const chain = generatedChain(height - 1, { transactions: 5, envelopeBytes: 3_000 });
  for (const block of chain) {
    expect(Buffer.compare((await store.byNumber(block.number))?.bytes as Uint8Array, block.bytes)).toBe(0);
  }
  expect(await store.byTxId(generatedTxId(height - 1, 4))).toEqual({ block: height - 1, index: 4, code: 0 });
  await store.close();
}

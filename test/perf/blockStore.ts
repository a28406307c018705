import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ReadOnlyBlockStore } from '#node/ledger/blocks/goLedger.ts';
import { encodeRecord } from '#node/ledger/blocks/blockRecord.ts';
import { type BlockDurability, BlockStore } from '#node/ledger/blocks/blockStore.ts';
import { generatedChain, generatedTxId } from '#node/ledger/blocks/testChain.ts';

/**
 * What storing and finding blocks costs, over a generated chain (blocks of 100 transactions of 3.5 kB): blocks and MB a second,
 * and CPU time a block, of the block store with each durability, beside appending the same bytes to a plain file. Rounds by turns,
 * medians. Whoever commits has decoded the headers before: so have the views here, and data hashes are computed.
 * Run: `node test/perf/blockStore.ts [blocks] [rounds] [folder]`.
 */
const count = Number(process.argv[2] ?? 200);
const rounds = Number(process.argv[3] ?? 5);
const folder = mkdtempSync(join(process.argv[4] ?? tmpdir(), 'blockstore-'));
const TRANSACTIONS = 100;

const chain = generatedChain(count, { transactions: TRANSACTIONS, envelopeBytes: 3_400 });
let bytes = 0;
for (const block of chain) {
  bytes += encodeRecord(block).record.length;
  if (!block.dataHashMatches || block.envelopes.some((envelope) => envelope.channelHeader.txId === '')) {
    throw new Error('a generated block is not as it should be');
  }
}

async function plainFile(sync: boolean): Promise<void> {
  const handle = await open(join(folder, 'plain'), 'w');
  for (const block of chain) {
    await handle.write(encodeRecord(block).record);
    if (sync) {
      await handle.datasync();
    }
  }
  await handle.close();
}

async function append(durability: BlockDurability): Promise<void> {
  rmSync(join(folder, 'store'), { recursive: true, force: true });
  const store = await BlockStore.open(join(folder, 'store'), 'generated', { durability });
  for (const block of chain) {
    await store.append(block);
  }
  await store.close();
}

async function walk(): Promise<void> {
  const store = await BlockStore.open(join(folder, 'store'), 'generated', { cacheBytes: 0 });
  for await (const block of store.iterate()) {
    sink += block.number;
  }
  await store.close();
}

async function reindex(): Promise<void> {
  rmSync(join(folder, 'store', 'index'), { recursive: true, force: true });
  const store = await BlockStore.open(join(folder, 'store'), 'generated');
  sink += store.recovery.indexed;
  await store.close();
}

async function openToRead(): Promise<void> {
  const store = await ReadOnlyBlockStore.open(join(folder, 'store'), 'generated');
  sink += store.height;
  await store.close();
}

/** As many transactions as a block has, of each block: known or new. */
async function duplicates(prefix: string): Promise<void> {
  const store = await BlockStore.open(join(folder, 'store'), 'generated');
  for (let block = 0; block < count; block++) {
    const ids = Array.from({ length: TRANSACTIONS }, (_, index) =>
      `${prefix}${generatedTxId(block, index)}`.slice(-64),
    );
    sink += (await store.hasTxIds(ids)).length;
  }
  await store.close();
}

let sink = 0;
const contenders: readonly (readonly [string, () => Promise<void>])[] = [
  ['plain file', () => plainFile(false)],
  ['plain file, fdatasync each', () => plainFile(true)],
  ['append, durability never', () => append('never')],
  ['append, durability group (64)', () => append('group')],
  ['append, durability each', () => append('each')],
  ['iterate, nothing cached', walk],
  ['open without the index (rebuilt)', reindex],
  ['open a folder for reading', openToRead],
  ['100 known IDs asked at once', () => duplicates('')],
  ['100 new IDs asked at once', () => duplicates('n')],
];

interface Sample {
  readonly seconds: number;
  readonly cpu: number;
}
const samples = contenders.map((): Sample[] => []);
for (let round = 0; round <= rounds; round++) {
  for (const [index, [, run]] of contenders.entries()) {
    const cpu = process.cpuUsage();
    const start = process.hrtime.bigint();
    await run();
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    const { user, system } = process.cpuUsage(cpu);
    // The first round warms up.
    if (round > 0) {
      samples[index]?.push({ seconds, cpu: (user + system) / 1e6 });
    }
  }
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] as number;
console.log(
  `${count} blocks of ${TRANSACTIONS} transactions, ${(bytes / 1e6).toFixed(1)} MB; medians of ${rounds} rounds`,
);
for (const [index, [name]] of contenders.entries()) {
  const seconds = median((samples[index] as Sample[]).map((sample) => sample.seconds));
  const cpu = median((samples[index] as Sample[]).map((sample) => sample.cpu));
  const rate = `${(count / seconds).toFixed(0).padStart(7)} blocks/s ${(bytes / 1e6 / seconds).toFixed(0).padStart(6)} MB/s`;
  console.log(`${name.padEnd(36)} ${rate} ${((cpu / count) * 1e6).toFixed(0).padStart(7)} µs CPU/block`);
}
console.log(`rss ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB${sink < 0 ? '!' : ''}`);
rmSync(folder, { recursive: true, force: true });

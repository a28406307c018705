import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BlockView } from '#node/protos/blockView.ts';
import { runFtl } from '../harness/ftlProcess.ts';
import { hex, recordedChain, recordedState } from '../unit/commitBlocks.ts';

const BLOCKS = resolve(import.meta.dirname, '../vectors/fabric-v3.1.5/blocks');
const chain = recordedChain('v3.1.5');
const stored = chain.blocks.map((bytes) => BlockView.fromBytes(bytes));

let root: string;
let ledger: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'ftl-ledger-cli-'));
  ledger = join(root, 'ledger');
});
afterAll(() => rm(root, { recursive: true, force: true }));

const lines = (text: string): unknown[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);

/** What every file below a folder holds. */
async function fingerprint(folder: string): Promise<string> {
  const digest = createHash('sha256');
  for (const name of (await readdir(folder, { recursive: true })).toSorted()) {
    const path = join(folder, name);
    if ((await stat(path)).isFile()) {
      digest.update(name).update(await readFile(path));
    }
  }
  return digest.digest('hex');
}

async function show(...args: string[]): Promise<string> {
  return (await runFtl(['ledger', 'show', ...args, '--ledger', ledger])).stdout;
}

describe('ftl ledger', () => {
  it('import: a line a block, as Go decided', async () => {
    const { status, stdout, stderr } = await runFtl(['ledger', 'import', '--ledger', ledger, '--json', BLOCKS]);

    expect([status, stderr]).toEqual([0, '']);
    expect(lines(stdout)).toEqual(
      stored.map((block, number) => ({
        number,
        hash: hex(block.hash),
        commitHash: hex(block.commitHash),
        codes: chain.codes[number],
      })),
    );
  });

  it('import: blocks that are there already are passed over', async () => {
    const { status, stdout } = await runFtl(['ledger', 'import', '--ledger', ledger, BLOCKS]);

    expect(status).toBe(0);
    expect(stdout).toContain('0 blocks added, 82 known already, height 82');
  });

  it('import: the state in memory and no pipeline come to the same', async () => {
    const other = join(root, 'memory');
    const args = ['ledger', 'import', '--ledger', other, '--state', 'memory', '--no-pipeline', '--json', BLOCKS];
    const { stdout } = await runFtl(args);

    expect((lines(stdout).at(-1) as { commitHash: string }).commitHash).toBe(hex(stored.at(-1)?.commitHash ?? null));
  });

  it('import: says which block was refused and why, and keeps those before it', async () => {
    const files = join(root, 'files');
    await mkdir(files);
    for (const [number, bytes] of chain.blocks.slice(0, 6).entries()) {
      const altered = Uint8Array.from(bytes);
      // Somewhere in the transactions.
      altered[600] = number === 5 ? (altered[600] as number) ^ 1 : (altered[600] as number);
      await writeFile(join(files, `b${number}.pb`), altered);
    }
    const { status, stderr, stdout } = await runFtl([
      'ledger',
      'import',
      '--ledger',
      join(root, 'bad'),
      '--json',
      files,
    ]);

    expect(status).toBe(1);
    expect(stderr).toMatch(/^ftl: block 5: .{10,}\n$/);
    expect(lines(stdout).length).toBe(5);
  });

  it.each([
    [['--ledger', 'none', 'nowhere.pb'], /nowhere\.pb: is not there/],
    [['--ledger', 'none', import.meta.filename], /holds no block/],
    [['nowhere.pb'], /--ledger/],
    [['--ledger', 'none', '--state', 'cloud', 'x.pb'], /leveldb, memory/],
    [['--ledger', 'none', join(BLOCKS, 'mychannel_5.pb.gz')], /begins with block 0/],
  ])('import %j: what is wrong in a sentence', async (args, message) => {
    const { status, stderr } = await runFtl(['ledger', 'import', ...args], { cwd: root });

    expect(status).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('show: block, transaction, state, history, configuration', async () => {
    expect(JSON.parse(await show('block', '44'))).toMatchObject({
      number: 44,
      transactions: [{ code: 'VALID' }, { code: 'DUPLICATE_TXID' }],
    });
    const txId = stored[4]?.envelopes[5]?.channelHeader.txId as string;
    expect(JSON.parse(await show('tx', txId))).toMatchObject({ txId, block: 4, index: 5, code: 'VALID' });
    const state = lines(await show('state', 'basic')) as { key: string; value: string; version: string }[];
    expect(new Map(state.map(({ key, value }) => [key, JSON.parse(value) as unknown]))).toEqual(recordedState());
    expect(state[0]).toMatchObject({ key: 'asset0', version: '24:1' });
    expect(lines(await show('history', 'basic', 'asset0'))).toMatchObject([
      { version: '24:1' },
      { version: '4:5', txId },
    ]);
    const config = JSON.parse(await show('config')) as {
      channel_group: { groups: { Application: { groups: object } } };
    };
    expect(Object.keys(config.channel_group.groups.Application.groups).toSorted()).toHaveLength(3);
    expect(JSON.parse(await show('info'))).toMatchObject({ channel: 'mychannel', height: 82 });
  });

  it('show: what is not there is said', async () => {
    const { status, stderr } = await runFtl(['ledger', 'show', 'block', '99', '--ledger', ledger]);
    expect([status, stderr]).toEqual([1, 'ftl: block 99 is not in channel mychannel, which has 82 blocks\n']);
  });

  it('verify: all is as it must be', async () => {
    const { status, stdout } = await runFtl(['ledger', 'verify', '--ledger', ledger]);
    expect(stdout).toMatch(
      /82 blocks, 237 transactions checked; \d+ keys of the state are the same; all is as it must be/,
    );
    expect(status).toBe(0);
  });

  it("verify: a Go peer's folder is read and not touched", async () => {
    // Block files and nothing of ours beside them: what a Go peer has of a channel, apart from its databases.
    const folder = join(root, 'production');
    const chains = join(folder, 'ledgersData/chains/chains/mychannel');
    await mkdir(chains, { recursive: true });
    await cp(join(ledger, 'chains/chains/mychannel'), chains, { recursive: true });
    const before = await fingerprint(folder);
    const { status, stdout } = await runFtl(['ledger', 'verify', '--ledger', folder, '--json']);

    expect(JSON.parse(stdout)).toMatchObject({ blocks: 82, transactions: 237, keys: null, discrepancies: [], more: 0 });
    expect(status).toBe(0);
    const shown = await runFtl(['ledger', 'show', 'state', 'basic', 'asset0', '--ledger', folder]);
    expect(lines(shown.stdout)).toMatchObject([{ key: 'asset0', version: '24:1' }]);
    expect(await fingerprint(folder)).toBe(before);
  });

  it('verify: an altered code is found', async () => {
    const folder = join(root, 'altered');
    await cp(join(ledger, 'chains/chains'), join(folder, 'chains/chains'), { recursive: true });
    const file = join(folder, 'chains/chains/mychannel/blockfile_000000');
    const bytes = await readFile(file);
    // The codes of block 44, one valid and one duplicate, stand before its empty metadata and its commit hash.
    const at = bytes.indexOf(Buffer.of(2, 0, 9, 0, 0x22, 0x0a, 0x20));
    expect(at).toBeGreaterThan(0);
    bytes[at + 2] = 0;
    await writeFile(file, bytes);
    const { status, stdout } = await runFtl(['ledger', 'verify', '--ledger', folder]);

    expect(status).toBe(1);
    expect(stdout).toMatch(/block 4[45], transaction 1 \(.*\): stored as VALID, must be DUPLICATE_TXID/);
    expect(stdout).toContain('NOT all is as it must be');
  });

  it('snapshot: a ledger that begins with one goes on to the same', async () => {
    const [half, snapshot, joined] = ['half', 'snapshot', 'joined'].map((name) => join(root, name)) as [
      string,
      string,
      string,
    ];
    const files = await Promise.all(
      chain.blocks.slice(0, 50).map(async (bytes, number) => {
        const path = join(root, `first_${number}.pb`);
        await writeFile(path, bytes);
        return path;
      }),
    );
    await runFtl(['ledger', 'import', '--ledger', half, ...files]);
    const made = await runFtl(['ledger', 'snapshot', '--ledger', half, snapshot]);
    expect(JSON.parse(made.stdout)).toMatchObject({ channel_name: 'mychannel', last_block_number: 49 });
    const begun = await runFtl(['ledger', 'snapshot', '--ledger', joined, '--join', snapshot]);
    expect([begun.status, begun.stderr]).toEqual([0, '']);
    const { status, stdout } = await runFtl(['ledger', 'import', '--ledger', joined, '--json', BLOCKS]);

    expect(status).toBe(0);
    const told = lines(stdout) as { number: number; commitHash: string; codes: string[] }[];
    expect(told.map(({ number }) => number)).toEqual(Array.from({ length: 32 }, (_, index) => 50 + index));
    expect(told.map(({ commitHash }) => commitHash)).toEqual(stored.slice(50).map((block) => hex(block.commitHash)));
    expect(told.map(({ codes }) => codes)).toEqual(chain.codes.slice(50));
  });

  it('explains itself', async () => {
    for (const command of ['import', 'verify', 'show', 'snapshot']) {
      expect((await runFtl(['ledger', command, '--help'])).stdout).toContain('Examples:');
    }
  });
});

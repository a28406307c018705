import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PeerLedger } from '#node/ledger/peerLedger.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { verifyFolder } from '../../cli/ledger/verifyFolder.ts';
import { commitAll, hex, recordedChain, stateOf, testLedger, VECTORS } from '../unit/commitBlocks.ts';
import { EXPIRY_CHANNEL, expiryBlocks } from '../unit/expiryChain.ts';

/** Kills in all; `FTL_TEST_KILLS=200` for the record. */
const KILLS = Number(process.env['FTL_TEST_KILLS'] ?? 24);
const CHILD = resolve(import.meta.dirname, 'ledgerChild.ts');

/** What an import is to lead to. */
interface Imported {
  readonly channel: string;
  /** Folder with a file a block. */
  readonly files: string;
  readonly blocks: readonly Uint8Array[];
  readonly hashes: readonly string[];
  readonly state: readonly string[];
}

let root: string;
/** Three organisations, and one whose private data expires. */
let chains: Readonly<Record<'recorded' | 'expiring', Imported>>;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'ftl-ledger-kill-'));
  const files = join(root, 'expiring');
  const blocks = await expiryBlocks(join(root, 'peer'));
  await mkdir(files);
  for (const [number, bytes] of blocks.entries()) {
    await writeFile(join(files, `${number}.pb`), bytes);
  }
  const recorded = recordedChain('v3.1.5');
  chains = {
    recorded: await imported(recorded.channel, join(VECTORS, 'fabric-v3.1.5/blocks'), recorded.blocks),
    expiring: await imported(EXPIRY_CHANNEL, files, blocks),
  };
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function imported(channel: string, files: string, blocks: readonly Uint8Array[]): Promise<Imported> {
  await using test = await testLedger({ channelId: channel });
  await commitAll(test.pipeline, blocks);
  const hashes = blocks.map((bytes) => hex(BlockView.fromBytes(bytes).commitHash) ?? '');
  return { channel, files, blocks, hashes, state: await stateOf(test.ledger) };
}

interface Run {
  readonly told: readonly string[];
  readonly killed: boolean;
}

/** Runs an import; killed after `blocks` blocks and so many microseconds more, if it lives that long. */
function runImport(
  folder: string,
  { files }: Imported,
  args: readonly string[],
  kill: { blocks: number; after: number } | null,
): Promise<Run> {
  const child = spawn(process.execPath, [CHILD, folder, files, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const { promise, resolve: done, reject } = Promise.withResolvers<Run>();
  let text = '';
  let armed = kill !== null;
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more;
    if (armed && kill !== null && text.split('\n').length - 1 > kill.blocks) {
      armed = false;
      setTimeout(() => child.kill('SIGKILL'), kill.after);
    }
  });
  child.once('error', reject);
  child.once('close', (status, signal) => {
    const told = text.split('\n').slice(1, -1);
    if (signal === null && status !== 0) {
      reject(new Error(`import ended with status ${status}`));
    } else {
      done({ told, killed: signal === 'SIGKILL' });
    }
  });
  return promise;
}

describe.each([
  ['recorded', 'leveldb', 'true'],
  ['recorded', 'leveldb', 'false'],
  ['recorded', 'memory', 'true'],
  ['expiring', 'leveldb', 'true'],
] as const)('an import killed at any moment (%s chain, %s, overlap %s)', (name, state, overlap) => {
  it('goes on to the same ledger', async () => {
    const chain = chains[name];
    let kills = 0;
    for (let round = 0; kills < KILLS / 4; round++) {
      const folder = join(root, `${name}-${state}-${overlap}-${round}`);
      for (let complete = false; !complete; ) {
        const kill = kills < KILLS / 4 ? { blocks: Math.floor(Math.random() * 12), after: Math.random() * 12 } : null;
        const { told, killed } = await runImport(folder, chain, [state, overlap], kill);
        // What was told before the kill was right.
        for (const line of told) {
          const [number, hash] = line.split(' ');
          expect(hash).toBe(chain.hashes[Number(number)]);
        }
        kills += killed ? 1 : 0;
        complete = !killed;
      }
      await expectWhole(folder, chain, state);
      await rm(folder, { recursive: true, force: true });
    }
    expect(kills).toBeGreaterThanOrEqual(KILLS / 4);
  }, 600_000);
});

async function expectWhole(folder: string, chain: Imported, state: 'leveldb' | 'memory'): Promise<void> {
  await using ledger = await PeerLedger.open({ folder, channelId: chain.channel, state });
  expect([ledger.height, hex(ledger.commitHash)]).toEqual([chain.hashes.length, chain.hashes.at(-1)]);
  expect(await stateOf(ledger)).toEqual(chain.state);
  expect(ledger.history?.nextBlock).toBe(chain.hashes.length);
  for (const [number, bytes] of chain.blocks.entries()) {
    expect(hex((await ledger.blocks.byNumber(number))?.bytes ?? null)).toBe(hex(bytes));
  }
}

describe('a ledger that is opened again', () => {
  it.each(['recorded', 'expiring'] as const)(
    'catches up whichever database fell behind or is gone (%s)',
    async (name) => {
      const chain = chains[name];
      const folder = join(root, `behind-${name}`);
      await runImport(folder, chain, ['leveldb', 'true'], null);
      for (const gone of [['ftlState'], ['ftlHistory'], ['ftlState', 'ftlHistory'], ['chains/index']]) {
        for (const one of gone) {
          await rm(join(folder, one), { recursive: true });
        }
        await expectWhole(folder, chain, 'leveldb');
      }
      const result = await verifyFolder({ ledger: folder, state: 'leveldb' }, { onStart() {}, onBlock() {} });
      const transactions = name === 'recorded' ? 237 : 43;
      expect(result).toMatchObject({ blocks: chain.blocks.length, transactions, discrepancies: [], more: 0 });
    },
  );
});

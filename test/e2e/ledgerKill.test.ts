import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PeerLedger } from '#node/ledger/peerLedger.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { verifyFolder } from '../../cli/ledger/verifyFolder.ts';
import { commitAll, hex, recordedChain, stateOf, testLedger } from '../unit/commitBlocks.ts';

/** Kills in all; `FTL_TEST_KILLS=200` for the record. */
const KILLS = Number(process.env['FTL_TEST_KILLS'] ?? 24);
const CHILD = resolve(import.meta.dirname, 'ledgerChild.ts');
const BLOCKS = resolve(import.meta.dirname, '../vectors/fabric-v3.1.5/blocks');
const chain = recordedChain('v3.1.5');
const hashes = chain.blocks.map((bytes) => hex(BlockView.fromBytes(bytes).commitHash) ?? '');

let root: string;
let wholeState: readonly string[];
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'ftl-ledger-kill-'));
  await using test = await testLedger();
  await commitAll(test.pipeline, chain.blocks);
  wholeState = await stateOf(test.ledger);
});
afterAll(() => rm(root, { recursive: true, force: true }));

interface Run {
  readonly told: readonly string[];
  readonly killed: boolean;
}

/** Runs an import; killed after `blocks` blocks and so many microseconds more, if it lives that long. */
function runImport(
  folder: string,
  args: readonly string[],
  kill: { blocks: number; after: number } | null,
): Promise<Run> {
  const child = spawn(process.execPath, [CHILD, folder, BLOCKS, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
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
  ['leveldb', 'true'],
  ['leveldb', 'false'],
  ['memory', 'true'],
])('an import killed at any moment (%s, overlap %s)', (state, overlap) => {
  it('goes on to the same ledger', async () => {
    let kills = 0;
    for (let round = 0; kills < KILLS / 3; round++) {
      const folder = join(root, `${state}-${overlap}-${round}`);
      for (let complete = false; !complete; ) {
        const kill = kills < KILLS / 3 ? { blocks: Math.floor(Math.random() * 12), after: Math.random() * 12 } : null;
        const { told, killed } = await runImport(folder, [state, overlap], kill);
        // What was told before the kill was right.
        for (const line of told) {
          const [number, hash] = line.split(' ');
          expect(hash).toBe(hashes[Number(number)]);
        }
        kills += killed ? 1 : 0;
        complete = !killed;
      }
      await expectWhole(folder, state as 'leveldb' | 'memory');
      await rm(folder, { recursive: true, force: true });
    }
    expect(kills).toBeGreaterThanOrEqual(KILLS / 3);
  }, 600_000);
});

async function expectWhole(folder: string, state: 'leveldb' | 'memory'): Promise<void> {
  await using ledger = await PeerLedger.open({ folder, channelId: chain.channel, state });
  expect([ledger.height, hex(ledger.commitHash)]).toEqual([hashes.length, hashes.at(-1)]);
  expect(await stateOf(ledger)).toEqual(wholeState);
  expect(ledger.history?.nextBlock).toBe(hashes.length);
  for (const [number, bytes] of chain.blocks.entries()) {
    expect(hex((await ledger.blocks.byNumber(number))?.bytes ?? null)).toBe(hex(bytes));
  }
}

describe('a ledger that is opened again', () => {
  it('catches up whichever database fell behind or is gone', async () => {
    const folder = join(root, 'behind');
    await runImport(folder, ['leveldb', 'true'], null);
    for (const gone of [['ftlState'], ['ftlHistory'], ['ftlState', 'ftlHistory'], ['chains/index']]) {
      for (const name of gone) {
        await rm(join(folder, name), { recursive: true });
      }
      await expectWhole(folder, 'leveldb');
    }
    const result = await verifyFolder({ ledger: folder, state: 'leveldb' }, { onStart() {}, onBlock() {} });
    expect(result).toMatchObject({ blocks: hashes.length, transactions: 237, discrepancies: [], more: 0 });
  });
});

import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { peer } from '@hyperledger/fabric-protos';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BlockView } from '#node/protos/blockView.ts';
import { type RecordedBlock, type RecordedSet, sharedBlocks, vendoredBlocks } from '#node/protos/testBlocks.ts';
import { LevelStateDatabase } from '../state/levelStateDatabase.ts';
import { MemoryStateDatabase } from '../state/memoryStateDatabase.ts';
import { PendingState } from '../state/pendingState.ts';
import type { StateDatabase, StateReader } from '../state/stateDatabase.ts';
import { commitHash } from '../state/updateBytes.ts';
import { validateAndPrepare } from './validateAndPrepare.ts';

const { VALID, MVCC_READ_CONFLICT, PHANTOM_READ_CONFLICT } = peer.TxValidationCode;
const SHARED_STATE = resolve(import.meta.dirname, '../../../../shared/fabric-v3.1.5/statedb.json');

/** Blocks 0, 1, 2 … as far as none is missing: later ones stand on the state that these leave. */
function chain({ blocks }: RecordedSet): readonly RecordedBlock[] {
  const gap = blocks.findIndex(({ number }, index) => number !== index);
  return gap < 0 ? blocks : blocks.slice(0, gap);
}

const sets = [vendoredBlocks('v2.5.9'), vendoredBlocks('v3.1.5'), ...sharedBlocks()];
const v3 = sets.findLast(({ name }) => name.includes('v3.1.5')) as RecordedSet;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ftl-mvcc-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let count = 0;
const kinds = {
  memory: async (): Promise<StateDatabase> => new MemoryStateDatabase(),
  leveldb: (): Promise<StateDatabase> => LevelStateDatabase.open(join(folder, String(count++))),
};

interface Replayed {
  readonly codes: readonly (readonly number[])[];
  /** In hex, from block 1 on. */
  readonly commitHashes: readonly string[];
  /** Blocks whose writes came out otherwise when they were replayed with their final codes. */
  readonly unequalAgain: readonly number[];
  readonly reasons: readonly string[];
}

/**
 * Every block of a chain in turn, with the codes that the checks before MVCC must have given.
 *
 * @param overlap whether a block is validated while the one before it is being written
 */
async function replay(blocks: readonly RecordedBlock[], state: StateDatabase, overlap = false): Promise<Replayed> {
  const codes: number[][] = [];
  const commitHashes: string[] = [];
  const unequalAgain: number[] = [];
  const reasons: string[] = [];
  let previous: Uint8Array | null = null;
  let reader: StateReader = state;
  let writing = Promise.resolve();
  for (const recorded of blocks) {
    const block = BlockView.fromBytes(recorded.bytes);
    const before = Uint8Array.from(recorded.transactions, ({ code }) =>
      code === MVCC_READ_CONFLICT || code === PHANTOM_READ_CONFLICT ? VALID : code,
    );
    const result = await validateAndPrepare(block, before, reader);
    codes.push([...result.codes]);
    reasons.push(...result.reasons.values());
    if (block.number > 0) {
      previous = commitHash(previous, result.codes, result.updateBytes);
      commitHashes.push(Buffer.from(previous).toString('hex'));
    }
    const again = await validateAndPrepare(block, result.codes, reader, { mvcc: false });
    if (Buffer.compare(again.updateBytes, result.updateBytes) !== 0) {
      unequalAgain.push(block.number);
    }
    await writing;
    writing = state.apply(result.updates, { block: block.number, tx: block.envelopes.length - 1 });
    if (overlap) {
      reader = new PendingState(state, result.updates);
    } else {
      await writing;
    }
  }
  await writing;
  return { codes, commitHashes, unequalAgain, reasons };
}

describe.each(Object.entries(kinds))('recorded blocks over %s', (_kind, open) => {
  it.each(sets.map((set) => [set.name, set] as const))(
    '%s: codes and commit hashes are those of Go',
    async (_, set) => {
      await using state = await open();
      const blocks = chain(set);
      const replayed = await replay(blocks, state);
      const told = blocks.map(({ transactions }) => transactions.map(({ code }) => code));
      expect(replayed.codes).toEqual(told);
      expect(replayed.commitHashes).toEqual(
        blocks.slice(1).map(({ bytes }) => Buffer.from(BlockView.fromBytes(bytes).commitHash ?? []).toString('hex')),
      );
      expect(replayed.unequalAgain).toEqual([]);
      const conflicts = told.flat().filter((code) => code === MVCC_READ_CONFLICT || code === PHANTOM_READ_CONFLICT);
      expect(replayed.reasons).toHaveLength(conflicts.length);
      expect(await state.savepoint()).toEqual({
        block: blocks.length - 1,
        tx: (told.at(-1) as readonly number[]).length - 1,
      });
    },
  );

  it('comes out the same where validation runs ahead of the writing', async () => {
    await using plain = await open();
    await using overlapped = await open();
    const replayed = await replay(chain(v3), overlapped, true);
    expect(replayed).toEqual(await replay(chain(v3), plain));
    expect(await Array.fromAsync(overlapped.scan())).toEqual(await Array.fromAsync(plain.scan()));
  });

  // The recording as a whole lies beside the repository, where it lies at all.
  for (const path of [SHARED_STATE].filter((file) => existsSync(file))) {
    it('the final state is what the chaincode answered', async () => {
      await using state = await open();
      await replay(chain(v3), state);
      const told = JSON.parse(readFileSync(path, 'utf8')) as readonly { readonly ID: string }[];
      const { entries } = await state.page('basic', '', '', 0);
      expect(entries.map(({ value }) => JSON.parse(Buffer.from(value).toString()) as unknown)).toEqual(told);
      expect(entries.map(({ key }) => key)).toEqual(told.map(({ ID }) => ID));
    });
  }
});

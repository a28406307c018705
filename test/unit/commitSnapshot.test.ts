import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BlockPipeline } from '#node/commit/blockPipeline.ts';
import { verifyLedger } from '#node/commit/verifyLedger.ts';
import { PeerLedger } from '#node/ledger/peerLedger.ts';
import { hashedNamespace } from '#node/ledger/state/namespaces.ts';
import { MemoryStateDatabase } from '#node/ledger/state/memoryStateDatabase.ts';
import type { StateReader } from '#node/ledger/state/stateDatabase.ts';
import { BlockView } from '#node/protos/blockView.ts';
import { stateFromBlocks } from '../../cli/ledger/openToRead.ts';
import { commitAll, hex, testLedger } from './commitBlocks.ts';
import { EXPIRY_CHAIN, EXPIRY_CHANNEL, expiryBlocks, openExpiryChain, SNAPSHOT_BLOCK } from './expiryChain.ts';

const GO_SNAPSHOT = join(EXPIRY_CHAIN, `snapshot-${SNAPSHOT_BLOCK}`);
const FIRST = SNAPSHOT_BLOCK + 1;

let folder: string;
let blocks: readonly Uint8Array[];
let views: readonly BlockView[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ftl-snapshot-'));
  blocks = await expiryBlocks(join(folder, 'peer'));
  views = blocks.map((bytes) => BlockView.fromBytes(bytes));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const commitHashes = (list: readonly { readonly commitHash: Uint8Array | null }[]) =>
  list.map(({ commitHash }) => hex(commitHash));

/** What a Go peer's snapshot after the last block says of its files. */
async function lastSnapshot(): Promise<unknown> {
  return JSON.parse(await readFile(join(EXPIRY_CHAIN, 'snapshot-37.json'), 'utf8'));
}

async function snapshotOf(ledger: PeerLedger, name: string): Promise<unknown> {
  const to = join(folder, name);
  await ledger.snapshot(to);
  return JSON.parse(await readFile(join(to, '_snapshot_signable_metadata.json'), 'utf8'));
}

describe('a Go peer’s channel with private data that expires', () => {
  it.each(['leveldb', 'memory'] as const)('comes out the same, snapshots included (%s)', async (state) => {
    await using test = await testLedger({ channelId: EXPIRY_CHANNEL, state });
    const first = await commitAll(test.pipeline, blocks.slice(0, FIRST));
    const made = join(folder, `made-${state}`);
    await test.ledger.snapshot(made);
    const names = (await readdir(GO_SNAPSHOT)).toSorted();
    expect((await readdir(made)).toSorted()).toEqual(names);
    for (const name of names) {
      expect(hex(await readFile(join(made, name))), name).toBe(hex(await readFile(join(GO_SNAPSHOT, name))));
    }

    const rest = await commitAll(test.pipeline, blocks.slice(FIRST));
    expect(commitHashes([...first, ...rest])).toEqual(commitHashes(views));
    expect(await snapshotOf(test.ledger, `last-${state}`)).toEqual(await lastSnapshot());
  });

  it('is verified from its block files alone', async () => {
    const reader = await openExpiryChain(join(folder, 'verified'));
    const scratch = new MemoryStateDatabase();
    const result = await verifyLedger({ blocks: reader, scratch, state: null });
    expect(result).toMatchObject({ blocks: 38, transactions: 43, discrepancies: [], more: 0 });
    const shown = await stateFromBlocks(reader);
    await reader.close();

    await using test = await testLedger({ channelId: EXPIRY_CHANNEL });
    await commitAll(test.pipeline, blocks);
    const wanted = await hashesIn(test.ledger.state);
    expect([await hashesIn(scratch), await hashesIn(shown)]).toEqual([wanted, wanted]);
    expect(wanted).toEqual([[], ['10:0', '31:0']]);
  });

  it('goes on from a Go peer’s snapshot, where what was written before it expires as well', async () => {
    const joined = join(folder, 'joined');
    await PeerLedger.join(joined, GO_SNAPSHOT);
    await using ledger = await PeerLedger.open({ folder: joined, channelId: EXPIRY_CHANNEL });
    expect([ledger.height, hex(ledger.commitHash)]).toEqual([FIRST, hex(views[SNAPSHOT_BLOCK]?.commitHash ?? null)]);
    expect((await hashesIn(ledger.state))[0]).toEqual(['19:0', '20:0']);

    const pipeline = await BlockPipeline.open({}, { ledger });
    const rest = await commitAll(pipeline, blocks.slice(FIRST));
    expect(commitHashes(rest)).toEqual(commitHashes(views.slice(FIRST)));
    expect(await snapshotOf(ledger, 'last-joined')).toEqual(await lastSnapshot());
  });
});

/** Versions of the hashes of both collections, `brief` and `kept`. */
async function hashesIn(state: StateReader): Promise<readonly (readonly string[])[]> {
  const found: string[][] = [];
  for (const collection of ['brief', 'kept']) {
    const versions: string[] = [];
    for await (const { version } of state.range(hashedNamespace('cc', collection), '', '')) {
      versions.push(`${version.block}:${version.tx}`);
    }
    found.push(versions.toSorted());
  }
  return found;
}

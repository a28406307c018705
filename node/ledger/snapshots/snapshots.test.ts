import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BlockView } from '#node/protos/blockView.ts';
import { type RecordedSet, vendoredBlocks } from '#node/protos/testBlocks.ts';
import { BlockStore } from '../blocks/blockStore.ts';
import { txIdOf } from '../blocks/txIdOf.ts';
import { wholeRecordings } from '../blocks/wholeRecordings.ts';
import { validateAndPrepare } from '../mvcc/validateAndPrepare.ts';
import { CollectionHistory } from '../privateData/collectionHistory.ts';
import { PrivateDataStore } from '../privateData/privateDataStore.ts';
import { LevelStateDatabase } from '../state/levelStateDatabase.ts';
import { MemoryStateDatabase } from '../state/memoryStateDatabase.ts';
import { hashedKey, hashedNamespace, privateNamespace } from '../state/namespaces.ts';
import type { StateDatabase, VersionedEntry } from '../state/stateDatabase.ts';
import { exportSnapshot, snapshotFolder } from './exportSnapshot.ts';
import { joinedFrom, joinFromSnapshot } from './joinFromSnapshot.ts';
import { SnapshotFileReader, SnapshotFileWriter } from './snapshotFile.ts';
import { verifySnapshot } from './snapshotMetadata.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'snapshot-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const sha256 = (data: string | Uint8Array) => new Uint8Array(createHash('sha256').update(data).digest());
const sets = wholeRecordings();
const rules = { blockToLive: () => () => 0, eligible: () => (_: string, name: string) => name === 'ours' };
const second = () => ({ blocks: join(folder, 'second'), privateData: join(folder, 'second') });
const commitHash = sha256('a commit hash');
const hash = (key: string) => hashedKey(sha256(key));

function entry(namespace: string, key: string, block: number): VersionedEntry {
  return { namespace, key, value: sha256(`value of ${key}`), metadata: null, version: { block, tx: 3 } };
}

/** Blocks and the state that they leave. */
async function replay(set: RecordedSet, blocks: BlockStore, state: StateDatabase, until: number): Promise<void> {
  for (const { number, bytes: recorded, transactions } of set.blocks.slice(blocks.height, until)) {
    const block = BlockView.fromBytes(recorded);
    const codes = Uint8Array.from(transactions, ({ code }) => code);
    const { updates } = await validateAndPrepare(block, codes, state, { mvcc: false });
    await blocks.append(block);
    await state.apply(updates, { block: number, tx: transactions.length - 1 });
  }
}

async function everything(state: StateDatabase): Promise<VersionedEntry[]> {
  const entries: VersionedEntry[] = [];
  for await (const { namespace, key, value, metadata, version } of state.scan()) {
    entries.push({ namespace, key, value: value.slice(), metadata: metadata?.slice() ?? null, version });
  }
  return entries;
}

/** Contents by name. */
function files(of: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(of)
      .toSorted((a, b) => (a < b ? -1 : 1))
      .map((name) => [name, readFileSync(join(of, name)).toString('base64')]),
  );
}

describe('a snapshot of a recorded channel', () => {
  for (const set of sets) {
    it(`of ${set.name} is joined from, goes on with the next block, and comes out again with the same hash`, async () => {
      const last = set.blocks.length - 3;
      const state = new MemoryStateDatabase();
      const blocks = await BlockStore.open(join(folder, 'first'), set.channel);
      await replay(set, blocks, state, last + 1);
      const one = snapshotFolder(join(folder, 'snapshots'), set.channel, last);
      const metadata = await exportSnapshot(one, { blocks, state }, commitHash);
      expect(metadata).toMatchObject({ channel_name: set.channel, last_block_number: last });

      const joined = await LevelStateDatabase.open(join(folder, 'second-state'));
      expect(await joinFromSnapshot(one, second(), { state: joined, ...rules })).toEqual(metadata);
      expect(await joinedFrom(join(folder, 'second'), set.channel)).toEqual(metadata);
      expect(await joinedFrom(join(folder, 'first'), set.channel)).toBeNull();
      expect(await everything(joined)).toEqual(await everything(state));
      const store = await BlockStore.open(join(folder, 'second'), set.channel);
      expect([store.firstBlock, store.height]).toEqual([last + 1, last + 1]);
      expect(Buffer.compare(store.lastHash, blocks.lastHash)).toBe(0);

      const two = join(folder, 'again');
      const again = await exportSnapshot(two, { blocks: store, state: joined }, commitHash);
      expect(again.snapshot_hash).toBe(metadata.snapshot_hash);
      expect(files(two)).toEqual(files(one));

      await replay(set, blocks, state, last + 3);
      await replay(set, store, joined, last + 3);
      expect(await everything(joined)).toEqual(await everything(state));
      const earlier = txIdOf(BlockView.fromBytes(set.blocks[1]?.bytes as Uint8Array).envelopes[0] as never);
      const later = txIdOf(BlockView.fromBytes(set.blocks[last + 1]?.bytes as Uint8Array).envelopes[0] as never);
      expect(await store.hasTxIds([earlier, later, 'nobody'])).toEqual([true, true, false]);
      expect(await store.byTxId(later)).toEqual(await blocks.byTxId(later));
      await expect(store.byTxId(earlier)).rejects.toMatchObject({ code: 'before_snapshot' });
      await expect(store.byNumber(last)).rejects.toMatchObject({ code: 'before_snapshot' });
      expect((await store.byNumber(last + 1))?.number).toBe(last + 1);
      await store.close();

      const reopened = await BlockStore.open(join(folder, 'second'), set.channel);
      expect([reopened.height, await reopened.hasTxId(earlier)]).toEqual([last + 3, true]);
      await reopened.close();
      // The index can be made anew for blocks, not for what came before them.
      rmSync(join(folder, 'second', 'index'), { recursive: true });
      await expect(BlockStore.open(join(folder, 'second'), set.channel)).rejects.toMatchObject({ code: 'corrupt' });
      await blocks.close();
      await joined.close();
    });
  }
});

describe('a snapshot of private data', () => {
  it('holds hashes and collections, and what this peer should have of them is missing after joining', async () => {
    const set = vendoredBlocks('v2.5.9');
    const blocks = await BlockStore.open(join(folder, 'first'), set.channel);
    for (const { bytes: recorded } of set.blocks) {
      await blocks.append(recorded);
    }
    const state = new MemoryStateDatabase();
    const last = set.blocks.length - 1;
    const load = [
      { ...entry('assets', 'public', 2), metadata: bytes('metadata') },
      entry(hashedNamespace('assets', 'ours'), hash('a'), 5),
      entry(hashedNamespace('assets', 'ours'), hash('b'), 5),
      entry(hashedNamespace('assets', 'theirs'), hash('c'), 6),
      entry(privateNamespace('assets', 'ours'), 'a', 5),
    ];
    await state.load(load, { block: last, tx: 0 });
    const collections = await CollectionHistory.open(join(folder, 'first'), set.channel);
    await collections.add([{ chaincode: 'assets', block: 4, collections: bytes('definition') }]);
    const one = join(folder, 'one');
    const metadata = await exportSnapshot(one, { blocks, state, collections }, commitHash);
    expect(Object.keys(metadata.snapshot_files_raw_hashes)).toHaveLength(8);
    await collections.close();
    await blocks.close();

    const joined = new MemoryStateDatabase();
    await joinFromSnapshot(one, second(), { state: joined, ...rules });
    expect(await everything(joined)).toEqual(
      (await everything(state)).filter(({ namespace }) => !namespace.includes('$$p')),
    );
    const history = await CollectionHistory.open(join(folder, 'second'), set.channel);
    expect(await history.before(5, 'assets')).toMatchObject({ block: 4 });
    await history.close();
    const store = await PrivateDataStore.open(join(folder, 'second'), set.channel, () => 0);
    expect([store.height, store.lastSnapshotBlock]).toEqual([last + 1, last]);
    expect(await store.missing(5)).toEqual([
      { block: 5, entries: [{ tx: 3, namespace: 'assets', collection: 'ours' }] },
    ]);
    const hashes = await store.snapshotHashes({ block: 5, tx: 3, namespace: 'assets', collection: 'ours' });
    expect([...hashes.keys()].toSorted((a, b) => (a < b ? -1 : 1))).toEqual(
      [hash('a'), hash('b')].toSorted((a, b) => (a < b ? -1 : 1)),
    );
    await store.close();
    await expect(joinFromSnapshot(one, second(), { state: joined, ...rules })).rejects.toMatchObject({
      code: 'exists',
    });
  });
});

async function small(): Promise<string> {
  const set = vendoredBlocks('v2.5.9');
  const blocks = await BlockStore.open(join(folder, 'first'), set.channel);
  const state = new MemoryStateDatabase();
  await replay(set, blocks, state, 5);
  const at = join(folder, 'small');
  await exportSnapshot(at, { blocks, state }, commitHash);
  await expect(exportSnapshot(at, { blocks, state }, commitHash)).rejects.toMatchObject({ code: 'exists' });
  await blocks.close();
  return at;
}

describe('the files', () => {
  it('are those of Fabric: format byte, counted entries, JSON as Go prints it', async () => {
    const at = await small();
    const txIds = readFileSync(join(at, 'txids.data'));
    expect([txIds[0], txIds[1]]).toEqual([1, 64]);
    expect(txIds.subarray(2, 66).toString()).toMatch(/^[0-9a-f]{64}$/);
    expect(readFileSync(join(at, 'txids.metadata'))[1]).toBe((txIds.length - 1) / 65);
    const json = readFileSync(join(at, '_snapshot_signable_metadata.json'), 'utf8');
    expect(json).toMatch(
      /^\{\n {4}"channel_name": "mychannel",\n {4}"last_block_number": 4,\n {4}"last_block_hash": "/,
    );
    expect(json).toMatch(/"state_db_type": "SimpleKeyValueDB"\n\}$/);
    const additional = JSON.parse(readFileSync(join(at, '_snapshot_additional_metadata.json'), 'utf8')) as object;
    expect(additional).toEqual({
      snapshot_hash: createHash('sha256').update(json).digest('hex'),
      last_block_commit_hash: Buffer.from(commitHash).toString('hex'),
    });
    expect(existsSync(`${at}.partial`)).toBe(false);
  });

  it('are refused when one is altered, left out or added', async () => {
    const at = await small();
    for (const name of readdirSync(at)) {
      const path = join(at, name);
      const whole = readFileSync(path);
      chmodSync(path, 0o644);
      const altered = Buffer.from(whole);
      altered[whole.length >> 1] = (altered[whole.length >> 1] as number) ^ 1;
      writeFileSync(path, altered);
      await expect(verifySnapshot(at)).rejects.toThrow(/.+/);
      rmSync(path);
      await expect(verifySnapshot(at)).rejects.toMatchObject({ code: 'missing_file' });
      writeFileSync(path, whole);
    }
    await expect(verifySnapshot(at)).resolves.toBeDefined();
    const path = join(at, '_snapshot_signable_metadata.json');
    const json = readFileSync(path, 'utf8').replace('"txids.data"', '"../txids.data"');
    writeFileSync(path, json);
    const additional = { snapshot_hash: createHash('sha256').update(json).digest('hex'), last_block_commit_hash: '' };
    writeFileSync(join(at, '_snapshot_additional_metadata.json'), JSON.stringify(additional));
    await expect(verifySnapshot(at)).rejects.toMatchObject({ code: 'unknown_format' });
    writeFileSync(path, json.replace('"mychannel"', '"../mychannel"'));
    await expect(verifySnapshot(at)).rejects.toMatchObject({ code: 'malformed' });
  });

  it('give entries of any size, and a typed error where they end too early or claim too much', async () => {
    const path = join(folder, 'file');
    const writer = await SnapshotFileWriter.create(path);
    const sizes = [0, 1, 127, 128, 300_000, 5, 262_144, 700_000];
    for (const size of sizes) {
      await writer.bytes(new Uint8Array(size).fill(size % 251));
    }
    const digest = await writer.done();
    expect(digest).toBe(createHash('sha256').update(readFileSync(path)).digest('hex'));
    const reader = await SnapshotFileReader.open(path);
    for (const size of sizes) {
      expect(Buffer.compare(await reader.bytes(), new Uint8Array(size).fill(size % 251))).toBe(0);
    }
    await expect(reader.number()).rejects.toMatchObject({ code: 'malformed' });
    await reader.close();

    const hostile = join(folder, 'hostile');
    writeFileSync(hostile, Buffer.from([1, 0xff, 0xff, 0xff, 0x3f]));
    const claims = await SnapshotFileReader.open(hostile);
    await expect(claims.bytes()).rejects.toMatchObject({ code: 'malformed' });
    await claims.close();
    writeFileSync(hostile, Buffer.from([2]));
    await expect(SnapshotFileReader.open(hostile)).rejects.toMatchObject({ code: 'unknown_format' });
    writeFileSync(hostile, '');
    await expect(SnapshotFileReader.open(hostile)).rejects.toMatchObject({ code: 'malformed' });
  });
});

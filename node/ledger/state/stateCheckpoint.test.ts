import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryStateDatabase } from './memoryStateDatabase.ts';
import { readStateCheckpoint, writeStateCheckpoint } from './stateCheckpoint.ts';
import type { StateDatabase, VersionedEntry } from './stateDatabase.ts';
import { publicUpdates } from './stateDatabase.compliance.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ftl-checkpoint-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function all(state: StateDatabase): Promise<VersionedEntry[]> {
  const entries: VersionedEntry[] = [];
  for await (const entry of state.scan()) {
    entries.push(entry);
  }
  return entries;
}

/** More than one write of the file. */
async function filled(): Promise<MemoryStateDatabase> {
  const state = new MemoryStateDatabase();
  const keys = Array.from({ length: 4000 }, (_, index): [string, string] => [`key${index}`, 'v'.repeat(index % 1000)]);
  const updates = publicUpdates(7, { ns: Object.fromEntries(keys), '': { config: 'c' }, é: { '😀\0': 'x' } });
  updates.putHashed('cc', 'col', 'aa', {
    value: Buffer.from('h'),
    metadata: Buffer.from('m'),
    version: { block: 7, tx: 1 },
  });
  await state.apply(updates, { block: 7, tx: 300 });
  return state;
}

describe('a checkpoint of state', () => {
  it('brings it all back', async () => {
    const file = join(folder, 'whole');
    const state = await filled();
    expect(await writeStateCheckpoint(state, file)).toEqual({ block: 7, tx: 300 });
    const back = await readStateCheckpoint(file);
    expect(await back?.savepoint()).toEqual({ block: 7, tx: 300 });
    expect(await all(back as MemoryStateDatabase)).toEqual(await all(state));
    expect(back?.mayHaveMetadata('cc')).toBe(true);
    await expect(back?.apply(publicUpdates(7, {}), { block: 7, tx: 0 })).rejects.toMatchObject({ code: 'order' });
    await back?.apply(publicUpdates(8, {}), { block: 8, tx: 0 });
  });

  it('shows one moment, whatever is committed while it is written', async () => {
    const file = join(folder, 'moment');
    const state = await filled();
    const before = await all(state);
    const writing = writeStateCheckpoint(state, file);
    await state.apply(publicUpdates(8, { ns: { key0: 'new', added: 'new', key1: null } }), { block: 8, tx: 0 });
    expect(await writing).toEqual({ block: 7, tx: 300 });
    const back = await readStateCheckpoint(file);
    expect(await all(back as MemoryStateDatabase)).toEqual(before);
    expect(await back?.savepoint()).toEqual({ block: 7, tx: 300 });
  });

  it('is none where nothing was committed, and none where there is no file', async () => {
    const file = join(folder, 'none');
    expect(await writeStateCheckpoint(new MemoryStateDatabase(), file)).toBeNull();
    expect(await readStateCheckpoint(file)).toBeNull();
    expect((await readdir(folder)).filter((name) => name.startsWith('none'))).toEqual([]);
  });

  it('that is cut or altered anywhere is refused', async () => {
    const file = join(folder, 'small');
    const state = new MemoryStateDatabase();
    await state.apply(publicUpdates(300, { ns: { a: '1', b: '2' } }), { block: 300, tx: 2 });
    await writeStateCheckpoint(state, file);
    const whole = await readFile(file);
    const damaged = join(folder, 'damaged');
    for (let index = 0; index < whole.length; index++) {
      const altered = Buffer.from(whole);
      altered[index] = (altered[index] as number) ^ 0x11;
      for (const bytes of [whole.subarray(0, index), altered, Buffer.concat([whole, Buffer.of(index)])]) {
        await writeFile(damaged, bytes);
        await expect(readStateCheckpoint(damaged)).rejects.toMatchObject({ name: 'StateError', code: 'corrupt' });
      }
    }
  });

  it('says so where it cannot be written or read', async () => {
    const state = await filled();
    await expect(writeStateCheckpoint(state, join(folder, 'no', 'folder'))).rejects.toMatchObject({ code: 'io' });
    await expect(readStateCheckpoint(folder)).rejects.toMatchObject({ code: 'io' });
  });
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LevelStateDatabase } from './levelStateDatabase.ts';
import { MemoryStateDatabase } from './memoryStateDatabase.ts';
import { publicUpdates, stateDatabaseCompliance } from './stateDatabase.compliance.ts';

let folder: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ftl-state-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const next = (): string => join(folder, String(count++));

describe('state in memory', () => {
  stateDatabaseCompliance(async () => new MemoryStateDatabase());
});

describe('state in LevelDB', () => {
  stateDatabaseCompliance(() => LevelStateDatabase.open(next()));

  it('is there again after a restart', async () => {
    const path = next();
    const updates = publicUpdates(3, { ns: { a: '1' } });
    updates.putPublic('cc', 'k', { value: Buffer.from('v'), metadata: Buffer.from('m'), version: { block: 3, tx: 1 } });
    {
      await using db = await LevelStateDatabase.open(path);
      await db.apply(updates, { block: 3, tx: 1 });
    }
    await using db = await LevelStateDatabase.open(path, { sync: true });
    expect(await db.savepoint()).toEqual({ block: 3, tx: 1 });
    expect((await db.get('ns', 'a'))?.version).toEqual({ block: 3, tx: 0 });
    expect(db.mayHaveMetadata('cc')).toBe(true);
    expect(db.mayHaveMetadata('ns')).toBe(false);
    await expect(db.apply(updates, { block: 3, tx: 1 })).rejects.toMatchObject({ code: 'order' });
  });

  it('is one process at a time, and no other kind of folder', async () => {
    const path = next();
    await using db = await LevelStateDatabase.open(path);
    expect(await db.savepoint()).toBeNull();
    await expect(LevelStateDatabase.open(path)).rejects.toMatchObject({ name: 'StateError', code: 'io' });
    const file = next();
    await writeFile(file, 'no folder');
    await expect(LevelStateDatabase.open(file)).rejects.toMatchObject({ name: 'StateError', code: 'io' });
  });
});

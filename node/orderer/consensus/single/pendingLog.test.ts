import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type PendingEntry, PendingLog } from './pendingLog.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pending-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const entry = (sequence: number, bytes = 20): PendingEntry => ({
  sequence,
  kind: sequence % 5 === 0 ? 'config' : 'normal',
  configSequence: sequence * 3,
  envelope: new Uint8Array(bytes).fill(sequence),
});
const entries = (from: number, to: number, bytes?: number): PendingEntry[] =>
  Array.from({ length: to - from + 1 }, (_, index) => entry(from + index, bytes));
const files = (): string[] => readdirSync(folder).toSorted();

async function found(applied: number): Promise<readonly PendingEntry[]> {
  const opened = await PendingLog.open({ folder, durability: 'written' }, applied);
  await opened.log.close();
  return opened.entries;
}

describe('a log of pending messages', () => {
  it.each(['written', 'synced'] as const)(
    'gives back what was appended and is in no block (%s)',
    async (durability) => {
      const { log, entries: none } = await PendingLog.open({ folder, durability }, 0);
      expect(none).toEqual([]);
      await log.append(entries(1, 3));
      await log.append([]);
      await log.append(entries(4, 7));
      await log.close();
      expect(await found(0)).toEqual(entries(1, 7));
      expect(await found(5)).toEqual(entries(6, 7));
      expect(await found(7)).toEqual([]);
    },
  );

  it('deletes files whose messages are all in blocks, and only those', async () => {
    const { log } = await PendingLog.open({ folder, durability: 'written', segmentBytes: 300 }, 0);
    for (let sequence = 1; sequence <= 30; sequence++) {
      await log.append([entry(sequence, 100)]);
    }
    const all = files();
    expect(all.length).toBeGreaterThan(5);
    await log.forget(0);
    expect(files()).toEqual(all);
    await log.forget(15);
    expect(files().length).toBeLessThan(all.length);
    await log.forget(30);
    expect(files()).toHaveLength(1);
    await log.append([entry(31)]);
    await log.close();
    expect(await found(30)).toEqual([entry(31)]);
  });

  it('drops a record at its end that was only partly written, wherever it stops, over and over', async () => {
    const { log } = await PendingLog.open({ folder, durability: 'written' }, 0);
    await log.append(entries(1, 2));
    await log.close();
    const path = join(folder, files()[0] as string);
    const whole = readFileSync(path);
    const second = whole.length / 2;
    for (let size = second; size < whole.length; size++) {
      rmSync(folder, { recursive: true });
      const { log: again } = await PendingLog.open({ folder, durability: 'written' }, 0);
      await again.close();
      writeFileSync(path, whole.subarray(0, size));
      expect(await found(0)).toEqual(entries(1, 1));
      expect(statSync(path).size).toBe(second);
      // A crash leaves the file that was begun meanwhile; what was torn before is no reason to stop then.
      const next = await PendingLog.open({ folder, durability: 'written' }, 0);
      await next.log.append([entry(2)]);
      await next.log.close();
      expect(await found(0)).toEqual(entries(1, 2));
    }
  });

  it('refuses to go on where a record is spoilt that others follow', async () => {
    const { log } = await PendingLog.open({ folder, durability: 'written', segmentBytes: 50 }, 0);
    for (const one of entries(1, 6)) {
      await log.append([one]);
    }
    await log.close();
    const path = join(folder, files()[0] as string);
    const bytes = readFileSync(path);
    bytes[30] = (bytes[30] as number) ^ 1;
    writeFileSync(path, bytes);
    await expect(found(0)).rejects.toMatchObject({ code: 'corrupt' });
  });

  it('numbers what comes after a restart on, even where nothing is left of it', async () => {
    const { log } = await PendingLog.open({ folder, durability: 'written' }, 41);
    expect(files()).toEqual(['0000000000000042.log']);
    await log.append([entry(42)]);
    await log.close();
    expect(await found(42)).toEqual([]);
  });
});

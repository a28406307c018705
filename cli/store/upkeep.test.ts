import { pino } from 'pino';
import { afterEach, expect, it } from 'vitest';
import { exampleRecords } from '#trace/store/conformance/exampleRecords.ts';
import { openStore } from '#trace/store/openStore.ts';
import { startUpkeep } from './upkeep.ts';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

const LEVELS: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error' };

/** A logger, and the levels of what was logged. */
function logger() {
  const levels: string[] = [];
  const write = (line: string) => levels.push(LEVELS[(JSON.parse(line) as { level: number }).level] ?? '');
  return { levels, logger: pino({ level: 'debug' }, { write }) };
}

it('summarises what comes into a store that others write into, whoever appended it', async () => {
  const store = await openStore('sqlite::memory:');
  ends.push(startUpkeep({ isShared: true, keepMs: null, summariesMs: 5 }, { store, logger: logger().logger }));
  await store.append(exampleRecords());
  await expect.poll(async () => (await store.traces({})).items.length).toBe(13);
  expect((await store.info()).records).toBeGreaterThan(50);
  await store.close();
});

it('says once that it fails and once that it goes on, and stops when it is told', async () => {
  const { levels, logger: log } = logger();
  let asked = 0;
  const store = {
    refresh: async () => {
      if (++asked < 4) throw new Error('no connection');
      return { refreshed: 0, remaining: 0 };
    },
    dropBefore: async () => ({ records: 0, traces: 0 }),
  };
  const end = startUpkeep({ isShared: true, keepMs: null, summariesMs: 1 }, { store, logger: log });
  await expect.poll(() => asked).toBeGreaterThan(6);
  end();
  expect(levels).toEqual(['warn', 'debug', 'debug', 'info']);
  const before = asked;
  await new Promise((wake) => {
    setTimeout(wake, 20);
  });
  expect(asked - before).toBeLessThanOrEqual(1);
});

it('forgets what is too old, again and again', async () => {
  const store = await openStore('sqlite::memory:');
  await store.append(exampleRecords());
  ends.push(startUpkeep({ isShared: false, keepMs: 1, retentionMs: 5 }, { store, logger: logger().logger }));
  await expect.poll(async () => (await store.traces({})).items.length).toBe(0);
  await store.append(exampleRecords());
  await expect.poll(async () => (await store.find('facade')).length).toBe(0);
  await store.close();
});

import { type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, inject, test } from 'vitest';
import { openStore } from '#trace/store/openStore.ts';
import type { TraceStore } from '#trace/store/traceStore.ts';
import { type Finished, finished, spawnFtl } from '../harness/ftlProcess.ts';
import { apiAnswers } from './apiAnswers.ts';
import { contentsOf } from './contents.ts';
import { storePlace } from './freshStore.ts';
import { expectedContents, importInto, writeOwnLogs } from './ownLogs.ts';
import { watchedCluster } from './watchedCluster.ts';

const KILLS = 3;
const folder = mkdtempSync(join(tmpdir(), 'ftl-collectors-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A real `ftl collect`. */
function collect(
  store: string,
  paths: readonly string[],
): { readonly child: ChildProcess; readonly ended: Promise<Finished> } {
  const deadLetters = join(folder, 'dead-letters.ndjson');
  const child = spawnFtl(['collect', '--store', store, '--logs', ...paths, '--dead-letters', deadLetters]);
  return { child, ended: finished(child) };
}

/** Until the store has as many records; an end of the process before is an error. */
async function untilStored(store: TraceStore, records: number, ended: Promise<Finished>): Promise<void> {
  const early = ended.then(({ status, stderr }) => {
    throw new Error(`the collector ended with ${status}: ${stderr}`);
  });
  early.catch(() => undefined);
  while ((await store.info()).records < records) await Promise.race([delay(20), early]);
}

test('collectors that are killed with kill -9 at work: the next one goes on, nothing is lost, nothing double', async () => {
  const logs = writeOwnLogs(join(folder, 'killed'), 20_000);
  const expected = await expectedContents(logs);
  const place = storePlace(inject('elasticsearchUrl'));
  const cluster = await watchedCluster(inject('elasticsearchUrl'));
  try {
    const store = await place.open();
    for (let kill = 1; kill <= KILLS; kill++) {
      const { child, ended } = collect(`elasticsearch:${cluster.url}/${place.prefix}`, logs);
      cluster.afterBulks(2, () => child.kill('SIGKILL'));
      expect(await ended).toMatchObject({ signal: 'SIGKILL' });
    }
    expect((await store.info()).records).toBeLessThan(expected.records);
    const last = collect(place.url, logs);
    await untilStored(store, expected.records, last.ended);
    last.child.kill('SIGTERM');
    expect(await last.ended).toMatchObject({ status: 0 });
    expect(await contentsOf(store)).toEqual(expected);
    expect((await store.checkpoints()).size).toBeGreaterThanOrEqual(logs.length);
  } finally {
    cluster.close();
    await place.destroy();
  }
});

test('two collectors at the same time, half of the logs each: the same traces as one', async () => {
  const recording = join(import.meta.dirname, '../vectors/fabric-v3.1.5');
  const logs = readdirSync(join(recording, 'logs'))
    .toSorted()
    .map((name) => join(recording, 'logs', name));
  const blocks = join(recording, 'blocks');
  const one = await openStore('sqlite::memory:');
  const place = storePlace(inject('elasticsearchUrl'));
  try {
    await importInto(one, [...logs, blocks]);
    const [left, right] = [await place.open(), await place.open()];
    // Block after block from both sides, so that the records of one trace come from both at the same time.
    await Promise.all([
      importInto(left, [...logs.filter((_, n) => n % 2 === 0), blocks]),
      importInto(
        right,
        logs.filter((_, n) => n % 2 === 1),
      ),
    ]);
    const reader = await place.open();
    const expected = await apiAnswers(one);
    const found = await apiAnswers(reader);
    for (const [path, text] of expected) expect({ path, text: found.get(path) }).toEqual({ path, text });
  } finally {
    await one.close();
    await place.destroy();
  }
});

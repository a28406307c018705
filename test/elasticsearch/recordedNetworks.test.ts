import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, inject, test } from 'vitest';
import { importAll } from '#collector/collector.ts';
import { openStore } from '#trace/store/openStore.ts';
import type { TraceStore } from '#trace/store/traceStore.ts';
import { apiAnswers } from './apiAnswers.ts';
import { storePlace } from './freshStore.ts';

/** How many records were new, and how many known. */
async function importInto(store: TraceStore, folder: string): Promise<readonly [number, number]> {
  const { errors, added, known } = await importAll(
    { paths: [join(folder, 'logs'), join(folder, 'blocks')] },
    { store, logger: pino({ level: 'silent' }), registry: new Registry() },
  );
  expect(errors).toEqual([]);
  return [added, known];
}

test.each(['fabric-v3.1.5', 'fabric-v2.5.9', 'field-two-channels'])(
  '%s: the API says the same of both stores, letter by letter',
  async (recording) => {
    const folder = join(import.meta.dirname, '../vectors', recording);
    const work = mkdtempSync(join(tmpdir(), 'ftl-both-'));
    const place = storePlace(inject('elasticsearchUrl'));
    const sqlite = await openStore(`sqlite:${join(work, 'ftl.db')}`);
    try {
      const elasticsearch = await place.open();
      expect(await importInto(elasticsearch, folder)).toEqual(await importInto(sqlite, folder));
      expect(await importInto(elasticsearch, folder)).toEqual(await importInto(sqlite, folder));
      const expected = await apiAnswers(sqlite);
      const found = await apiAnswers(elasticsearch);
      expect(expected.size).toBeGreaterThan(100);
      expect([...found.keys()]).toEqual([...expected.keys()]);
      for (const [path, text] of expected) expect({ path, text: found.get(path) }).toEqual({ path, text });
    } finally {
      await sqlite.close();
      await place.destroy();
      rmSync(work, { recursive: true, force: true });
    }
  },
);

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { importAll } from '#collector/collector.ts';
import { openStore } from '#trace/store/openStore.ts';
import type { TraceStore } from '#trace/store/traceStore.ts';
import { generateRecords } from '../perf/generateRecords.ts';
import { type Contents, contentsOf } from './contents.ts';

/** Record streams of a network's nodes, a file each, of `count` records in all; their paths. */
export function writeOwnLogs(folder: string, count: number): string[] {
  mkdirSync(folder, { recursive: true });
  const lines = new Map<string, string[]>();
  for (const batch of generateRecords(count, 1000)) {
    for (const { record } of batch) {
      const name = record['service.node.name'] ?? 'blocks';
      const list = lines.get(name) ?? [];
      lines.set(name, list);
      list.push(JSON.stringify(record));
    }
  }
  return [...lines].map(([name, all]) => {
    const path = join(folder, `${name}.log`);
    writeFileSync(path, `${all.join('\n')}\n`);
    return path;
  });
}

export async function importInto(store: TraceStore, paths: readonly string[]): Promise<void> {
  const { errors } = await importAll({ paths }, { store, logger: pino({ level: 'silent' }), registry: new Registry() });
  if (errors.length > 0) throw new Error(`not imported: ${JSON.stringify(errors)}`);
}

/** What must be in a store that has these logs: as an undisturbed import into a file finds it. */
export async function expectedContents(paths: readonly string[]): Promise<Contents> {
  const store = await openStore('sqlite::memory:');
  try {
    await importInto(store, paths);
    return await contentsOf(store);
  } finally {
    await store.close();
  }
}

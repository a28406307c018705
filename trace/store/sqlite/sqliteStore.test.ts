import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { traceStoreConformance } from '../conformance.ts';
import type { TraceStore } from '../traceStore.ts';
import { openSqliteStore } from './sqliteStore.ts';

traceStoreConformance('SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ftl-store-'));
  const open: TraceStore[] = [];
  return {
    async open() {
      const store = await openSqliteStore(join(folder, 'store', 'traces.db'));
      open.push(store);
      return store;
    },
    async destroy() {
      for (const store of open) await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
});

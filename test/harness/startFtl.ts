import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runFtl } from './ftlProcess.ts';
import { spawnServing } from './servingFtl.ts';

export interface StartedFtl {
  readonly url: string;
  readonly store: string;
  stop(): Promise<void>;
}

/** Imports these files and folders into a new store and serves it with a real `ftl start` on a free port. */
export async function startFtl(input: {
  readonly imports: readonly string[];
  readonly arguments?: readonly string[];
}): Promise<StartedFtl> {
  const folder = mkdtempSync(join(tmpdir(), 'ftl-e2e-'));
  const store = `sqlite:${join(folder, 'ftl.db')}`;
  if (input.imports.length > 0) {
    const imported = await runFtl(['import', '--quiet', '--store', store, ...input.imports]);
    if (imported.status !== 0) throw new Error(`import failed: ${imported.stderr}${imported.stdout}`);
  }
  const ftl = spawnServing(['start', '--store', store, ...(input.arguments ?? [])]);
  return {
    url: await ftl.url,
    store,
    async stop() {
      await ftl.end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

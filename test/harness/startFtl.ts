import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished, runFtl, spawnFtl } from './ftlProcess.ts';

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
  const child = spawnFtl(['start', '--store', store, '--port', '0', '--no-open', ...(input.arguments ?? [])]);
  const ended = finished(child);
  const { promise: url, resolve, reject } = Promise.withResolvers<string>();
  let printed = '';
  child.stdout?.on('data', (text: Buffer | string) => {
    printed += String(text);
    const found = /FTL is at (http:\/\/\S+)/.exec(printed)?.[1];
    if (found !== undefined) resolve(found);
  });
  void ended.then((result) =>
    reject(new Error(`ftl start ended with ${result.status}: ${result.stdout}${result.stderr}`)),
  );
  return {
    url: await url,
    store,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

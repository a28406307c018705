import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LevelStateDatabase } from './levelStateDatabase.ts';

const KEYS = 100;
const WRITER = join(import.meta.dirname, 'killedWriter.ts');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ftl-kill-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Lets the writer go on for `blocks` blocks, then kills it; gives the last block that it knew to be written. */
async function writeAndKill(blocks: number): Promise<number> {
  const child = spawn(process.execPath, [WRITER, folder, String(KEYS)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let text = '';
  for await (const chunk of child.stdout) {
    text += String(chunk);
    if (text.split('\n').length > blocks) {
      child.kill('SIGKILL');
      break;
    }
  }
  await ended;
  return Number(text.slice(0, text.lastIndexOf('\n')).split('\n').at(-1));
}

it('a writer killed at any moment leaves whole blocks, and every block that it knew to be written', async () => {
  let last = -1;
  for (const blocks of [1, 7, 40, 3, 200]) {
    const known = await writeAndKill(blocks);
    await using state = await LevelStateDatabase.open(folder);
    const savepoint = await state.savepoint();
    expect(savepoint?.block).toBeGreaterThanOrEqual(known);
    expect(known).toBeGreaterThan(last);
    last = savepoint?.block ?? -1;
    const { entries } = await state.page('ns', '', '', 0);
    expect(entries).toHaveLength(KEYS + 1);
    expect(new Set(entries.map(({ version }) => version.block))).toEqual(new Set([last]));
    expect(entries.at(-1)?.key).toBe(`only${last}`);
  }
});

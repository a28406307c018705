import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const GUARD = fileURLToPath(new URL('../harness/orphanGuard.ts', import.meta.url));

/** Starts two processes as a server's launcher does, with a guard, and tells their group. */
const PARENT = `
const { spawn } = require('node:child_process');
const [folder, how] = process.argv.slice(1);
const child = spawn('bash', ['-c', 'sleep 600 & sleep 600'], { detached: true, stdio: 'ignore' });
import(${JSON.stringify(GUARD)}).then(async ({ OrphanGuard }) => {
  const guard = new OrphanGuard(child.pid, folder);
  if (how === 'kill') await guard.kill();
  process.stdout.write(child.pid + '\\n');
});
`;

function isAlive(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch {
    return false;
  }
}

async function parent(
  how: string,
): Promise<{ readonly folder: string; readonly group: number; readonly end: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'ftl-guard-'));
  const child = spawn(process.execPath, ['-e', PARENT, folder, how], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [printed] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    folder,
    group: Number(printed.toString()),
    end: async () => {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
  };
}

it('kills a group whose parent was killed with kill -9, and removes its folder', async () => {
  const { folder, group, end } = await parent('wait');
  expect(isAlive(group)).toBe(true);
  await end();
  await expect.poll(() => isAlive(group), { timeout: 20_000 }).toBe(false);
  await expect.poll(() => existsSync(folder), { timeout: 20_000 }).toBe(false);
});

it('kills it when it is told to, and leaves the folder', async () => {
  const { folder, group, end } = await parent('kill');
  expect(isAlive(group)).toBe(false);
  await end();
  expect(existsSync(folder)).toBe(true);
  rmSync(folder, { recursive: true });
});

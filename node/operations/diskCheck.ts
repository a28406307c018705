import { randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { FailedCheck, HealthCheck } from './healthChecks.ts';

/** Anybody may ask for a node's health: the disk is not written to more often than this. */
const REMEMBERED_MS = 1000;
/** A block of the file system: less might go into one that is there. */
const PROBE = new Uint8Array(4096).fill(1);

/** Whether the folder of a node's ledgers takes what is written to it: a small file is written, synchronised and deleted. */
export function diskCheck(component: string, folder: string, now: () => number = Date.now): HealthCheck {
  let last: { readonly at: number; readonly result: Promise<readonly FailedCheck[]> } | null = null;
  return () => {
    if (last === null || now() - last.at >= REMEMBERED_MS) {
      last = { at: now(), result: probe(component, folder) };
    }
    return last.result;
  };
}

async function probe(component: string, folder: string): Promise<readonly FailedCheck[]> {
  const path = join(folder, `.healthz-${randomUUID()}`);
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(PROBE);
      await file.datasync();
    } finally {
      await file.close();
      await rm(path, { force: true });
    }
    return [];
  } catch (error) {
    return [{ component, reason: `${folder} cannot be written to: ${(error as Error).message}` }];
  }
}

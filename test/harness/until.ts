import { setTimeout as delay } from 'node:timers/promises';

const PAUSE_MS = 2;

/** Resolves when it is so; a test that waits in vain ends by its own limit. */
export async function until(so: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await so())) await delay(PAUSE_MS);
}

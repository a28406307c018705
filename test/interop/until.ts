import { setTimeout as delay } from 'node:timers/promises';

const LIMIT_MS = 60_000;
const PAUSE_MS = 100;

/**
 * Waits for something that processes bring about by themselves.
 * @throws Error after a minute; whatever the condition throws with the cause `final`, at once
 */
export async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + LIMIT_MS;
  let last: unknown;
  while (performance.now() < deadline) {
    try {
      if (await holds()) {
        return;
      }
    } catch (error) {
      last = error;
      if (error instanceof Error && error.cause === 'final') {
        throw error;
      }
    }
    await delay(PAUSE_MS);
  }
  throw new Error(`not within ${LIMIT_MS / 1000} s: ${what}`, { cause: last });
}

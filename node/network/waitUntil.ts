import { setTimeout as delay } from 'node:timers/promises';
import { NetworkError } from './networkError.ts';

export interface WaitOptions {
  /** For the message: `<what> is not ready`. */
  readonly what: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Settles when waiting has become useless, with the reason. */
  readonly ended?: Promise<string>;
  /** More for the message. */
  readonly explain?: () => string;
}

const RETRY_MS = 100;

/**
 * Asks again and again until the question is answered without an error.
 * @throws NetworkError `not_ready` with the last error; the signal's reason
 */
export async function waitUntil<T>(ask: () => Promise<T>, options: WaitOptions): Promise<T> {
  const { what, timeoutMs, signal, ended, explain } = options;
  const deadline = Date.now() + timeoutMs;
  let over: string | null = null;
  const notice = async (): Promise<void> => {
    over = (await ended) ?? null;
  };
  void notice();
  for (;;) {
    signal.throwIfAborted();
    try {
      return await ask();
    } catch (cause) {
      signal.throwIfAborted();
      if (over !== null || Date.now() > deadline) {
        const reason = over ?? (cause instanceof Error ? cause.message : String(cause));
        const more = explain === undefined ? '' : `; ${explain()}`;
        throw new NetworkError('not_ready', `${what} is not ready: ${reason}${more}`, { cause });
      }
    }
    await delay(RETRY_MS, undefined, { signal }).catch(() => {});
  }
}

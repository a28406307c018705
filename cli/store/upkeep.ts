import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { TraceStore } from '#trace/store/traceStore.ts';

export interface UpkeepOptions {
  /** Whether others (a Logstash, collectors elsewhere) write into the store as well: then what they write is summarised here too. */
  readonly isShared: boolean;
  /** How long records are kept, milliseconds; null for ever. */
  readonly keepMs: number | null;
  /** Between two looks for what others have written, milliseconds (1,000). */
  readonly summariesMs?: number;
  /** Between two looks for what is too old, milliseconds (ten minutes). */
  readonly retentionMs?: number;
}

export interface UpkeepModules {
  readonly store: Pick<TraceStore, 'refresh' | 'dropBefore'>;
  readonly logger: Logger;
}

const SUMMARIES_MS = 1000;
const RETENTION_MS = 600_000;
/** While there is more to summarise, the next look follows at once; a failing store is asked this seldom. */
const LONGEST_PAUSE_MS = 30_000;
/** Summaries of one go: whoever collects in this process waits for its turn. */
const AT_ONCE = 500;

/**
 * What a store needs beside those who write and read it: summaries of what others have put there, and an end for what is too old.
 * Each of several processes may do so; the store sees to it that one does the work. Ends with the returned function; what is under
 * way then ends with the store.
 */
export function startUpkeep(options: UpkeepOptions, modules: UpkeepModules): () => void {
  const ending = new AbortController();
  if (options.isShared) void keepSummaries(options, modules, ending.signal);
  if (options.keepMs !== null) void keepYoung(options, options.keepMs, modules, ending.signal);
  return () => ending.abort();
}

async function keepSummaries(
  options: UpkeepOptions,
  { store, logger }: UpkeepModules,
  end: AbortSignal,
): Promise<void> {
  const every = options.summariesMs ?? SUMMARIES_MS;
  let failures = 0;
  while (!end.aborted) {
    let pause = every;
    try {
      const { remaining } = await store.refresh({ limit: AT_ONCE });
      if (remaining > 0) pause = 1;
      if (failures > 0) logger.info('summaries are made again');
      failures = 0;
    } catch (error) {
      if (end.aborted) return;
      // Once: whatever it is, it will be the same the next time.
      const level = failures++ === 0 ? 'warn' : 'debug';
      logger[level]({ err: error }, 'what others have written could not be summarised, trying again');
      pause = Math.min(LONGEST_PAUSE_MS, every * 2 ** Math.min(failures, 16));
    }
    await pauseFor(pause, end);
  }
}

async function keepYoung(
  { retentionMs = RETENTION_MS }: UpkeepOptions,
  keepMs: number,
  { store, logger }: UpkeepModules,
  end: AbortSignal,
): Promise<void> {
  while (!end.aborted) {
    try {
      const { records, traces } = await store.dropBefore(new Date(Date.now() - keepMs).toISOString());
      if (records > 0) logger.info({ records, traces }, 'dropped what is older than the retention');
    } catch (error) {
      if (end.aborted) return;
      logger.error({ err: error }, 'retention failed; it is tried again later');
    }
    await pauseFor(retentionMs, end);
  }
}

async function pauseFor(ms: number, end: AbortSignal): Promise<void> {
  // Rejects only at the end.
  await sleep(ms, undefined, { signal: end, ref: false }).catch(() => undefined);
}

import type { ChannelBundle } from '#node/channel/bundle.ts';
import type { BlockView } from '#node/protos/blockView.ts';
import { HeaderReceiver } from './headerReceiver.ts';
import type { OrdererEndpoint } from './ordererEndpoints.ts';
import { sleep } from './sleep.ts';

export interface CensorshipOptions {
  /** How long another orderer may be ahead (`peer.deliveryclient.blockCensorshipTimeoutKey`). */
  readonly timeoutMs: number;
  readonly minRetryMs: number;
  readonly maxRetryMs: number;
}

export interface CensorshipModules {
  /** The orderers that blocks are not pulled from. */
  readonly others: readonly OrdererEndpoint[];
  /** The configuration in force. */
  readonly bundle: () => ChannelBundle;
  /** The next block, and since when it is waited for; null while it is not: what the peer itself is slow with nobody holds back. */
  readonly progress: () => { readonly next: number; readonly waitingSince: number | null };
  readonly headers: (endpoint: OrdererEndpoint, from: number, signal: AbortSignal) => AsyncIterable<BlockView>;
  readonly now: () => number;
}

/**
 * Watches whether the orderer that blocks come from keeps one back: the others are asked for their headers, and one of them proves a block
 * that has not come for too long (Fabric, `BFTCensorshipMonitor`).
 *
 * @returns what it found; null when the signal ended it
 */
export async function watchForCensorship(
  options: CensorshipOptions,
  modules: CensorshipModules,
  signal: AbortSignal,
): Promise<string | null> {
  const done = new AbortController();
  const stop = (): void => done.abort();
  signal.addEventListener('abort', stop, { once: true });
  const seen = modules.others.map((endpoint) => ({ endpoint, receiver: new HeaderReceiver(modules.bundle()) }));
  const receiving = seen.map((one) => receive(one, options, modules, done.signal));
  try {
    while (!signal.aborted) {
      const { next, waitingSince } = modules.progress();
      const ahead = seen.find(({ receiver: { last } }) => {
        const since = Math.max(waitingSince ?? Number.POSITIVE_INFINITY, last?.at ?? 0);
        return last !== null && last.number >= next && modules.now() - since > options.timeoutMs;
      });
      if (ahead !== undefined) {
        const { address } = ahead.endpoint;
        return `${address} has block ${ahead.receiver.last?.number}, block ${next} has not come for ${options.timeoutMs} ms`;
      }
      await sleep(Math.max(1, options.timeoutMs / 100), signal);
    }
    return null;
  } finally {
    signal.removeEventListener('abort', stop);
    done.abort();
    await Promise.all(receiving);
  }
}

/** Tries again and again, less often with each failure; never rejects. */
async function receive(
  one: { readonly endpoint: OrdererEndpoint; readonly receiver: HeaderReceiver },
  options: CensorshipOptions,
  modules: CensorshipModules,
  signal: AbortSignal,
): Promise<void> {
  const { endpoint, receiver } = one;
  for (let failures = 0; !signal.aborted; failures++) {
    const before = receiver.last;
    const from = Math.max(modules.progress().next, (before?.number ?? -1) + 1);
    try {
      await receiver.follow(modules.headers(endpoint, from, signal), from, modules.bundle(), modules.now);
    } catch {
      // An orderer that sends what proves nothing is one that is not there.
    }
    if (receiver.last !== before) {
      failures = 0;
    }
    await sleep(Math.min(options.maxRetryMs, options.minRetryMs * 2 ** failures), signal);
  }
}

import type { NetworkFolder } from '#node/network/networkFolder.ts';
import { type Finished, finished, type RunOptions, spawnFtl } from './ftlProcess.ts';

/** An `ftl start` or `ftl serve` on a free port. */
export interface ServingFtl {
  /** Without a slash at its end. Rejects, with all that it said, where it ends before it serves. */
  readonly url: Promise<string>;
  /** What it has said so far. */
  readonly printed: () => string;
  /** As an operator does, unless another signal is named. May be called again. */
  readonly end: (signal?: NodeJS.Signals) => Promise<Finished>;
}

/** Starts the real `ftl`; the caller ends it, whether or not it came to serve. */
export function spawnServing(args: readonly string[], options?: RunOptions): ServingFtl {
  const child = spawnFtl([...args, '--port', '0', '--no-open'], options);
  const ended = finished(child);
  const { promise: url, resolve, reject } = Promise.withResolvers<string>();
  let printed = '';
  child.stdout?.on('data', (text: string) => {
    printed += text;
    const found = /FTL is at (http:\/\/\S+)/.exec(printed)?.[1];
    if (found !== undefined) resolve(found);
  });
  void ended.then(({ status, stdout, stderr }) =>
    reject(new Error(`ftl ${args[0]} ended with ${status}: ${stdout}${stderr}`)),
  );
  // Whoever only ends it has not asked for this.
  url.catch(() => {});
  return {
    url,
    printed: () => printed,
    end(signal = 'SIGTERM') {
      child.kill(signal);
      return ended;
    },
  };
}

/** By which `ftl start` follows the nodes of a network: their records from the first on, who they are, and their blocks. */
export function following({ records, nodes, deliver }: NetworkFolder): string[] {
  return ['--logs', records, '--nodes', nodes, '--deliver', deliver, '--from', 'beginning'];
}

import { resolve } from 'node:path';
import { connect } from '#node/grpc/grpcClient.ts';
import type { Layout } from '#node/network/layout.ts';
import { NetworkFolder } from '#node/network/networkFolder.ts';
import { HOST } from '#node/network/ports.ts';
import { upNetwork } from '#node/network/upNetwork.ts';
import { bringInto } from './create.ts';
import { NODE_COMMANDS } from './nodeCommands.ts';

const print = (line: string): void => void process.stdout.write(`${line}\n`);

export async function upCommandRun(dir: string, layoutFile: string | undefined): Promise<void> {
  const stop = new AbortController();
  const onSignal = (): void => stop.abort(new Error('interrupted'));
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    const layout = await bringUp(dir, layoutFile, stop.signal, print);
    for (const line of addresses(layout)) {
      print(line);
    }
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

/**
 * Makes the network where there is none, and brings it up.
 * @throws NetworkError, ClientError; the signal's reason
 */
export async function bringUp(
  dir: string,
  layoutFile: string | undefined,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<Layout> {
  const folder = new NetworkFolder(resolve(dir));
  const begin = performance.now();
  await bringInto(folder, layoutFile, say);
  const onProgress = (step: string): void => {
    const seconds = ((performance.now() - begin) / 1000).toFixed(1);
    say(`${seconds.padStart(6)} s  ${step}`);
  };
  return upNetwork({ folder, commands: NODE_COMMANDS }, { connect, onProgress }, signal);
}

function addresses({ organizations }: Layout): readonly string[] {
  const nodes = organizations.flatMap((one) => [...one.orderers, ...one.peers]);
  const width = Math.max(...nodes.map(({ host }) => host.length));
  return nodes.map(({ host, port }) => `  ${host.padEnd(width)}  ${HOST}:${port}`);
}

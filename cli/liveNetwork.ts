import { connect } from '#node/grpc/grpcClient.ts';
import { NetworkConnections } from '#node/network/connections.ts';
import { downNetwork } from '#node/network/downNetwork.ts';
import type { Layout } from '#node/network/layout.ts';
import { DEFAULT_MIX } from '#node/network/load/mix.ts';
import { networkLoad } from '#node/network/load/networkLoad.ts';
import type { NetworkFolder } from '#node/network/networkFolder.ts';
import { upNetwork } from '#node/network/upNetwork.ts';
import { NODE_COMMANDS } from './network/nodeCommands.ts';

/** Operations a second: something always happens, and a laptop does not notice. */
const GENTLE_RATE = 3;
const IN_FLIGHT = 20;
const TRANSACTION_MS = 30_000;

/**
 * Brings a network up and keeps it busy until the signal says stop; then ends all of it. Whatever was on its way is waited for.
 * @param say told what is being done
 * @throws NetworkError, ClientError where it does not come up; nothing runs then either
 */
export async function runLiveNetwork(
  folder: NetworkFolder,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<void> {
  try {
    const layout = await upNetwork({ folder, commands: NODE_COMMANDS }, { connect, onProgress: say }, signal);
    await keepBusy(folder, layout, signal);
  } catch (error) {
    if (!signal.aborted) {
      throw error;
    }
  } finally {
    await downNetwork(folder);
  }
}

async function keepBusy(folder: NetworkFolder, layout: Layout, signal: AbortSignal): Promise<void> {
  const [channel] = layout.channels;
  const sample = layout.chaincodes.find(
    ({ path, channels }) => path === null && channels.includes(channel?.name ?? ''),
  );
  if (channel === undefined || sample === undefined) {
    return aborted(signal);
  }
  const connections = new NetworkConnections({ folder, layout }, { connect });
  try {
    const load = await networkLoad(
      {
        channelId: channel.name,
        chaincode: sample.name,
        mix: DEFAULT_MIX,
        rate: GENTLE_RATE,
        inFlight: IN_FLIGHT,
        count: null,
        durationMs: null,
        timeoutMs: TRANSACTION_MS,
      },
      connections,
      signal,
    );
    await load.run(signal);
  } finally {
    await connections.close();
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => resolve(), { once: true });
  if (!signal.aborted) {
    await promise;
  }
}

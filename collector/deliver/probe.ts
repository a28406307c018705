import { messageOf } from '../errors.ts';
import { BlockConnection } from './blockConnection.ts';
import type { DeliverTarget } from './targets.ts';

export interface DeliverProbe {
  readonly ok: boolean;
  /** One sentence for the operator. */
  readonly text: string;
}

const TIMEOUT_MS = 10_000;

/** Asks a node for the newest block of each channel that is to be followed, to tell whether that will go. */
export async function probeTarget(target: DeliverTarget, timeoutMs: number = TIMEOUT_MS): Promise<DeliverProbe[]> {
  const { address, channels, mspId } = target;
  try {
    using connection = new BlockConnection(target);
    const probes: DeliverProbe[] = [];
    for (const channel of channels) probes.push(await probeChannel(connection, target, channel, timeoutMs));
    return probes;
  } catch (error) {
    return [{ ok: false, text: `blocks of ${channels.join(', ')} at ${address} as ${mspId}: ${messageOf(error)}` }];
  }
}

async function probeChannel(
  connection: BlockConnection,
  { address, mspId }: DeliverTarget,
  channel: string,
  timeoutMs: number,
): Promise<DeliverProbe> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const newest = await connection.newest(channel, signal);
    return { ok: true, text: `blocks of ${channel} at ${address} as ${mspId}: 0 to ${newest} are there` };
  } catch (error) {
    const why = signal.aborted ? `no answer within ${timeoutMs / 1000} s` : messageOf(error);
    return { ok: false, text: `blocks of ${channel} at ${address}: ${why}` };
  }
}

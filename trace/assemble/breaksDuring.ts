import type { Network } from '../network/network.ts';
import type { StreamBreak } from '../network/streamBreaks.ts';
import type { Trace } from '../trace.ts';
import { channelPeers } from './networkIndex.ts';
import { parseMicros } from './time.ts';

/** How long after its last sign of life an unfinished transaction may still have left traces that are gone. */
const AFTERMATH_US = 10_000_000;

type Known = Pick<
  Trace,
  'channel' | 'startedAt' | 'endedAt' | 'block' | 'participants' | 'missing' | 'unobserved' | 'clockOffsets'
>;

/**
 * The breaks in record streams that may have taken something from this trace or put something into it: those of the nodes that
 * took part or should have, while the transaction was on its way.
 */
export function breaksDuring(trace: Known, network: Network): StreamBreak[] {
  const { startedAt, endedAt, channel } = trace;
  const first = startedAt ?? endedAt;
  if (network.streamBreaks.length === 0 || first === null) return [];
  const from = parseMicros(first);
  const to = parseMicros(endedAt ?? first);
  const absent = new Set([...trace.missing, ...trace.unobserved]);
  const peers = new Set([...trace.participants.map(({ id }) => id), ...absent, ...channelPeers(network, channel)]);
  const orderers = new Set(network.nodes.filter(({ kind }) => kind === 'orderer').map(({ id }) => id));
  return network.streamBreaks.filter(({ node, since, until }) => {
    if (!peers.has(node) && !orderers.has(node)) return false;
    const offset = trace.clockOffsets[node] ?? 0;
    const end = trace.block === null || absent.has(node) ? to + AFTERMATH_US : to;
    return parseMicros(since) + offset <= end && parseMicros(until) + offset >= from;
  });
}

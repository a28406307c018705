import type { Entry } from '../entry.ts';
import { blockNumberOf, makeRecord, remote } from '../record.ts';
import type { LoggerRules, Outcome } from '../rule.ts';
import type { FabricState } from '../state.ts';
import { bftProviderRules, blockReceiverRules } from './deliverBft.ts';

/** Blocks on their way from an orderer to a peer, as either end tells it. */
export const deliverRules: Readonly<Record<string, LoggerRules>> = {
  'peer.blocksprovider': {
    kind: 'peer',
    rules: [
      { starts: 'Handled block ', apply: handled },
      { starts: 'Pulling next blocks from ordering service', apply: subscribed },
      // 3.x, which does not say from which block on.
      { starts: 'BlockReceiver starting', apply: subscribed },
      // 2.x has no line for a handled block.
      { starts: 'Adding payload to local buffer, blockNum = [', apply: added },
      ...bftProviderRules,
    ],
  },
  BlockReceiver: blockReceiverRules,
  'common.deliver': {
    rules: [{ starts: '[channel: ', has: '] Delivering block [', wanted: atOrderer, apply: delivering }],
  },
};

function subscribed(entry: Entry, state: FabricState): Outcome {
  const channel = entry.field('channel');
  const address = entry.field('orderer-address');
  if (channel === undefined || channel === '' || address === undefined || address === '') return 'unreadable';
  state.orderers.set(channel, address);
  const height = state.heights.get(channel);
  const next = blockNumberOf(entry.field('nextBlock')) ?? (height === undefined ? undefined : height + 1);
  return makeRecord(entry, state, 'deliver.subscribe', {
    channel,
    sender: { kind: 'orderer', address },
    receiver: state.self(),
    ...(next === undefined ? {} : { block: { number: next } }),
  });
}

function handled(entry: Entry, state: FabricState): Outcome {
  const number = blockNumberOf(/^Handled block (\d+)/.exec(entry.message)?.[1]);
  const channel = entry.field('channel');
  if (number === undefined || channel === undefined || channel === '') return 'unreadable';
  return arrived(entry, state, channel, number, entry.field('orderer-address'));
}

function added(entry: Entry, state: FabricState): Outcome {
  // 3.x writes the same words in another place, and then says that the block is handled.
  if (!entry.caller.startsWith('blocksprovider/blocksprovider.go') && entry.caller !== 'processMsg') return undefined;
  const number = blockNumberOf(/blockNum = \[(\d+)\]/.exec(entry.message)?.[1]);
  const channel = entry.field('channel');
  if (number === undefined || channel === undefined || channel === '') return 'unreadable';
  return arrived(entry, state, channel, number, state.orderers.get(channel));
}

function arrived(
  entry: Entry,
  state: FabricState,
  channel: string,
  number: number,
  address: string | undefined,
): Outcome {
  return makeRecord(entry, state, 'deliver.block', {
    channel,
    block: { number },
    ...(address === undefined || address === '' ? {} : { sender: { kind: 'orderer', address } }),
    receiver: state.self(),
  });
}

/** A peer has the same logger for the event streams of its clients, which move no block between nodes. */
function atOrderer(_line: string, _at: number, state: FabricState): boolean {
  return state.kind === 'orderer';
}

function delivering(entry: Entry, state: FabricState): Outcome {
  const match = /^\[channel: ([^\]]+)\] Delivering block \[(\d+)\] .*for (\S+)$/.exec(entry.message);
  const number = blockNumberOf(match?.[2]);
  if (match === null || number === undefined) return 'unreadable';
  return makeRecord(entry, state, 'deliver.send', {
    channel: match[1],
    block: { number },
    sender: state.self(),
    receiver: { kind: 'peer', ...remote(state, match[3] as string) },
  });
}

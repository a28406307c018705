import type { TraceRecord } from '#trace/record.ts';
import type { Entry } from '../entry.ts';
import { blockNumberOf, makeRecord } from '../record.ts';
import type { LoggerRules, Outcome, Rule } from '../rule.ts';
import type { FabricState, Pulling } from '../state.ts';

/**
 * A peer that pulls the blocks of a channel with BFT consensus (3.0 and newer). The logger that names the orderer names no
 * channel: the channel's own logger has told just before that it is about to connect. An orderer has the logger too.
 */
export const blockReceiverRules: LoggerRules = {
  rules: [{ starts: 'BlockReceiver starting', wanted: (_line, _at, state) => state.kind === 'peer', apply: connected }],
};

/** Lines of `peer.blocksprovider` that only a BFT channel has. */
export const bftProviderRules: readonly Rule[] = [
  { starts: 'Refreshed endpoints: [', apply: shuffled },
  { starts: 'Failed to fetch blocks, count=', apply: retrying },
  { starts: 'Stopping to DeliverBlocks on channel ', apply: stopped },
  { starts: 'onBlockProcessingSuccess: ', wanted: isNumbered, apply: processed },
];

const MAX_CHANNELS = 64;
const MAX_SOURCES = 64;

/** The orderers in the order in which the channel will try them, and that it begins with the first. */
function shuffled(entry: Entry, state: FabricState): Outcome {
  const channel = entry.field('channel');
  if (channel === undefined || channel === '') return 'unreadable';
  const sources = [...entry.message.matchAll(/Address: ([^\s,]+)/g)]
    .slice(0, MAX_SOURCES)
    .map((match) => match[1] as string);
  wait(state, { channel, sources, next: 0, waits: true });
  return undefined;
}

/** Whatever went wrong, the next orderer's turn has come. */
function retrying(entry: Entry, state: FabricState): Outcome {
  const channel = entry.field('channel');
  if (channel === undefined || channel === '') return 'unreadable';
  const known = state.pulling.find((one) => one.channel === channel);
  const sources = known?.sources ?? [];
  wait(state, {
    channel,
    sources,
    next: known === undefined ? 0 : (known.next + 1) % (sources.length || 1),
    waits: true,
  });
  return undefined;
}

function wait(state: FabricState, pulling: Pulling): void {
  state.pulling = [
    ...state.pulling.filter(({ channel }) => channel !== pulling.channel).slice(1 - MAX_CHANNELS),
    pulling,
  ];
}

function stopped(entry: Entry, state: FabricState): Outcome {
  const channel = entry.field('channel');
  if (channel === undefined || channel === '') return 'unreadable';
  state.pulling = state.pulling.filter((one) => one.channel !== channel);
  return undefined;
}

/**
 * A connection stands: that of the channel whose turn this orderer is. In a log that begins later than the peer the turns are
 * unknown; then it can be told only if one channel alone waits for a connection.
 */
function connected(entry: Entry, state: FabricState): Outcome {
  const address = entry.field('orderer-address');
  if (address === undefined || address === '') return 'unreadable';
  const waiting = state.pulling.filter(({ waits }) => waits);
  const whose =
    waiting.find(({ sources, next }) => sources[next] === address) ?? (waiting.length === 1 ? waiting[0] : undefined);
  if (whose === undefined) return undefined;
  const { channel, sources, next } = whose;
  const at = sources.indexOf(address);
  wait(state, { channel, sources, next: at < 0 ? next : at, waits: false });
  return subscription(entry, state, channel, address);
}

function subscription(entry: Entry, state: FabricState, channel: string, address: string): TraceRecord {
  state.orderers.set(channel, address);
  const height = state.heights.get(channel);
  return makeRecord(entry, state, 'deliver.subscribe', {
    channel,
    sender: { kind: 'orderer', address },
    receiver: state.self(),
    ...(height === undefined ? {} : { block: { number: height + 1 } }),
  });
}

const PROCESSED = /^onBlockProcessingSuccess: (\d+),/;

function isNumbered(line: string, at: number): boolean {
  return PROCESSED.test(line.slice(at, at + 60));
}

function processed(entry: Entry, state: FabricState): Outcome {
  const number = blockNumberOf(PROCESSED.exec(entry.message)?.[1]);
  const channel = entry.field('channel');
  if (number === undefined || channel === undefined || channel === '') return 'unreadable';
  const address = state.orderers.get(channel);
  return makeRecord(entry, state, 'deliver.block', {
    channel,
    block: { number },
    ...(address === undefined ? {} : { sender: { kind: 'orderer', address } }),
    receiver: state.self(),
  });
}

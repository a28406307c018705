import type { TraceRecord, TxRef } from '#trace/record.ts';
import type { Entry } from '../entry.ts';
import { blockNumberOf, makeRecord } from '../record.ts';
import type { LoggerRules, Outcome, Rule } from '../rule.ts';
import type { FabricState } from '../state.ts';

/** Blocks being made at an orderer, and who leads the consensus: Raft (2.2 and newer) and SmartBFT (3.0 and newer). */
export const consensusRules: Readonly<Record<string, LoggerRules>> = {
  'orderer.consensus.etcdraft': {
    kind: 'orderer',
    rules: [
      { starts: 'Writing block [', apply: (entry, state) => made(entry, state, 'written') },
      { starts: 'Created block [', apply: (entry, state) => made(entry, state, 'created') },
      { starts: 'Raft leader changed: ', apply: raftLeader },
      { starts: 'Detected configuration change', apply: configWritten },
    ],
  },
  'orderer.consensus.smartbft.chain': {
    kind: 'orderer',
    rules: [{ starts: 'Delivering proposal, writing block ', apply: bftWritten }],
  },
  'orderer.consensus.smartbft.consensus': {
    kind: 'orderer',
    rules: [
      { starts: 'Changing to ', has: ' role, current view: ', apply: bftLeader },
      { starts: 'Rotating leader from ', apply: bftLeader },
    ],
  },
  // The misspelling is that of 2.x.
  'orderer.common.multichannel': { kind: 'orderer', rules: [transitionRule()] },
  'orderer.commmon.multichannel': { kind: 'orderer', rules: [transitionRule()] },
  // The ledger's index, which a peer has too; there it tells nothing that the validation does not.
  blkstorage: {
    rules: [
      {
        starts: 'Indexing block [blockNum=',
        multiline: true,
        wanted: (_line, _at, state) => state.kind === 'orderer',
        apply: indexed,
      },
    ],
  },
};

const MAX_WRITING = 64;

/** The channel's block is about to be written: its entry in the index follows. */
function noteWriting(state: FabricState, number: number, channel: string): void {
  state.writing = [...state.writing.slice(1 - MAX_WRITING), { number, channel, config: false }];
}

function transitionRule(): Rule {
  return { starts: '[channel: ', has: '] Detected lastConfigSeq transitioning from ', apply: configTransition };
}

/** 3.x tells right after it began to write a block that this one changes the configuration. */
function configWritten(entry: Entry, state: FabricState): Outcome {
  const channel = entry.field('channel');
  const last = state.writing.findLast((block) => block.channel === channel);
  if (last !== undefined) markConfig(state, last.number, last.channel);
  return undefined;
}

function configTransition(entry: Entry, state: FabricState): Outcome {
  const match = /^\[channel: ([^\]]+)\] .* setting lastConfigBlockNum from \d+ to (\d+)/.exec(entry.message);
  const number = blockNumberOf(match?.[2]);
  if (match === null || number === undefined) return 'unreadable';
  markConfig(state, number, match[1] as string);
  return undefined;
}

function markConfig(state: FabricState, number: number, channel: string): void {
  state.writing = state.writing.map((block) =>
    block.number === number && block.channel === channel ? { number, channel, config: true } : block,
  );
}

function made(entry: Entry, state: FabricState, stage: 'created' | 'written'): Outcome {
  const number = blockNumberOf(/ block \[(\d+)\]/.exec(entry.message)?.[1]);
  const channel = entry.field('channel');
  if (number === undefined || channel === undefined || channel === '') return 'unreadable';
  if (stage === 'written') noteWriting(state, number, channel);
  const node = numberOf(entry.field('node'));
  return [
    ...seat(entry, state, channel, node),
    makeRecord(entry, state, 'order.block', {
      channel,
      block: { number },
      sender: state.self(),
      stage,
      ...consensusOf(node),
    }),
  ];
}

/**
 * The writer's own number among the channel's consenters, once: beside the configuration's list it tells which certificate is
 * behind the stream, even in a log that begins long after the start and the last change of leader.
 */
function seat(entry: Entry, state: FabricState, channel: string, node: number | undefined): TraceRecord[] {
  if (node === undefined || !state.isNew(`seat:${channel}/${node}:${state.name}`)) return [];
  return [makeRecord(entry, state, 'node.identity', { channel, sender: state.self(), ...consensusOf(node) })];
}

function raftLeader(entry: Entry, state: FabricState): Outcome {
  const leader = numberOf(/^Raft leader changed: \d+ -> (\d+)/.exec(entry.message)?.[1]);
  const channel = entry.field('channel');
  if (leader === undefined || channel === undefined || channel === '') return 'unreadable';
  return makeRecord(entry, state, 'leader.consensus', {
    channel,
    sender: state.self(),
    ...consensusOf(numberOf(entry.field('node')), leader),
  });
}

const BFT_WRITTEN = /^Delivering proposal, writing block (\d+) with (\d{1,9}) transactions .* node id (\d+)/;

function bftWritten(entry: Entry, state: FabricState): Outcome {
  const match = BFT_WRITTEN.exec(entry.message);
  const number = blockNumberOf(match?.[1]);
  const node = numberOf(match?.[3]);
  const channel = entry.field('channel');
  if (match === null || number === undefined || channel === undefined || channel === '') return 'unreadable';
  noteWriting(state, number, channel);
  if (node !== undefined) state.consenters.set(channel, node);
  return [
    ...seat(entry, state, channel, node),
    makeRecord(entry, state, 'order.block', {
      channel,
      block: { number },
      sender: state.self(),
      stage: 'written',
      tx_count: Number(match[2]),
      ...consensusOf(node),
    }),
  ];
}

function bftLeader(entry: Entry, state: FabricState): Outcome {
  const leader = numberOf(/(?:current leader: | to )(\d+)(?=\s|$)/.exec(entry.message)?.[1]);
  const channel = entry.field('channel');
  if (leader === undefined || channel === undefined || channel === '') return 'unreadable';
  // A leader's own word is the first that tells its number.
  if (entry.message.startsWith('Changing to leader role')) state.consenters.set(channel, leader);
  const view = numberOf(/current view: (\d+)/.exec(entry.message)?.[1]);
  const { consensus } = consensusOf(state.consenters.get(channel), leader);
  return makeRecord(entry, state, 'leader.consensus', {
    channel,
    sender: state.self(),
    consensus: { ...consensus, ...(view === undefined ? {} : { view }) },
  });
}

/** A consenter's number. Fabric's are 64 bits wide but count from 1. */
function numberOf(text: string | undefined): number | undefined {
  return blockNumberOf(text);
}

function consensusOf(node: number | undefined, leader?: number): { consensus?: { node?: number; leader?: number } } {
  if (node === undefined && leader === undefined) return {};
  return { consensus: { ...(node === undefined ? {} : { node }), ...(leader === undefined ? {} : { leader }) } };
}

const MAX_INDEXED = 100_000;

/** Which transactions a block holds: the only line of an orderer that ties IDs to a block. It names no channel. */
function indexed(entry: Entry, state: FabricState): Outcome {
  const match = /^Indexing block \[blockNum=(\d+), blockHash=\[\]byte\{([0-9a-fx, ]*)\} txOffsets=/.exec(entry.message);
  const number = blockNumberOf(match?.[1]);
  if (match === null || number === undefined) return 'unreadable';
  const writing = state.writing.filter((block) => block.number === number);
  const channel = writing[0]?.channel;
  if (channel === undefined || writing.some((block) => block.channel !== channel)) return undefined;
  const config = writing.some((block) => block.config);
  state.writing = state.writing.filter((block) => block.number !== number);
  const txs: TxRef[] = [];
  // A configuration update has no ID in its header; the index makes one up (of nonce and creator) that nothing else shows.
  for (const [, id] of entry.message.matchAll(/^txId=(\S*) locPointer=/gm)) {
    if (txs.length >= MAX_INDEXED) break;
    txs.push({ id: config || id === undefined || id === '' ? `block:${number}:${txs.length}` : id });
  }
  const hash = hexOf(match[2] as string);
  return makeRecord(entry, state, 'order.block', {
    channel,
    block: { number, ...(hash === undefined ? {} : { hash }) },
    sender: state.self(),
    stage: 'indexed',
    txs,
  });
}

/** 32 bytes as Go prints a byte slice's source form: `0x92, 0x7, …`. */
function hexOf(text: string): string | undefined {
  const bytes = text.split(',').map((byte) => /^0x([0-9a-f]{1,2})$/.exec(byte.trim())?.[1]?.padStart(2, '0'));
  return bytes.length === 32 && bytes.every((byte) => byte !== undefined) ? bytes.join('') : undefined;
}

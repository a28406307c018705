import type { Entry } from '../entry.ts';
import { blockNumberOf, errorOf, makeRecord, txIdOf } from '../record.ts';
import type { LoggerRules, Outcome } from '../rule.ts';
import type { FabricState } from '../state.ts';

/** Validation and commit at a peer. Every invalid transaction is named with its full ID and code at warn level. */
export const ledgerRules: Readonly<Record<string, LoggerRules>> = {
  kvledger: { kind: 'peer', rules: [{ starts: '[', has: '] Committed block [', apply: committed }] },
  'committer.txvalidator': {
    kind: 'peer',
    rules: [
      { starts: 'Validating Tx ', apply: validating },
      { starts: '[', has: '] Validated block [', apply: validated },
      { starts: 'Dispatch for transaction txId = ', apply: refused },
      // Channels with the capabilities of 1.4 and older.
      { starts: 'VSCCValidateTx for transaction txId = ', apply: refused },
      { starts: 'Duplicate txid ', apply: duplicate },
      { starts: 'Duplicate transaction found, ', apply: duplicate },
    ],
  },
  validation: {
    kind: 'peer',
    rules: [
      { starts: 'Block [', has: '] marked as invalid by ', apply: invalid },
      { starts: 'Channel [', has: ' marked as invalid by ', apply: invalid },
      { starts: 'Transaction invalidation due to ', apply: reason },
      // Up to 2.4 the reason stands at debug level, in these words.
      { starts: 'Version mismatch for key', apply: reason },
    ],
  },
};

const COMMITTED =
  /^\[([^\]]+)\] Committed block \[(\d+)\] with (\d{1,9}) transaction\(s\) in (\d{1,12})ms .*?commitHash=\[([0-9a-f]*)\]/;

function committed(entry: Entry, state: FabricState): Outcome {
  const match = COMMITTED.exec(entry.message);
  const number = blockNumberOf(match?.[2]);
  if (match === null || number === undefined) return 'unreadable';
  const channel = match[1] as string;
  const hash = match[5] as string;
  state.heights.set(channel, number);
  if (state.validated.get(channel) === number) state.validated.delete(channel);
  return makeRecord(entry, state, 'gossip.commit', {
    channel,
    block: { number },
    tx_count: Number(match[3]),
    duration_us: Number(match[4]) * 1000,
    // Empty for the genesis block, and for all blocks of channels from before 1.4.
    ...(hash === '' ? {} : { commit_hash: hash }),
    receiver: state.self(),
  });
}

function validated(entry: Entry, state: FabricState): Outcome {
  const match = /^\[([^\]]+)\] Validated block \[(\d+)\] in (\d{1,12})ms/.exec(entry.message);
  const number = blockNumberOf(match?.[2]);
  if (match === null || number === undefined) return 'unreadable';
  const channel = match[1] as string;
  state.validated.set(channel, number);
  return makeRecord(entry, state, 'validate.block', {
    channel,
    block: { number },
    duration_us: Number(match[3]) * 1000,
    receiver: state.self(),
  });
}

const VALIDATING = /^Validating Tx (\S+), seq (\d{1,9}) out of \d+ in block (\d+) for channel (\S+)/;

function validating(entry: Entry, state: FabricState): Outcome {
  const match = VALIDATING.exec(entry.message);
  const number = blockNumberOf(match?.[3]);
  const txId = txIdOf(match?.[1]);
  if (match === null || number === undefined || txId === undefined) return 'unreadable';
  return makeRecord(entry, state, 'validate.tx', {
    channel: match[4],
    tx_id: txId,
    block: { number },
    tx_index: Number(match[2]),
    receiver: state.self(),
  });
}

function refused(entry: Entry, state: FabricState): Outcome {
  const match = /^\w+ for transaction txId = (\S+) returned error: ([^]*)$/.exec(entry.message);
  const txId = txIdOf(match?.[1]);
  if (match === null || txId === undefined) return 'unreadable';
  const error = match[2] as string;
  // "… in tx 41:0 failed": block and position.
  const place = / in tx (\d+):(\d{1,9})\b/.exec(error);
  const number = blockNumberOf(place?.[1]);
  return makeRecord(entry, state, 'validate.tx', {
    tx_id: txId,
    ...(number === undefined ? {} : { block: { number }, tx_index: Number(place?.[2]) }),
    error: errorOf(error),
    receiver: state.self(),
  });
}

function duplicate(entry: Entry, state: FabricState): Outcome {
  const txId = txIdOf(/^Duplicate (?:txid|transaction found,) +(\S+) /.exec(entry.message)?.[1]);
  if (txId === undefined) return 'unreadable';
  return makeRecord(entry, state, 'validate.tx', {
    tx_id: txId,
    error: 'duplicate transaction ID',
    receiver: state.self(),
  });
}

/** The line before the verdict says what read is out of date. */
function reason(entry: Entry, state: FabricState): Outcome {
  const words = /^(?:Transaction invalidation due to )?([^]*?)(?= [A-Za-z]+=|$)/.exec(entry.message)?.[1] ?? '';
  const about = ['namespace', 'collection', 'key', 'keyHash', 'readVersion', 'readHashVersion', 'committedVersion']
    .map((name) => [name, entry.field(name)] as const)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${value as string}`);
  const text = errorOf(about.length === 0 ? words : `${words} (${about.join(', ')})`);
  // Two reasons in a row are of two channels that validate at once: which is whose, the log does not say.
  state.reason = state.reason === undefined ? text : null;
  return undefined;
}

const INVALID =
  /^(?:Channel \[([^\]]*)\]: )?Block \[(\d+)\] Transaction index \[(\d{1,9})\] TxId \[([^\]]*)\] marked as invalid by (?:state validator|committer)\. Reason code \[(\w+)\]/;

function invalid(entry: Entry, state: FabricState): Outcome {
  const match = INVALID.exec(entry.message);
  const number = blockNumberOf(match?.[2]);
  if (match === null || number === undefined) return 'unreadable';
  const channel = match[1] ?? channelValidating(state, number);
  const { reason: error } = state;
  const byState = match[1] === undefined;
  if (byState) state.reason = undefined;
  const index = Number(match[3]);
  return makeRecord(entry, state, 'validate.tx', {
    ...(channel === undefined || channel === '' ? {} : { channel }),
    tx_id: txIdOf(match[4]) ?? `block:${number}:${index}`,
    block: { number },
    tx_index: index,
    code: match[5],
    ...(byState && typeof error === 'string' ? { error } : {}),
    receiver: state.self(),
  });
}

/** The state validator does not name the channel: it is the one whose block of this number is validated and not yet committed. */
function channelValidating(state: FabricState, number: number): string | undefined {
  const channels = state.validated.entries().filter(([, block]) => block === number);
  return channels.length === 1 ? channels[0]?.[0] : undefined;
}

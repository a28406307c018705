import type { Entry } from '../entry.ts';
import { errorOf, makeRecord, remote, txIdOf } from '../record.ts';
import type { LoggerRules, Outcome } from '../rule.ts';
import type { FabricState, PendingBroadcast } from '../state.ts';

/**
 * Transactions arriving at an orderer (orderer/common/broadcast). Only the arrival names the transaction; an answer is of the
 * oldest arrival from the same address that has none yet.
 */
export const broadcastRules: Readonly<Record<string, LoggerRules>> = {
  'orderer.common.broadcast': {
    kind: 'orderer',
    rules: [
      { starts: '[channel: ', has: '] Broadcast is processing normal message from ', apply: arrived },
      { starts: '[channel: ', has: '] Broadcast is processing config update message from ', apply: updateArrived },
      { starts: '[channel: ', has: '] Broadcast has successfully enqueued message of type ', apply: enqueued },
      { starts: '[channel: ', has: '] Rejecting broadcast of ', apply: rejected },
    ],
  },
};

/** Arrivals from one address that wait for their answers; a connection has one answer at a time on each of its streams. */
const MAX_QUEUE = 64;

function enqueue(state: FabricState, address: string, item: PendingBroadcast): void {
  const queue = state.broadcasts.get(address) ?? [];
  if (queue.length >= MAX_QUEUE) queue.shift();
  queue.push(item);
  state.broadcasts.set(address, queue);
}

/** The oldest arrival; undefined if there is none, null for one without an ID. */
function dequeue(state: FabricState, address: string): PendingBroadcast | undefined {
  const queue = state.broadcasts.get(address);
  const item = queue?.shift();
  if (queue?.length === 0) state.broadcasts.delete(address);
  return item;
}

const ARRIVED =
  /^\[channel: ([^\]]*)\] Broadcast is processing normal message from (\S+) with txid '([^']*)' of type (\w*)/;

function arrived(entry: Entry, state: FabricState): Outcome {
  const match = ARRIVED.exec(entry.message);
  if (match === null) return 'unreadable';
  const [, channel, address, id, type] = match as unknown as [string, string, string, string, string];
  const txId = txIdOf(id);
  enqueue(state, address, txId === undefined ? null : { channel, tx_id: txId });
  if (txId === undefined) return undefined;
  return makeRecord(entry, state, 'broadcast.request', {
    channel,
    tx_id: txId,
    ...(type === '' ? {} : { tx_type: type }),
    sender: remote(state, address),
    receiver: state.self(),
  });
}

function updateArrived(entry: Entry, state: FabricState): Outcome {
  const address = / message from (\S+)/.exec(entry.message)?.[1];
  if (address === undefined) return 'unreadable';
  enqueue(state, address, null);
  return undefined;
}

function enqueued(entry: Entry, state: FabricState): Outcome {
  const address = / of type \w* from (\S+)/.exec(entry.message)?.[1];
  if (address === undefined) return 'unreadable';
  return answer(entry, state, address, 200);
}

function rejected(entry: Entry, state: FabricState): Outcome {
  const match =
    /\] Rejecting broadcast of (?:\w+ )?message from (\S+) (because of error|with SERVICE_UNAVAILABLE): ([^]*)$/.exec(
      entry.message,
    );
  if (match === null) return 'unreadable';
  const error = match[3] as string;
  return answer(entry, state, match[1] as string, match[2] === 'because of error' ? statusOfError(error) : 503, error);
}

/** As the orderer classifies its errors (`ClassifyError`): by the innermost cause, which ends the text. */
function statusOfError(error: string): number {
  if (error.endsWith('channel does not exist')) return 404;
  if (error.endsWith('permission denied')) return 403;
  if (error.endsWith('maintenance mode')) return 503;
  return 400;
}

function answer(entry: Entry, state: FabricState, address: string, status: number, error?: string): Outcome {
  const item = dequeue(state, address);
  // At info level arrivals are not written; an answer alone names no transaction.
  if (item === undefined || item === null) return undefined;
  return makeRecord(entry, state, 'broadcast.response', {
    channel: item.channel,
    tx_id: item.tx_id,
    sender: remote(state, address),
    receiver: state.self(),
    status,
    ...(error === undefined ? {} : { error: errorOf(error) }),
  });
}

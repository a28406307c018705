import type { Entry } from '../entry.ts';
import { makeRecord, prefixOf, remote, statusOf, txIdOf } from '../record.ts';
import type { LoggerRules, Outcome } from '../rule.ts';
import type { Arrival, FabricState } from '../state.ts';

/**
 * What an endorser writes about a proposal (core/endorser). Lines show 8 characters of the transaction ID; only the ledger's
 * simulator shows it whole (`lockbasedtxmgr`, debug). A channel of '' is a call of a system chaincode outside any channel,
 * such as installing chaincode: no transaction, no record.
 */
export const endorserRules: Readonly<Record<string, LoggerRules>> = {
  endorser: {
    kind: 'peer',
    rules: [
      { starts: 'finished chaincode: ', apply: finished },
      { starts: 'request from', apply: arrived },
      { starts: 'creator is valid', apply: known },
      { starts: 'signature is valid', apply: accepted },
      { starts: 'escc for chaincode ', apply: endorsed },
      { starts: 'chaincode error ', apply: refused },
      { starts: 'Failed to preProcess proposal', apply: dismissed },
      { starts: 'Failed to unpack proposal', apply: unreadable },
    ],
  },
  lockbasedtxmgr: { kind: 'peer', rules: [{ starts: 'constructing new tx simulator txid = [', apply: simulated }] },
};

/**
 * Proposals wait for their creator's check for milliseconds. One that waits longer was refused, which not every release says in
 * every case.
 */
const MAX_WAIT_MS = 2000;
const MAX_WAITING = 256;

function arrived(entry: Entry, state: FabricState): Outcome {
  const address = /^request from ?(\S*)/.exec(entry.message)?.[1] ?? '';
  const { endorse } = state;
  const oldest = Date.parse(entry.time) - MAX_WAIT_MS;
  while (endorse.waiting.length >= MAX_WAITING || Date.parse(endorse.waiting[0]?.[1] ?? entry.time) < oldest) {
    endorse.waiting.shift();
  }
  if (endorse.waiting.length === 0) endorse.mixed = false;
  endorse.waiting.push([address, entry.time]);
  return undefined;
}

/**
 * The arrival of the proposal that this line is about. It is among those that wait; which one it is, is certain if it is the only
 * one. If several wait and all came from one address, that address is certain and the time is not. Otherwise nobody is named until
 * none waits any more; the newest is let go, so that one that waits in vain becomes too old.
 */
function takeWaiting(state: FabricState): Arrival {
  const { endorse } = state;
  const { waiting } = endorse;
  const first = waiting[0];
  if (first === undefined) return {};
  if (waiting.some(([address]) => address !== first[0])) endorse.mixed = true;
  const arrival = endorse.mixed ? {} : { address: first[0], ...(waiting.length === 1 ? { time: first[1] } : {}) };
  waiting.pop();
  if (waiting.length === 0) endorse.mixed = false;
  return arrival;
}

/** The first line that names the proposal. */
function known(entry: Entry, state: FabricState): Outcome {
  state.arrivals.set(keyOf(entry), takeWaiting(state));
  return undefined;
}

function keyOf(entry: Entry): string {
  return `${entry.field('channel') ?? ''}/${entry.field('txID') ?? ''}`;
}

function accepted(entry: Entry, state: FabricState): Outcome {
  const key = keyOf(entry);
  // Without the line before it (a reduced log) this one is the first to name the proposal.
  const { address, time } = state.arrivals.get(key) ?? takeWaiting(state);
  state.arrivals.delete(key);
  const channel = entry.field('channel');
  const prefix = prefixOf(entry.field('txID'));
  if (channel === undefined) return 'unreadable';
  if (channel === '' || prefix === undefined) return undefined;
  const msp = entry.field('mspID');
  const { level, logger } = entry;
  return makeRecord({ time: time ?? entry.time, level, logger }, state, 'endorse.request', {
    channel,
    tx_id_prefix: prefix,
    ...(address === undefined || address === '' ? {} : { sender: remote(state, address) }),
    ...(msp === undefined || msp === '' ? {} : { creator: { kind: 'client', msp } }),
    receiver: state.self(),
  });
}

/** Refused before or after its creator's check: whether its arrival still waits is not certain. */
function dismissed(_entry: Entry, state: FabricState): Outcome {
  if (state.endorse.waiting.length > 0) state.endorse.mixed = true;
  return undefined;
}

function unreadable(_entry: Entry, state: FabricState): Outcome {
  takeWaiting(state);
  return undefined;
}

function finished(entry: Entry, state: FabricState): Outcome {
  const match = /^finished chaincode: (\S+) duration: (\d{1,12})ms/.exec(entry.message);
  if (match === null) return 'unreadable';
  const channel = entry.field('channel');
  const prefix = prefixOf(entry.field('txID'));
  if (channel === undefined || channel === '' || prefix === undefined) return undefined;
  const chaincode = match[1] as string;
  return makeRecord(entry, state, 'chaincode.invoke', {
    channel,
    tx_id_prefix: prefix,
    chaincode,
    duration_us: Number(match[2]) * 1000,
    sender: state.self(),
    receiver: { kind: 'chaincode', name: chaincode },
  });
}

function endorsed(entry: Entry, state: FabricState): Outcome {
  const chaincode = /^escc for chaincode (\S+) is /.exec(entry.message)?.[1];
  return chaincode === undefined ? 'unreadable' : response(entry, state, 200, chaincode);
}

/** A chaincode's answer of 400 to 499: no endorsement. */
function refused(entry: Entry, state: FabricState): Outcome {
  const status = statusOf(/^chaincode error (\d+)/.exec(entry.message)?.[1]);
  return status === undefined ? 'unreadable' : response(entry, state, status);
}

function response(entry: Entry, state: FabricState, status: number, chaincode?: string): Outcome {
  const channel = entry.field('channel');
  const prefix = prefixOf(entry.field('txID'));
  if (channel === undefined || channel === '' || prefix === undefined) return undefined;
  return makeRecord(entry, state, 'endorse.response', {
    channel,
    tx_id_prefix: prefix,
    ...(chaincode === undefined ? {} : { chaincode }),
    status,
    receiver: state.self(),
  });
}

function simulated(entry: Entry, state: FabricState): Outcome {
  const match = /txid = \[([^\]]*)\]/.exec(entry.message);
  if (match === null) return 'unreadable';
  const id = txIdOf(match[1]);
  // The genesis block and configuration updates are simulated too, some without an ID.
  return id === undefined ? undefined : makeRecord(entry, state, 'tx.seen', { tx_id: id });
}

import type { TraceRecord } from '#trace/record.ts';
import { aliveKey, aliveMembers } from '../certificate.ts';
import type { Entry } from '../entry.ts';
import { blockNumberOf, isReachable, makeRecord } from '../record.ts';
import type { LoggerRules, Outcome } from '../rule.ts';
import type { FabricState } from '../state.ts';

/** Gossip between peers: blocks sent and received, state transfer, who leads the organisation, who is who. */
export const gossipRules: Readonly<Record<string, LoggerRules>> = {
  'gossip.comm': {
    kind: 'peer',
    rules: [
      { starts: 'Entering, Sending to ', has: 'Block message: {', apply: sent },
      { starts: 'Entering, Sending to ', has: ' data request: nonce: ', apply: pullRequested },
      { starts: '', has: '-----BEGIN CERTIFICATE', multiline: true, wanted: hasNewMember, apply: members },
    ],
  },
  'gossip.gossip': {
    kind: 'peer',
    rules: [
      { starts: 'Entering, ', has: 'Block message: {', apply: received },
      { starts: 'Entering, ', has: ' DataUpdate: Type: BLOCK_MSG, ', apply: pulled },
      { starts: 'Creating gossip service with self membership of ', apply: ownMembership },
      { starts: '', has: '-----BEGIN CERTIFICATE', multiline: true, wanted: hasNewMember, apply: members },
    ],
  },
  'gossip.state': {
    kind: 'peer',
    rules: [
      { starts: 'Received payload with sequence number ', apply: transferred },
      { starts: 'State transfer, with peer ', apply: requested },
      { starts: 'Cannot send state request for blocks', apply: transferEnded },
    ],
  },
  'gossip.service': {
    kind: 'peer',
    rules: [
      { starts: 'Elected as a leader', apply: elected },
      { starts: 'Renounced leadership', apply: resigned },
      { starts: 'Stopping chain ', apply: resigned },
      { starts: 'Stopping leader election for ', apply: resigned },
    ],
  },
  deliveryClient: {
    kind: 'peer',
    rules: [{ starts: 'This peer will retrieve blocks from ordering service', apply: pullsBlocks }],
  },
};

const BLOCK = /Channel: ([^,]+), nonce: \d+, tag: \w+ Block message: \{Data: \d+ bytes, seq: (\d+)\}/;

function sent(entry: Entry, state: FabricState): Outcome {
  const address = /^Entering, Sending to (\S+) ?,/.exec(entry.message)?.[1];
  const block = BLOCK.exec(entry.message);
  const number = blockNumberOf(block?.[2]);
  if (address === undefined || block === null || number === undefined) return 'unreadable';
  return makeRecord(entry, state, 'gossip.send', {
    channel: block[1],
    block: { number },
    sender: state.self(),
    receiver: { kind: 'peer', address },
  });
}

function received(entry: Entry, state: FabricState): Outcome {
  const pkiId = /^Entering, \S* ?([0-9a-f]{64}) sent us /.exec(entry.message)?.[1];
  const block = BLOCK.exec(entry.message);
  const number = blockNumberOf(block?.[2]);
  // Its address is the one that the peer called from, which says nothing about who it is.
  if (pkiId === undefined || block === null || number === undefined) return 'unreadable';
  return makeRecord(entry, state, 'gossip.receive', {
    channel: block[1],
    block: { number },
    sender: { kind: 'peer', pki_id: pkiId },
    receiver: state.self(),
  });
}

const PULL =
  /^Entering, Sending to (\S+) ?, msg: GossipMessage: Channel: ([^,]+), nonce: \d+, tag: \w+ data request: nonce: (\d{1,20}) , Msg_type: BLOCK_MSG, digests: \[([\d ]*)\]/;
const MAX_PULLED = 100;

/** Blocks pulled by digest: the request names them, the answer has its nonce and their count. */
function pullRequested(entry: Entry, state: FabricState): Outcome {
  const match = PULL.exec(entry.message);
  // Identities are pulled in the same way.
  if (match === null) return undefined;
  const [, peer, channel, nonce, digests] = match as unknown as [string, string, string, string, string];
  const blocks = digests
    .split(' ')
    .map(blockNumberOf)
    .filter((block) => block !== undefined)
    .toSorted((a, b) => a - b);
  if (blocks.length === 0 || blocks.length > MAX_PULLED) return undefined;
  state.pulls.set(nonce, { channel, peer, blocks });
  return rangesOf(blocks).map(([first, last]) =>
    makeRecord(entry, state, 'gossip.transfer', {
      channel,
      block: { number: first, ...(last === first ? {} : { last }) },
      sender: { kind: 'peer', address: peer },
      receiver: state.self(),
      stage: 'requested',
    }),
  );
}

/** Ascending numbers as ranges without gaps. */
function rangesOf(numbers: readonly number[]): [first: number, last: number][] {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const open = ranges.at(-1);
    if (open !== undefined && number <= open[1] + 1) open[1] = number;
    else ranges.push([number, number]);
  }
  return ranges;
}

function pulled(entry: Entry, state: FabricState): Outcome {
  const match =
    /^Entering, \S* ?([0-9a-f]{64}) sent us .* DataUpdate: Type: BLOCK_MSG, items: (\d{1,9}), nonce: (\d{1,20})/.exec(
      entry.message,
    );
  if (match === null) return 'unreadable';
  const [, pkiId, items, nonce] = match as unknown as [string, string, string, string];
  const pull = state.pulls.get(nonce);
  if (pull === undefined) return undefined;
  state.pulls.delete(nonce);
  // Fewer than asked for: which ones, the line does not say.
  if (pull.blocks.length !== Number(items)) return undefined;
  return pull.blocks.map((number) =>
    makeRecord(entry, state, 'gossip.transfer', {
      channel: pull.channel,
      block: { number },
      sender: { kind: 'peer', address: pull.peer, pki_id: pkiId },
      receiver: state.self(),
      stage: 'received',
    }),
  );
}

function ownMembership(entry: Entry, state: FabricState): Outcome {
  const match = /^Creating gossip service with self membership of Endpoint: ([^,]*), .*PKI-ID: ([0-9a-f]{64})/.exec(
    entry.message,
  );
  if (match === null) return 'unreadable';
  const address = match[1] as string;
  const membership = { ...(isReachable(address) ? { address } : {}), pki_id: match[2] as string };
  state.membership = membership;
  const own = makeRecord(entry, state, 'node.identity', { sender: { ...state.self(), kind: 'peer', ...membership } });
  // A log that begins in the middle, and in which the peer then starts again: what it did before is its own too.
  const former = state.takeFormerName();
  if (former === undefined) return own;
  return [own, makeRecord(entry, state, 'node.identity', { sender: { kind: 'peer', name: former, ...membership } })];
}

function hasNewMember(line: string, at: number, state: FabricState): boolean {
  return aliveMembers(line, at).some(({ address, pkiId }) => !state.seen.has(aliveKey(address, pkiId)));
}

/** Alive messages that carry their sender's certificate: what a peer is called, wherever it runs. */
function members(entry: Entry, state: FabricState): Outcome {
  const records: TraceRecord[] = [];
  for (const member of aliveMembers(entry.message, 0)) {
    const identity = member.identity();
    // Gossip checks such a message only after it has logged it: what does not fit its own PKI-ID is not believed.
    if (identity === undefined || !state.isNew(aliveKey(member.address, member.pkiId))) continue;
    records.push(
      makeRecord(entry, state, 'node.identity', {
        sender: { ...identity, ...(isReachable(member.address) ? { address: member.address } : {}) },
      }),
    );
  }
  return records;
}

function requested(entry: Entry, state: FabricState): Outcome {
  const match =
    /^State transfer, with peer (\S+), requesting blocks in range \[(\d+)\.\.\.(\d+)\), for chainID (\S+)/.exec(
      entry.message,
    );
  const first = blockNumberOf(match?.[2]);
  const last = blockNumberOf(match?.[3]);
  if (match === null || first === undefined || last === undefined || last < first) return 'unreadable';
  const channel = match[4] as string;
  const peer = match[1] as string;
  state.transfer = { channel, peer, first, last };
  // The range is printed as if its end were open; the request asks for the last block too.
  return makeRecord(entry, state, 'gossip.transfer', {
    channel,
    block: { number: first, last },
    sender: { kind: 'peer', address: peer },
    receiver: state.self(),
    stage: 'requested',
  });
}

function transferred(entry: Entry, state: FabricState): Outcome {
  const number = blockNumberOf(/number (\d+)/.exec(entry.message)?.[1]);
  if (number === undefined) return 'unreadable';
  const { transfer } = state;
  if (transfer === undefined || number < transfer.first || number > transfer.last) return undefined;
  if (number === transfer.last) state.transfer = undefined;
  return makeRecord(entry, state, 'gossip.transfer', {
    channel: transfer.channel,
    block: { number },
    sender: { kind: 'peer', address: transfer.peer },
    receiver: state.self(),
    stage: 'received',
  });
}

function transferEnded(_entry: Entry, state: FabricState): Outcome {
  state.transfer = undefined;
  return undefined;
}

function elected(entry: Entry, state: FabricState): Outcome {
  const channel = /for channel (\S+)/.exec(entry.message)?.[1];
  if (channel === undefined) return 'unreadable';
  state.leads.set(channel, 'elected');
  return makeRecord(entry, state, 'leader.gossip', { channel, sender: state.self(), stage: 'elected' });
}

function resigned(entry: Entry, state: FabricState): Outcome {
  const channel = /(?:for channel|chain|election for) (\S+)/.exec(entry.message)?.[1];
  if (channel === undefined) return 'unreadable';
  // Every peer stops its elections when it shuts down, whether it led or not; only a leader can resign.
  const led = state.leads.delete(channel);
  if (!led && !entry.message.startsWith('Renounced')) return undefined;
  return makeRecord(entry, state, 'leader.gossip', { channel, sender: state.self(), stage: 'resigned' });
}

/** Written when a peer begins to pull: after an election, or without one because the configuration makes it lead. */
function pullsBlocks(entry: Entry, state: FabricState): Outcome {
  const channel = entry.field('channel');
  if (channel === undefined || channel === '') return 'unreadable';
  if (state.leads.get(channel) !== undefined) return undefined;
  state.leads.set(channel, 'static');
  return makeRecord(entry, state, 'leader.gossip', { channel, sender: state.self(), stage: 'static' });
}

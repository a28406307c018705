import type { Identity } from '../identity.ts';
import { edgeBetween, type EdgeDraft } from './edgeDraft.ts';
import type { Evidence, Item } from './evidence.ts';
import { pullsOf } from './networkIndex.ts';

/** How the block came to the peers, as records show it: pulled from an orderer, by gossip, by state transfer. */
export function disseminationEdges(evidence: Evidence, items: readonly Item[], block: number): EdgeDraft[] {
  const drafts: EdgeDraft[] = [];
  const namelessSends: Item[] = [];
  for (const item of items) {
    const { sender, receiver } = item;
    switch (item.point) {
      case 'deliver.block': {
        const peer = receiver ?? item.clock;
        if (peer && sender) arrive(edgeBetween(drafts, 'deliver', sender, peer), item);
        break;
      }
      case 'deliver.send': {
        const orderer = sender ?? item.clock;
        if (!orderer) break;
        if (receiver && receiver.kind === 'peer' && isNamed(item)) {
          leave(edgeBetween(drafts, 'deliver', orderer, receiver), item);
        } else namelessSends.push(item);
        break;
      }
      case 'gossip.send': {
        const peer = sender ?? item.clock;
        if (peer && receiver && peer.id !== receiver.id) leave(edgeBetween(drafts, 'gossip', peer, receiver), item);
        break;
      }
      case 'gossip.receive': {
        const peer = receiver ?? item.clock;
        if (peer && sender && peer.id !== sender.id) arrive(edgeBetween(drafts, 'gossip', sender, peer), item);
        break;
      }
    }
  }
  attributeSends(evidence, drafts, namelessSends);
  addTransfers(drafts, items);
  for (const draft of drafts) draft.block = block;
  // Nobody hands a block to itself, whatever a record may claim.
  return drafts.filter(({ from, to }) => from?.id !== to.id);
}

const isNamed = ({ ftl: { receiver } }: Item) =>
  receiver?.id !== undefined || receiver?.name !== undefined || receiver?.fingerprint !== undefined;

function leave(draft: EdgeDraft, item: Item): void {
  draft.start ??= item;
  draft.records.push(item.id);
}

function arrive(draft: EdgeDraft, item: Item): void {
  draft.end ??= item;
  draft.records.push(item.id);
}

/** An orderer knows its peers only by ephemeral ports: a send is some peer's only where one peer alone can be meant. */
function attributeSends(evidence: Evidence, drafts: EdgeDraft[], sends: readonly Item[]): void {
  for (const send of sends) {
    const orderer = (send.sender ?? send.clock)!;
    if (sends.some((other) => other !== send && (other.sender ?? other.clock)?.id === orderer.id)) continue;
    const candidates: EdgeDraft[] = drafts.filter(
      (draft) => draft.point === 'deliver' && draft.from?.id === orderer.id && draft.start === null,
    );
    const pullers = [...pullsOf(evidence.network, evidence.channel)].filter(([, intervals]) =>
      intervals.some((pull) => pull.orderer === orderer.id && pull.from <= send.at && send.at < pull.to),
    );
    if (candidates.length === 1 && pullers.every(([peer]) => peer === candidates[0]!.to.id)) {
      leave(candidates[0]!, send);
    }
  }
}

/** State transfer: the last request that covers the block counts, if the block came of it. */
function addTransfers(drafts: EdgeDraft[], items: readonly Item[]): void {
  for (const received of items) {
    if (received.point !== 'gossip.transfer' || received.ftl.stage !== 'received') continue;
    const peer = received.receiver ?? received.clock;
    const { sender } = received;
    if (!peer || !sender || peer.id === sender.id) continue;
    const draft = edgeBetween(drafts, 'gossip', sender, peer);
    if (draft.end !== null) continue;
    arrive(draft, received);
    const request = items.findLast(
      (item) =>
        item.point === 'gossip.transfer' &&
        item.ftl.stage !== 'received' &&
        item.at <= received.at &&
        (item.receiver ?? item.clock)?.id === peer.id &&
        item.sender?.id === sender.id,
    );
    if (!request) continue;
    draft.start ??= request;
    draft.records.push(request.id);
  }
}

/**
 * Hand-overs that follow from other evidence, for peers that committed without any record of how the block came: the forwarder
 * that the commit itself names, a state transfer that was asked for, or the orderer from which the peer was pulling.
 */
export function derivedEdge(
  drafts: EdgeDraft[],
  items: readonly Item[],
  commit: Item,
  peer: Identity,
  pulledFrom: Identity | null,
): EdgeDraft | null {
  const named = commit.sender;
  const inbound = drafts.filter(({ to }) => to.id === peer.id);
  let from: Identity | null = null;
  let request: Item | undefined;
  if (named && named.id !== peer.id) {
    if (inbound.some((draft) => draft.from?.id === named.id)) return null;
    from = named;
  } else if (inbound.length > 0) {
    return null;
  } else {
    request = items.findLast(
      (item) =>
        item.point === 'gossip.transfer' &&
        item.at <= commit.at &&
        (item.receiver ?? item.clock)?.id === peer.id &&
        item.sender !== null,
    );
    from = request?.sender ?? pulledFrom;
  }
  if (from === null || from.id === peer.id) return null;
  const draft = edgeBetween(drafts, from.kind === 'orderer' ? 'deliver' : 'gossip', from, peer);
  draft.source = 'derived';
  draft.block = commit.ftl.block!.number;
  draft.start ??= request ?? null;
  draft.records.push(...(request ? [request.id] : []), commit.id);
  return draft;
}

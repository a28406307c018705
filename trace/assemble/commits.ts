import type { Identity } from '../identity.ts';
import { draftEdge, type EdgeDraft } from './edgeDraft.ts';
import type { Evidence, Item } from './evidence.ts';
import { derivedEdge } from './disseminationEdges.ts';
import { pullAt, startBefore } from './networkIndex.ts';
import type { Occurrence } from './selectBlock.ts';

/** One peer's commit of the block. */
export interface CommitDraft {
  readonly peer: Identity;
  /** The peer's first `gossip.commit` of the block. */
  readonly item: Item;
  /** The code that this peer itself names. */
  ownCode: string | null;
  hash: string | undefined;
  /** Since when its process ran, of its own clock; null if unknown. */
  readonly startedAt: number | null;
  /** Since when it pulled from an orderer; null if it did not. */
  readonly pulledSince: number | null;
  readonly records: string[];
}

export function findCommits(evidence: Evidence, items: readonly Item[], occurrence: Occurrence): CommitDraft[] {
  const commits: CommitDraft[] = [];
  for (const item of items) {
    if (item.point !== 'gossip.commit') continue;
    const peer = item.receiver ?? item.clock;
    if (!peer) continue;
    const known = commits.find((commit) => commit.peer.id === peer.id);
    if (known) {
      known.records.push(item.id);
      known.hash ??= item.ftl.commit_hash;
      continue;
    }
    commits.push({
      peer,
      item,
      ownCode: occurrence.witnesses.find((witness) => witness.peer?.id === peer.id)?.code ?? null,
      hash: item.ftl.commit_hash,
      startedAt: startBefore(evidence.network, peer.id, item.at),
      pulledSince: pullAt(evidence.network, evidence.channel, peer.id, item.at)?.from ?? null,
      records: [item.id],
    });
  }
  for (const item of evidence.tx) {
    if (item.point !== 'validate.tx') continue;
    if (item.ftl.block !== undefined && item.ftl.block.number !== occurrence.block) continue;
    const peer = item.receiver ?? item.clock;
    commits.find((commit) => commit.peer.id === peer?.id)?.records.push(item.id);
  }
  return commits;
}

/** Commit edges, each from whoever first handed the block over; adds hand-overs that only follow from other evidence. */
export function commitEdges(
  evidence: Evidence,
  items: readonly Item[],
  handovers: EdgeDraft[],
  commits: readonly CommitDraft[],
): EdgeDraft[] {
  const drafts: EdgeDraft[] = [];
  for (const { peer, item, records } of commits) {
    const pull = pullAt(evidence.network, evidence.channel, peer.id, item.at);
    const orderer = pull === null ? null : evidence.network.resolve({ id: pull.orderer, kind: 'orderer' });
    const derived = derivedEdge(handovers, items, item, peer, orderer);
    const draft = draftEdge('commit', derived?.from ?? handedOverBy(handovers, item, peer), peer, 'record');
    draft.start = item;
    draft.block = item.ftl.block!.number;
    draft.duration = item.ftl.duration_us === undefined ? null : Math.round(item.ftl.duration_us);
    draft.records.push(...records);
    drafts.push(draft);
  }
  return drafts;
}

/** Arrivals that the peer itself noted come first: its own clock compares them with its commit. */
function handedOverBy(handovers: readonly EdgeDraft[], commit: Item, peer: Identity): Identity | null {
  const named = commit.sender;
  if (named && named.id !== peer.id) return named;
  let best: EdgeDraft | null = null;
  for (const draft of handovers) {
    if (draft.to.id !== peer.id || draft.from === null) continue;
    if (draft.end !== null && draft.end.at > commit.at) continue;
    if (best === null || isEarlier(draft, best)) best = draft;
  }
  return best?.from ?? null;
}

function isEarlier(a: EdgeDraft, b: EdgeDraft): boolean {
  if ((a.end === null) !== (b.end === null)) return a.end !== null;
  const [first, second] = [a.end ?? a.start, b.end ?? b.start];
  if (first !== null && second !== null && first.at !== second.at) return first.at < second.at;
  return a.from!.id < b.from!.id;
}

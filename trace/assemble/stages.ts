import type { Stages } from '../trace.ts';
import type { CommitDraft } from './commits.ts';
import type { Item } from './evidence.ts';
import { formatMicros } from './time.ts';
import { correctedTime, type TimedEdge } from './writeEdges.ts';

export interface Span {
  readonly from: number | null;
  readonly to: number | null;
}

export interface StageSpans {
  readonly stages: Stages;
  /** From the first to the last that is known of the transaction itself. */
  readonly whole: Span;
}

/**
 * When each stage began and ended, in corrected time. A peer that started or began to pull only after others had committed the
 * block catches up with the past: it counts as a commit, but not as this transaction's latency.
 */
export function timeStages(
  timed: readonly TimedEdge[],
  ordered: readonly Item[],
  commits: readonly CommitDraft[],
  offsets: ReadonlyMap<string, number>,
): StageSpans {
  const late = latePeers(timed, commits, offsets);
  const endorsers = new Set(timed.filter(({ draft }) => endorsed(draft)).map(({ draft }) => draft.to.id));
  let endorseFrom: number | null = null;
  let endorseTo: number | null = null;
  let broadcastAt: number | null = null;
  let firstArrival: number | null = null;
  let lastArrival: number | null = null;
  let firstCommit: number | null = null;
  let lastCommit: number | null = null;
  let first: number | null = null;
  let last: number | null = null;
  for (const { draft, at, respondedAt } of timed) {
    if (late.has(draft.to.id) && draft.block !== null) continue;
    // An endorser that has endorsed turns down whoever replays the proposal: that is no part of the transaction's way.
    if (draft.point === 'endorse' && !endorsed(draft) && endorsers.has(draft.to.id)) continue;
    first = least(first, at);
    last = most(last, respondedAt ?? at);
    switch (draft.point) {
      case 'endorse':
        endorseFrom = least(endorseFrom, at);
        endorseTo = most(endorseTo, respondedAt);
        break;
      case 'broadcast':
        broadcastAt = least(broadcastAt, at);
        break;
      case 'deliver':
      case 'gossip':
        if (draft.end === null) break;
        firstArrival = least(firstArrival, respondedAt);
        lastArrival = most(lastArrival, respondedAt);
        break;
      case 'commit':
        firstCommit = least(firstCommit, at === null ? null : at - (draft.duration ?? 0));
        lastCommit = most(lastCommit, at);
        break;
    }
  }
  const writtenAt = orderedAt(ordered, offsets);
  last = most(last, writtenAt);
  const delivered = firstDelivery(timed, late);
  return {
    stages: {
      endorse: stage({ from: endorseFrom, to: endorseTo }),
      order: stage({ from: broadcastAt, to: writtenAt ?? delivered }),
      deliver: stage({ from: writtenAt, to: lastArrival }),
      commit: stage({ from: firstArrival ?? firstCommit, to: lastCommit }),
    },
    whole: { from: least(first, writtenAt), to: last },
  };
}

/** The leader's creation of the block, else the first orderer that wrote it. */
function orderedAt(ordered: readonly Item[], offsets: ReadonlyMap<string, number>): number | null {
  let best: { rank: number; at: number } | null = null;
  for (const item of ordered) {
    const rank = item.ftl.stage === 'created' ? 0 : item.ftl.stage === 'written' ? 1 : 2;
    const at = correctedTime(item, offsets);
    if (best === null || rank < best.rank || (rank === best.rank && at < best.at)) best = { rank, at };
  }
  return best?.at ?? null;
}

function firstDelivery(timed: readonly TimedEdge[], late: ReadonlySet<string>): number | null {
  let first: number | null = null;
  for (const { draft, at } of timed) if (draft.point === 'deliver' && !late.has(draft.to.id)) first = least(first, at);
  return first;
}

const NOBODY: ReadonlySet<string> = new Set();

function latePeers(
  timed: readonly TimedEdge[],
  commits: readonly CommitDraft[],
  offsets: ReadonlyMap<string, number>,
): ReadonlySet<string> {
  if (commits.length < 2) return NOBODY;
  let first = Infinity;
  for (const { draft, at } of timed) if (draft.point === 'commit' && at !== null && at < first) first = at;
  let late: Set<string> | null = null;
  for (const { peer, startedAt, pulledSince } of commits) {
    const since = Math.max(startedAt ?? -Infinity, pulledSince ?? -Infinity);
    if (since + (offsets.get(peer.id) ?? 0) > first) (late ??= new Set()).add(peer.id);
  }
  return late ?? NOBODY;
}

const least = (a: number | null, b: number | null) => (a === null ? b : b === null || a < b ? a : b);
const most = (a: number | null, b: number | null) => (a === null ? b : b === null || a > b ? a : b);

function stage({ from, to }: Span): Stages['order'] {
  return {
    startedAt: from === null ? null : formatMicros(from),
    endedAt: to === null ? null : formatMicros(to),
    durationUs: from === null || to === null ? null : Math.max(0, to - from),
  };
}

function endorsed({ point, status }: TimedEdge['draft']): boolean {
  return point === 'endorse' && typeof status === 'number' && status < 400;
}

import type { Edge } from '../trace.ts';
import type { EdgeDraft } from './edgeDraft.ts';
import type { Item } from './evidence.ts';
import { formatMicros } from './time.ts';

/** An edge with its corrected times as numbers, before it gets its place in the sequence. */
export interface TimedEdge {
  readonly draft: EdgeDraft;
  /** Null where nothing tells when. */
  at: number | null;
  respondedAt: number | null;
  /** Place in time; where no time is known, that of what it must have come before. */
  key: number;
  edge: Edge | null;
}

const RANK = { gateway: 0, endorse: 1, broadcast: 2, deliver: 3, gossip: 4, commit: 5 } as const;

export function correctedTime(item: Item, offsets: ReadonlyMap<string, number>): number {
  if (offsets.size === 0 || item.clock === null) return item.at;
  return item.at + (offsets.get(item.clock.id) ?? 0);
}

/** Corrected times; what clock resolution leaves out of order by a hair is put right. */
export function timeEdges(drafts: readonly EdgeDraft[], offsets: ReadonlyMap<string, number>): TimedEdge[] {
  const timed: TimedEdge[] = drafts.map((draft) => {
    const { start, end, lead } = draft;
    const answered = end === null ? null : correctedTime(end, offsets);
    const at = start === null ? answered : correctedTime(start, offsets) - lead;
    const respondedAt = answered !== null && at !== null && answered < at ? at : answered;
    return { draft, at, respondedAt, key: 0, edge: null };
  });
  for (const one of timed) {
    if (one.draft.point !== 'commit' || one.at === null) continue;
    for (const { draft, at, respondedAt } of timed) {
      if (draft.to.id !== one.draft.to.id || draft.from === null || draft.from.id !== one.draft.from?.id) continue;
      if (draft.point === 'commit') continue;
      const arrived = respondedAt ?? at;
      if (arrived !== null && arrived > one.at) one.at = arrived;
    }
  }
  return timed;
}

/** Sorts by time, puts edges without one where they must have happened, and writes them. */
export function writeEdges(
  timed: TimedEdge[],
  code: string | null,
  codeOfPeer: (peer: string) => string | null,
): Edge[] {
  const firstOf = (matches: (draft: EdgeDraft) => boolean): number => {
    let first = Infinity;
    for (const { draft, at } of timed) if (at !== null && at < first && matches(draft)) first = at;
    return first;
  };
  for (const one of timed) {
    const { draft } = one;
    if (one.at !== null) one.key = one.at;
    else if (draft.point === 'gateway') one.key = firstOf(({ from }) => from?.id === draft.to.id);
    else if (draft.point === 'endorse') one.key = firstOf(({ point }) => point !== 'endorse' && point !== 'gateway');
    else one.key = firstOf(({ point, to }) => point === 'commit' && to.id === draft.to.id);
  }
  timed.sort(
    (a, b) =>
      (a.key === b.key ? 0 : a.key - b.key) ||
      RANK[a.draft.point] - RANK[b.draft.point] ||
      compare(a.draft.from?.id ?? '', b.draft.from?.id ?? '') ||
      compare(a.draft.to.id, b.draft.to.id),
  );
  return timed.map((one, at) => (one.edge = writeEdge(one, at + 1, code, codeOfPeer)));
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** Few enough to look through: a record may tell of an edge in more than one way. */
const distinctRecords = (records: readonly string[]): string[] =>
  records.filter((id, at) => records.indexOf(id) === at);

function writeEdge(
  one: TimedEdge,
  seq: number,
  code: string | null,
  codeOfPeer: (peer: string) => string | null,
): Edge {
  const { draft, at, respondedAt } = one;
  const { start, end, lead } = draft;
  const isCommit = draft.point === 'commit';
  const measured = at !== null && respondedAt !== null && start !== null && start !== end;
  const edge: Edge = {
    seq,
    point: draft.point,
    from: draft.from?.id ?? null,
    to: draft.to.id,
    at: at === null ? null : formatMicros(at),
    respondedAt: respondedAt === null ? null : formatMicros(respondedAt),
    durationUs: measured || (lead > 0 && respondedAt !== null) ? respondedAt - at! : draft.duration,
    status: isCommit ? (codeOfPeer(draft.to.id) ?? code) : draft.status,
    block: draft.block,
    source: draft.source,
    records: distinctRecords(draft.records),
  };
  if (draft.error !== undefined) edge.error = draft.error;
  const rawAt = start === null ? (end?.at ?? null) : start.at - lead;
  if (rawAt !== null && rawAt !== at) edge.rawAt = formatMicros(rawAt);
  if (end !== null && end.at !== respondedAt) edge.rawRespondedAt = formatMicros(end.at);
  return edge;
}

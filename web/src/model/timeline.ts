import type { Edge, Trace } from '../api/types.ts';
import { identitiesOf, layoutNodes } from './graphLayout.ts';
import { type Tone, toneOfEdge } from './outcome.ts';
import { formatDuration, microsOf } from './time.ts';

export interface Bar {
  readonly seq: number;
  readonly tone: Tone;
  /** `work` has a length; `mark` is a moment. */
  readonly kind: 'work' | 'mark';
  /** Share of the width, 0 to 1. */
  readonly from: number;
  readonly to: number;
  /** Stacked in its row, from 0, where bars would cover each other. */
  readonly lane: number;
  readonly critical: boolean;
}
export interface Wait {
  readonly from: number;
  readonly to: number;
  readonly label: string;
}
export interface Row {
  readonly id: string;
  readonly bars: readonly Bar[];
  /** Time in which the participant waited for others. */
  readonly waits: readonly Wait[];
  readonly lanes: number;
  /** Microseconds added to its clock; null where none were. */
  readonly clockOffsetUs: number | null;
}
export interface Tick {
  readonly at: number;
  readonly label: string;
}
/** A stretch in which nothing happened, drawn shorter than it was. */
export interface Fold {
  readonly from: number;
  readonly to: number;
  readonly durationUs: number;
}
export interface Timeline {
  readonly rows: readonly Row[];
  readonly ticks: readonly Tick[];
  readonly folds: readonly Fold[];
  readonly durationUs: number;
  /** Edges that have no time and so no bar. */
  readonly untimed: readonly number[];
}

interface Span {
  readonly edge: Edge;
  readonly start: number;
  readonly end: number;
}

const FOLD_SHARE = 0.8;
const FOLDED_WIDTH = 0.12;

/** The trace on one axis of time: a row a participant, a bar for what was asked of it and how long it took. */
export function timelineOf(trace: Trace): Timeline {
  const spans = trace.edges.flatMap((edge): Span[] => {
    const start = microsOf(edge.at) ?? microsOf(edge.respondedAt);
    const end = microsOf(edge.respondedAt) ?? start;
    return start === null || end === null ? [] : [{ edge, start: Math.min(start, end), end: Math.max(start, end) }];
  });
  const untimed = trace.edges.filter((edge) => !spans.some((span) => span.edge === edge)).map((edge) => edge.seq);
  const order = microsOf(trace.stages.order.startedAt);
  const ordered = microsOf(trace.stages.order.endedAt);
  const moments = spans.flatMap((span) => [span.start, span.end]);
  const begin = microsOf(trace.startedAt);
  if (begin !== null && moments.length > 0) moments.push(Math.min(begin, ...moments));
  if (moments.length === 0) return { rows: [], ticks: [], folds: [], durationUs: 0, untimed };

  const first = Math.min(...moments);
  const durationUs = Math.max(1, Math.max(...moments) - first);
  const { place, folds } = scaleOf(moments, first, durationUs);
  const critical = criticalPath(trace);

  const identities = identitiesOf(trace);
  const rowOrder = layoutNodes(trace)
    .filter((node) => node.identity.kind !== 'client')
    .toSorted((a, b) => a.x - b.x || a.y - b.y)
    .map((node) => node.id);
  const rows = [...new Set([...rowOrder, ...identities.keys()])]
    .filter((id) => spans.some((span) => span.edge.to === id))
    .map((id): Row => {
      const ends: number[] = [];
      const bars = spans
        .filter((span) => span.edge.to === id)
        .toSorted((a, b) => a.start - b.start || a.edge.seq - b.edge.seq)
        .map(({ edge, start, end }): Bar => {
          const [from, to] = [place(start), place(end)];
          // Marks and short bars are drawn a few pixels wide: keep that much room.
          const free = ends.findIndex((busy) => busy + 0.016 <= from);
          const lane = free < 0 ? ends.length : free;
          ends[lane] = Math.max(to, from + 0.008);
          return {
            seq: edge.seq,
            tone: toneOfEdge(edge),
            kind: end > start ? 'work' : 'mark',
            from,
            to,
            lane,
            critical: critical.has(edge.seq),
          };
        });
      return {
        id,
        bars,
        waits: waitsOf(id),
        lanes: Math.max(1, ends.length),
        clockOffsetUs: trace.clockOffsets[id] ?? null,
      };
    });
  return { rows, ticks: ticksOf(place, first, durationUs, folds), folds, durationUs, untimed };

  function waitsOf(id: string): Wait[] {
    const broadcast = spans.find(
      ({ edge }) => edge.point === 'broadcast' && edge.to === id && toneOfEdge(edge) !== 'bad',
    );
    const waits: Wait[] = [];
    if (broadcast !== undefined && order !== null && ordered !== null && ordered > broadcast.end) {
      const label = `waiting for the block, ${formatDuration(ordered - broadcast.end)}`;
      waits.push({ from: place(broadcast.end), to: Math.min(1, place(ordered)), label });
    }
    const commit = spans.find((span) => span.edge.point === 'commit' && span.edge.to === id);
    const arrived = spans
      .filter((span) => (span.edge.point === 'deliver' || span.edge.point === 'gossip') && span.edge.to === id)
      .map((span) => span.end)
      .toSorted((a, b) => a - b)[0];
    if (commit !== undefined && arrived !== undefined && commit.start > arrived) {
      const label = `has the block, checks and commits it, ${formatDuration(commit.start - arrived)}`;
      waits.push({ from: place(arrived), to: place(commit.start), label });
    }
    return waits;
  }
}

/** Linear, but for one stretch without any event that is longer than four fifths of the whole: it is folded, and says so. */
function scaleOf(moments: readonly number[], first: number, durationUs: number) {
  const sorted = [...new Set(moments)].toSorted((a, b) => a - b);
  let gap: { start: number; end: number } | null = null;
  for (let index = 1; index < sorted.length; index++) {
    const [start, end] = [sorted[index - 1] ?? 0, sorted[index] ?? 0];
    if (end - start > FOLD_SHARE * durationUs) gap = { start, end };
  }
  if (gap === null) {
    return { place: (us: number) => clamp((us - first) / durationUs), folds: [] as Fold[] };
  }
  const { start, end } = gap;
  const rest = durationUs - (end - start);
  const unit = (1 - FOLDED_WIDTH) / Math.max(1, rest);
  const foldFrom = (start - first) * unit;
  const place = (us: number) => {
    if (us <= start) return clamp((us - first) * unit);
    if (us < end) return foldFrom + (FOLDED_WIDTH * (us - start)) / (end - start);
    return clamp(foldFrom + FOLDED_WIDTH + (us - end) * unit);
  };
  return { place, folds: [{ from: foldFrom, to: foldFrom + FOLDED_WIDTH, durationUs: end - start }] };
}

const startOf = (edge: Edge) => microsOf(edge.at) ?? microsOf(edge.respondedAt);
const answered = (edge: Edge) => microsOf(edge.respondedAt) ?? microsOf(edge.at) ?? -Infinity;

const earliest = (edges: readonly Edge[]) =>
  edges.toSorted((a, b) => (startOf(a) ?? Infinity) - (startOf(b) ?? Infinity) || a.seq - b.seq)[0];

const clamp = (share: number) => Math.min(1, Math.max(0, share));

function ticksOf(place: (us: number) => number, first: number, durationUs: number, folds: readonly Fold[]): Tick[] {
  const visible = durationUs - folds.reduce((sum, fold) => sum + fold.durationUs, 0);
  const step = niceStep(visible / 5);
  const ticks: Tick[] = [];
  let last = -1;
  for (let us = 0; us <= durationUs && ticks.length < 40; us += step) {
    const at = place(first + us);
    const fold = folds.find((one) => at > one.from && at < one.to);
    if (fold !== undefined) {
      us = Math.ceil((us + fold.durationUs * ((fold.to - at) / (fold.to - fold.from))) / step) * step - step;
      continue;
    }
    // The fold's own label stands over it.
    const beside = folds.some((one) => at > one.from - 0.07 && at < one.to - 0.01);
    if (at - last > 0.07 && !beside) {
      ticks.push({ at, label: tickLabel(us, step) });
      last = at;
    }
  }
  return ticks;
}

/** As exact as the step from one tick to the next: `66.5 s` where `1 min 7 s` would stand twice. */
function tickLabel(us: number, step: number): string {
  if (us === 0) return '0';
  return us >= 60e6 && us < 3600e6 && step < 1e6 ? `${(us / 1e6).toFixed(step < 1e5 ? 2 : 1)} s` : formatDuration(us);
}

/** 1, 2 or 5 times a power of ten, at least `least` microseconds. */
export function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  return ([1, 2, 5, 10].find((factor) => factor * power >= least) ?? 10) * power;
}

/**
 * The chain that led to the first commit, backwards from it: how its block came there, from the orderer, the broadcast, and
 * the endorsement that answered last before it. Where a link is unknown the chain just has a gap.
 */
export function criticalPath(trace: Trace): Set<number> {
  const path = new Set<number>();
  const timed = trace.edges.filter((edge) => startOf(edge) !== null);
  const commit = earliest(timed.filter((edge) => edge.point === 'commit'));
  let holder = commit?.to ?? null;
  if (commit !== undefined) path.add(commit.seq);
  const visited = new Set<string>();
  while (holder !== null && !visited.has(holder)) {
    visited.add(holder);
    const way = earliest(
      trace.edges.filter((edge) => (edge.point === 'deliver' || edge.point === 'gossip') && edge.to === holder),
    );
    if (way === undefined) break;
    path.add(way.seq);
    holder = way.from;
  }
  const broadcasts = timed.filter((edge) => edge.point === 'broadcast');
  const broadcast = earliest(broadcasts.filter((edge) => toneOfEdge(edge) !== 'bad')) ?? earliest(broadcasts);
  if (broadcast !== undefined) path.add(broadcast.seq);
  let last = timed
    .filter((edge) => edge.point === 'endorse')
    .toSorted((a, b) => answered(b) - answered(a) || b.seq - a.seq)[0];
  const chain = new Set<number>();
  while (last !== undefined && !chain.has(last.seq)) {
    const link: Edge = last;
    chain.add(link.seq);
    path.add(link.seq);
    last = timed.find((edge) => (edge.point === 'endorse' || edge.point === 'gateway') && edge.to === link.from);
  }
  return path;
}

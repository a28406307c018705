import {
  type Call,
  type CallKind,
  errorShare,
  type ErrorTone,
  errorTone,
  formatShare,
  type Participant,
} from './calls.ts';
import { type Route, routeEdges } from './edgeRoutes.ts';
import { NODE_HEIGHT, NODE_WIDTH } from './graphLayout.ts';
import type { Leading } from './leading.ts';
import { displayNames } from './names.ts';
import { type Hull, layoutNetwork, type Placed } from './networkLayout.ts';
import { formatDuration } from './time.ts';

/** The busiest are drawn; the table has them all. */
const MOST_LINES = 240;

/** What of a call does not change with its figures. */
export interface Way extends Pick<Call, 'key' | 'kind' | 'from' | 'to'> {
  readonly gossip: boolean;
  /** As long as its label will be: routes keep room for it. */
  readonly sample: string;
}
export interface PictureLine {
  readonly way: Way;
  readonly route: Route;
}
export interface PictureNode extends Placed {
  readonly id: string;
  readonly name: string;
}

/** What stays while time moves over the network: who stands where, and which ways the lines take. */
export interface NetworkPicture {
  readonly nodes: readonly PictureNode[];
  readonly lines: readonly PictureLine[];
  readonly hulls: readonly Hull[];
  /** Pixels at zoom 1. */
  readonly width: number;
  readonly height: number;
}

/**
 * What is drawn of calls: of too many the busiest.
 * @param calls of the whole time over which one may move, the busiest first
 */
export function waysOf(calls: readonly Call[]): Way[] {
  return calls
    .filter(({ from, to }) => from !== to)
    .slice(0, MOST_LINES)
    .map(({ key, kind, from, to, points, errors, medianUs }): Way => {
      const sample = `${medianUs === null ? '000×' : '0.00 ms'}${errors === 0 ? '' : ' ✘ 00 %'}`;
      return { key, kind, from, to, gossip: points.includes('gossip'), sample };
    })
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

/** Same participants and ways, same picture. Of hundreds of ways it takes half a second. */
export function networkPictureOf(participants: readonly Participant[], ways: readonly Way[]): NetworkPicture {
  const { placed, hulls } = layoutNetwork(participants);
  const names = namesOf(participants);
  const nodes = placed.map(({ participant, x, y, hull }): PictureNode => {
    const { id } = participant;
    return { id, name: names.get(id) ?? id, participant, x, y, hull };
  });
  const places = new Map(nodes.map((node) => [node.id, node]));
  const drawn = ways.toSorted((a, b) => lengthOf(a) - lengthOf(b) || (a.key < b.key ? -1 : 1));
  const edges = drawn.map(({ kind, from, to }, seq) => ({ seq, from, to, point: POINTS[kind] }));
  const labels = new Map(drawn.map(({ sample }, seq) => [seq, sample]));
  const routed = nodes.map(({ id, x, y, hull }) => ({ id, x, y, msp: hull }));
  const lines = routeEdges(routed, edges, labels).flatMap((route): PictureLine[] => {
    const way = drawn[route.seq];
    return way === undefined ? [] : [{ way, route }];
  });
  const xs = nodes.map(({ x }) => x);
  const ys = nodes.map(({ y }) => y);
  return {
    nodes,
    lines,
    hulls,
    width: Math.max(0, ...xs) - Math.min(0, ...xs) + NODE_WIDTH + 90,
    height: Math.max(0, ...ys) - Math.min(0, ...ys) + NODE_HEIGHT + 110,
  };

  /** The shortest find their ways first: straight ones, around which the longer can bend. */
  function lengthOf({ from, to }: Way): number {
    const [a, b] = [places.get(from), places.get(to)];
    return a === undefined || b === undefined ? 0 : Math.hypot(a.x - b.x, a.y - b.y);
  }
}

/** As routes know them; that of a commit would be docked. */
const POINTS: Readonly<Record<CallKind, 'endorse' | 'broadcast' | 'deliver'>> = {
  proposals: 'endorse',
  ordering: 'broadcast',
  blocks: 'deliver',
};

/** As short as can be; of clients that stand together their number. */
export function namesOf(participants: readonly Participant[]): Map<string, string> {
  const names = displayNames(participants.filter(({ together }) => together.length === 0).map(({ id }) => id));
  for (const { id, together } of participants) if (together.length > 0) names.set(id, `${together.length} clients`);
  return names;
}

export interface LineLook {
  /** Pixels. */
  readonly width: number;
  /** Whether the label shows of itself. */
  readonly labelled: boolean;
  readonly tone: ErrorTone;
  readonly label: string;
  /** Nothing went this way in the time shown. */
  readonly quiet: boolean;
  /** Of the time shown; null where it is quiet. */
  readonly call: Call | null;
}
export interface NodeLook {
  readonly caption: string;
  readonly quiet: boolean;
}
export interface NetworkLooks {
  /** By the call's key. */
  readonly lines: ReadonlyMap<string, LineLook>;
  /** By the node's ID. */
  readonly nodes: ReadonlyMap<string, NodeLook>;
}

/** Of more lines only those are labelled that have errors, or are looked at. */
const MOST_LABELS = 80;
const THIN = 1.2;
const WIDE = 9;

/** How the picture looks in a part of its time. `calls`: of that part. */
export function networkLooks(
  { nodes, lines }: Pick<NetworkPicture, 'nodes' | 'lines'>,
  calls: readonly Call[],
  leading: ReadonlyMap<string, readonly Leading[]>,
): NetworkLooks {
  const now = new Map(calls.map((call) => [call.key, call]));
  const most = Math.max(1, ...lines.map(({ way: { key } }) => now.get(key)?.count ?? 0));
  const few = lines.filter(({ way: { key } }) => now.has(key)).length <= MOST_LABELS;
  const busy = new Set(calls.flatMap(({ from, to }) => [from, to]));
  return {
    lines: new Map(
      lines.map(({ way: { key } }): [string, LineLook] => {
        const call = now.get(key);
        if (call === undefined) {
          return [key, { width: THIN, tone: 'none', label: '', labelled: false, quiet: true, call: null }];
        }
        // By the root: a line of a hundredth still shows beside the busiest.
        const width = THIN + (WIDE - THIN) * Math.sqrt(call.count / most);
        const tone = errorTone(call);
        const labelled = few || tone !== 'none';
        return [key, { width, tone, label: labelOf(call), labelled, quiet: false, call }];
      }),
    ),
    nodes: new Map(
      nodes.map(({ id, participant }) => [
        id,
        { caption: captionOf(participant, leading.get(id)), quiet: !busy.has(id) },
      ]),
    ),
  };
}

/** The median latency, or how many where none is known; and the share of errors. */
export function labelOf(call: Call): string {
  const size = call.medianUs === null ? `${call.count}×` : formatDuration(call.medianUs);
  return call.errors === 0 ? size : `${size} ✘ ${formatShare(errorShare(call))}`;
}

function captionOf({ kind, together }: Participant, leading: readonly Leading[] | undefined): string {
  const leads = (leading ?? []).filter(({ last }) => last);
  if (leads.length > 1) return `★ leads ${leads.length} channels`;
  if (leads.length === 1) return `★ ${kind}, leader`;
  return together.length > 0 ? 'clients' : kind;
}

import type { Edge } from '../api/types.ts';
import { NODE_HEIGHT, NODE_WIDTH } from './graphLayout.ts';

export type Point = readonly [x: number, y: number];

/** A cubic curve; straight lines are curves too. */
export interface Curve {
  readonly start: Point;
  readonly control1: Point;
  readonly control2: Point;
  readonly end: Point;
}

export interface Route extends Curve {
  readonly seq: number;
  /** `line` runs between two nodes; `dock` is a commit, a mark under the node that committed. */
  readonly shape: 'line' | 'dock';
  /** Where on the way the label sits, 0 to 1. */
  readonly labelRatio: number;
  /** How far the label is moved off the line, so that short lines show beside it: right and down, pixels. */
  readonly labelShift: Point;
}

/** A node that stands where it stands: edges run to it or around it. */
export interface RoutedNode {
  readonly id: string;
  /** Centre. */
  readonly x: number;
  readonly y: number;
  /** Whose hull's title is at its upper left; null for none. */
  readonly msp: string | null;
}
export type RoutedEdge = Pick<Edge, 'seq' | 'point' | 'from' | 'to'>;

interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** Stands among the bends for the curve that leaves and arrives level. */
const SWEEP = 1e6;
const SWEEP_COST = 24;
const BENDS = [0, SWEEP, 30, -30, 60, -60, 95, -95, 135, -135, 190, -190, 250, -250];
const RATIOS = [0.5, 0.42, 0.58, 0.34, 0.66, 0.27, 0.73, 0.2, 0.8];
const LABEL_HEIGHT = 18;
const LINE_HEIGHT = 15;
const CLEARANCE = 8;

/**
 * How edges run: straight where nothing is in the way, else bent around other nodes; edges of the same two never on top of
 * each other; labels moved along until they cover neither a node nor each other. A commit whose block came by another edge
 * of the same two is docked under its node. `labels` gives each edge's text.
 */
export function routeEdges(
  nodes: readonly RoutedNode[],
  edges: readonly RoutedEdge[],
  labels: ReadonlyMap<number, string>,
): Route[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const nodeBoxes = nodes.map((node) => ({ id: node.id, box: boxOf(node) }));
  const carried = new Set(
    edges.filter((edge) => edge.point !== 'commit').map((edge) => `${edge.from ?? ''}→${edge.to}`),
  );
  const taken: Box[] = [];
  const titles = hullTitles(nodes);
  const lines: Line[] = [];
  // A picture of hundreds of edges cannot be tidy: do not try for seconds.
  const tidy = edges.length <= 160;
  const bends = new Map<string, Set<number>>();
  const docks = new Map<string, number>();
  const routes: Route[] = [];

  // Docked commits first: their places are fixed, the lines' labels keep clear of them.
  for (const edge of edges) {
    const to = byId.get(edge.to);
    if (to === undefined || !isDocked(edge, carried)) continue;
    const nth = docks.get(edge.to) ?? 0;
    docks.set(edge.to, nth + 1);
    const y = to.y + NODE_HEIGHT / 2 + 12 + nth * 20;
    const half = NODE_WIDTH / 2 - 6;
    taken.push({ x: to.x, y, w: labelWidth(labels.get(edge.seq) ?? ''), h: LABEL_HEIGHT });
    routes.push({
      seq: edge.seq,
      shape: 'dock',
      start: [to.x - half, y],
      control1: [to.x, y],
      control2: [to.x, y],
      end: [to.x + half, y],
      labelRatio: 0.5,
      labelShift: [0, 0],
    });
  }
  for (const edge of edges) {
    const from = edge.from === null ? undefined : byId.get(edge.from);
    const to = byId.get(edge.to);
    if (to === undefined || from === undefined || isDocked(edge, carried)) continue;
    routes.push(lineOf(edge, from, to));
  }
  return routes.toSorted((a, b) => a.seq - b.seq);

  function lineOf(edge: RoutedEdge, from: RoutedNode, to: RoutedNode): Route {
    const pair = [from.id, to.id].toSorted().join('|');
    const used = bends.get(pair) ?? new Set<number>();
    // A bend is counted from the pair's own direction, so that there and back do not share one.
    const turn = from.id < to.id ? 1 : -1;
    const obstacles = nodeBoxes.filter((one) => one.id !== from.id && one.id !== to.id).map((one) => one.box);
    const text = labels.get(edge.seq) ?? '';
    const width = labelWidth(text);
    const height = LABEL_HEIGHT + LINE_HEIGHT * (text.split('\n').length - 1);
    const shifts = shiftsOf(width, height);
    let best: { cost: number; bend: number; route: Route; box: Box; line: Line } | undefined;
    for (const bend of tidy ? BENDS : BENDS.slice(0, 7)) {
      if (used.has(keyOf(bend, turn))) continue;
      const way = curve(from, to, bend);
      if (way === null) continue;
      const line = sampled(way);
      // Not over another's label, and no label of its own over another's line.
      const covers = taken.reduce((sum, box) => sum + (touches(line, box) ? 1 : 0), 0);
      const titled = titles.filter((box) => touches(line, box)).length;
      const crossed = obstacles.reduce((sum, box) => sum + (touches(line, grow(box, CLEARANCE)) ? 1 : 0), 0);
      const base = crossed * 1000 + covers * 90 + titled * 20 + (bend === SWEEP ? SWEEP_COST : Math.abs(bend));
      for (const ratio of tidy ? RATIOS : RATIOS.slice(0, 3)) {
        const [x, y] = pointAt(way, ratio);
        for (const [right, down, dear] of shifts) {
          const box = { x: x + right, y: y + down, w: width, h: height };
          const cost = base + Math.abs(ratio - 0.5) * 60 + dear + placeCost(box, line);
          if (best !== undefined && cost >= best.cost) continue;
          const route: Route = { seq: edge.seq, shape: 'line', ...way, labelRatio: ratio, labelShift: [right, down] };
          best = { cost, bend, box, line, route };
        }
      }
    }
    if (best === undefined) {
      // More edges between two nodes than there are bends: let it lie on another.
      const start = border(from, [to.x, to.y]);
      const end = border(to, [from.x, from.y]);
      return {
        seq: edge.seq,
        shape: 'line',
        start,
        control1: start,
        control2: end,
        end,
        labelRatio: 0.5,
        labelShift: [0, 0],
      };
    }
    bends.set(pair, used.add(keyOf(best.bend, turn)));
    taken.push(best.box);
    lines.push(best.line);
    return best.route;
  }

  /** What a label costs there: over a node or another label, over another line, or over most of its own. */
  function placeCost(box: Box, own: Line): number {
    const covered =
      taken.filter((other) => overlap(box, other)).length +
      nodeBoxes.filter((other) => overlap(box, other.box)).length +
      titles.filter((title) => overlap(box, title)).length;
    const struck = lines.filter((other) => touches(other, box)).length;
    const buried = own.points.filter((point) => inside(point, box)).length / own.points.length;
    return covered * 150 + struck * 90 + (buried > 0.4 ? buried * 150 : 0);
  }
}

/** On the line, close beside it, or above and below the nodes; what is farther off costs more. */
function shiftsOf(width: number, height: number): [right: number, down: number, cost: number][] {
  const [aside, off, clear] = [width / 2 + 8, height / 2 + 4, (NODE_HEIGHT + height) / 2 + 4];
  return [
    [0, 0, 0],
    [0, -off, 14],
    [0, off, 16],
    [aside, 0, 18],
    [-aside, 0, 18],
    [0, -clear, 34],
    [0, clear, 36],
  ];
}

/** There and back do not share a bend; the sweep looks the same both ways. */
const keyOf = (bend: number, turn: number) => (bend === SWEEP ? SWEEP : bend * turn);

/** Where the organisations' names stand, at their hulls' upper left. */
function hullTitles(nodes: readonly RoutedNode[]): Box[] {
  const corners = new Map<string, { x: number; y: number }>();
  for (const { msp, x, y } of nodes) {
    if (msp === null) continue;
    const corner = corners.get(msp);
    corners.set(msp, { x: Math.min(x, corner?.x ?? x), y: Math.min(y, corner?.y ?? y) });
  }
  return [...corners.values()].map(({ x, y }) => ({
    x: x - NODE_WIDTH / 2 + 18,
    y: y - NODE_HEIGHT / 2 - 14,
    w: 60,
    h: 16,
  }));
}

/** A commit without a line of its own: nobody knows from whom its block came, or another edge already shows it. */
function isDocked(edge: RoutedEdge, carried: ReadonlySet<string>): boolean {
  return (
    edge.from === null || edge.from === edge.to || (edge.point === 'commit' && carried.has(`${edge.from}→${edge.to}`))
  );
}

/** Width of a label with its number, in pixels. */
export function labelWidth(text: string): number {
  const longest = Math.max(0, ...text.split('\n').map((line) => line.length));
  return longest * 5.8 + 28;
}

const boxOf = (node: RoutedNode): Box => ({ x: node.x, y: node.y, w: NODE_WIDTH, h: NODE_HEIGHT });
const grow = (box: Box, by: number): Box => ({ ...box, w: box.w + 2 * by, h: box.h + 2 * by });
const overlap = (a: Box, b: Box) => Math.abs(a.x - b.x) * 2 < a.w + b.w + 4 && Math.abs(a.y - b.y) * 2 < a.h + b.h + 4;
const inside = ([x, y]: Point, box: Box) => Math.abs(x - box.x) * 2 < box.w && Math.abs(y - box.y) * 2 < box.h;

/** A point of the curve, by its parameter. */
export function pointAt({ start, control1, control2, end }: Curve, t: number): Point {
  const u = 1 - t;
  const on = (axis: 0 | 1) =>
    u * u * u * start[axis] + 3 * u * u * t * control1[axis] + 3 * u * t * t * control2[axis] + t * t * t * end[axis];
  return [on(0), on(1)];
}

interface Line {
  readonly points: readonly Point[];
  /** Around all points. */
  readonly bounds: Box;
}

function sampled(way: Curve): Line {
  const points = Array.from({ length: 41 }, (_, step) => pointAt(way, step / 40));
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  return { points, bounds: { x: (left + right) / 2, y: (top + bottom) / 2, w: right - left, h: bottom - top } };
}

const touches = (line: Line, box: Box): boolean =>
  overlap(line.bounds, box) && line.points.some((point) => inside(point, box));

/** From node to node, bent by so many pixels to the side; `SWEEP` leaves and arrives level, through the gap between columns. */
function curve(from: RoutedNode, to: RoutedNode, bend: number): Curve | null {
  if (bend === SWEEP) {
    const side = Math.sign(to.x - from.x) * (NODE_WIDTH / 2 + 2);
    if (Math.abs(to.x - from.x) < NODE_WIDTH * 1.5 || Math.abs(to.y - from.y) < NODE_HEIGHT) return null;
    const start: Point = [from.x + side, from.y];
    const end: Point = [to.x - side, to.y];
    const middle = (start[0] + end[0]) / 2;
    return { start, control1: [middle, from.y], control2: [middle, to.y], end };
  }
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy) || 1;
  // The apex of the curve lies as far from the chord as it is bent.
  const pull: Point = [(from.x + to.x) / 2 - (dy / length) * bend * 2, (from.y + to.y) / 2 + (dx / length) * bend * 2];
  const start = border(from, pull);
  const end = border(to, pull);
  const towards = ([x, y]: Point): Point => [x + ((pull[0] - x) * 2) / 3, y + ((pull[1] - y) * 2) / 3];
  if (bend !== 0) return { start, control1: towards(start), control2: towards(end), end };
  const third = (share: number): Point => [
    start[0] + (end[0] - start[0]) * share,
    start[1] + (end[1] - start[1]) * share,
  ];
  return { start, control1: third(1 / 3), control2: third(2 / 3), end };
}

/** Where the way from a node's centre to a point leaves the node. */
function border(node: RoutedNode, [x, y]: Point): Point {
  const [dx, dy] = [x - node.x, y - node.y];
  const scale = 1 / Math.max(Math.abs(dx) / (NODE_WIDTH / 2 + 2), Math.abs(dy) / (NODE_HEIGHT / 2 + 2), 1e-9);
  return scale >= 1 ? [node.x, node.y] : [node.x + dx * scale, node.y + dy * scale];
}

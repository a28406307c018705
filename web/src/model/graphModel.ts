import type { Edge, Trace } from '../api/types.ts';
import { type Route, routeEdges } from './edgeRoutes.ts';
import { type GraphNode, layoutNodes, NODE_HEIGHT, NODE_WIDTH } from './graphLayout.ts';
import { organisation } from './names.ts';
import { type Tone, toneOfEdge } from './outcome.ts';
import { namesOf } from './sentences.ts';
import { formatDuration } from './time.ts';

export interface ModelNode extends GraphNode {
  readonly name: string;
  /** Second line: what it did, or that it did not. */
  readonly caption: string;
}
export interface ModelEdge {
  readonly id: string;
  readonly edge: Edge;
  readonly route: Route;
  readonly tone: Tone;
  readonly label: string;
}
export interface ModelHull {
  readonly id: string;
  readonly label: string;
}
/** What is drawn of a trace: all that the canvas shows, with every place and word decided. */
export interface GraphModel {
  readonly nodes: readonly ModelNode[];
  readonly edges: readonly ModelEdge[];
  readonly hulls: readonly ModelHull[];
  /** Pixels at zoom 1. */
  readonly width: number;
  readonly height: number;
}

const LONGEST_ERROR = 28;

/** ID of an edge in the graph. */
export const edgeId = (seq: number): string => `edge-${seq}`;
/** ID of an organisation's hull in the graph. */
export const hullId = (msp: string): string => `org:${msp}`;

export function graphModelOf(trace: Trace): GraphModel {
  const names = namesOf(trace);
  const places = layoutNodes(trace);
  const committed = new Set(trace.commits.map((commit) => commit.peer));
  const nodes = places.map((node) => ({ ...node, name: names.get(node.id) ?? node.id, caption: captionOf(node) }));
  const labels = new Map(trace.edges.map((edge) => [edge.seq, labelOf(edge, trace)]));
  const routes = new Map(routeEdges(places, trace.edges, labels).map((route) => [route.seq, route]));
  const edges = trace.edges.flatMap((edge): ModelEdge[] => {
    const route = routes.get(edge.seq);
    if (route === undefined) return [];
    const tone = toneOfEdge(edge);
    return [{ id: edgeId(edge.seq), edge, route, tone, label: labels.get(edge.seq) ?? '' }];
  });
  const msps = [...new Set(places.flatMap((node) => (node.msp === null ? [] : [node.msp])))];
  const hulls = msps.map((msp) => ({ id: hullId(msp), label: organisation(msp) ?? msp }));
  const xs = places.map((node) => node.x);
  const ys = places.map((node) => node.y);
  return {
    nodes,
    edges,
    hulls,
    width: Math.max(0, ...xs) - Math.min(0, ...xs) + NODE_WIDTH + 60,
    height: Math.max(0, ...ys) - Math.min(0, ...ys) + NODE_HEIGHT + 100,
  };

  function captionOf(node: GraphNode): string {
    if (node.state === 'missing') return '✘ not committed';
    if (node.state === 'unobserved') return '? log not seen';
    if (node.column === 'leader') return 'peer, from orderer';
    const roles = node.roles.filter((role) => role !== 'leader');
    if (roles.length === 0) return node.identity.kind;
    return `${roles.join(', ')}${committed.has(node.id) || node.identity.kind !== 'peer' || trace.block === null ? '' : ', no commit seen'}`;
  }
}

/** What stands on an edge: the point and its duration; of a failed hand-over the status and message; of a commit its verdict. */
export function labelOf(edge: Edge, trace: Pick<Trace, 'commits'>): string {
  const tone = toneOfEdge(edge);
  if (edge.point === 'commit') {
    const delay = trace.commits.find((commit) => commit.peer === edge.to)?.delayUs ?? null;
    const verdict = tone === 'good' ? '✔ valid' : tone === 'bad' ? '✘ invalid' : 'committed';
    return delay === null ? verdict : delay === 0 ? `${verdict}, first` : `${verdict} +${formatDuration(delay)}`;
  }
  const duration = edge.durationUs === null ? '' : ` ${formatDuration(edge.durationUs)}`;
  if (tone !== 'bad') return `${edge.point}${duration}`;
  const error = edge.error ?? '';
  const message = error.length > LONGEST_ERROR ? `${error.slice(0, LONGEST_ERROR - 1)}…` : error;
  const head = `✘ ${edge.point}${edge.status === null ? '' : ` ${edge.status}`}${duration}`;
  return message === '' ? head : `${head}\n${message}`;
}

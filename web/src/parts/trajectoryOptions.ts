import type { EdgeData, GraphOptions, NodeData } from '@antv/g6';
import { type GraphModel, hullId, type ModelEdge, type ModelNode } from '../model/graphModel.ts';
import type { Palette } from '../theme.ts';
import { faceStyle, FONT, hullData, nodeStates, routeStyle, STILL } from './graphElements.ts';

/** What G6 is told of a trace: nodes, hulls and edges with their places. */
export function trajectoryOptions(model: GraphModel, palette: Palette): GraphOptions {
  return {
    ...STILL,
    data: {
      nodes: model.nodes.map((node) => nodeData(node, palette)),
      edges: model.edges.map((edge) => edgeData(edge, palette)),
      combos: model.hulls.map((hull, index) => hullData(hull, index, palette)),
    },
    node: { type: 'rect', state: nodeStates(palette) },
    edge: {
      type: 'ftl-route',
      state: {
        active: { halo: true, haloStrokeOpacity: 0.18 },
        selected: {
          halo: true,
          haloStroke: palette.accent,
          haloStrokeOpacity: 0.35,
          haloLineWidth: 14,
          labelFontSize: 11.5,
          labelFontWeight: (edge: EdgeData) => (edge.data?.['tone'] === 'bad' ? 600 : 400),
          labelBackgroundStroke: palette.accent,
          labelBackgroundLineWidth: 1.5,
          badgeBackgroundFill: palette.accent,
        },
      },
    },
  };
}

function nodeData(node: ModelNode, palette: Palette): NodeData {
  const { name, caption, x, y, state } = node;
  const hollow = state !== 'seen';
  const colour = state === 'missing' ? palette.bad : state === 'unobserved' ? palette.unknown : palette.text;
  return {
    id: node.id,
    ...(node.msp === null ? {} : { combo: hullId(node.msp) }),
    data: { kind: node.identity.kind, state, hollow },
    style: {
      ...faceStyle({ name, caption, kind: node.identity.kind, x, y, colour }, palette),
      fillOpacity: hollow ? 0 : 1,
      stroke: hollow ? colour : palette.line,
      lineWidth: hollow ? 2 : 1.5,
      lineDash: hollow ? [5, 4] : 0,
      labelFill: hollow ? colour : palette.muted,
    },
  };
}

const WIDTHS: Partial<Record<ModelEdge['edge']['point'], number>> = { deliver: 4, commit: 5 };

function edgeData({ id, edge, route, tone, label }: ModelEdge, palette: Palette): EdgeData {
  const colour = palette[tone === 'unknown' ? 'unknown' : tone];
  const dock = route.shape === 'dock';
  const derived = edge.source !== 'record';
  const style = {
    ...routeStyle(route, palette),
    stroke: colour,
    strokeOpacity: dock ? 0.35 : 1,
    lineWidth: WIDTHS[edge.point] ?? 2,
    lineCap: edge.point === 'gossip' || derived ? 'butt' : 'round',
    lineDash: derived && !dock ? [2, 5] : edge.point === 'gossip' ? [8, 5] : 0,
    haloStroke: colour,
    endArrow: !dock,
    endArrowSize: edge.point === 'deliver' ? 12 : 10,
    labelText: label,
    labelFill: tone === 'bad' ? palette.bad : palette.text,
    labelFontWeight: tone === 'bad' ? 600 : 400,
    labelOffsetX: 10 + route.labelShift[0],
    labelOffsetY: route.labelShift[1],
    badge: true,
    badgeText: String(edge.seq),
    badgePlacement: 'prefix',
    badgeFill: palette.panel,
    badgeFontSize: 10.5,
    badgeFontWeight: 700,
    badgeFontFamily: FONT,
    badgeBackgroundFill: colour,
    badgePadding: [2, 6, 2, 6],
    badgeCursor: 'pointer',
    zIndex: dock ? 3 : 2,
  };
  return {
    id,
    // A commit of which nobody knows from whom its block came stands at its peer alone; `data.from` keeps that apart.
    source: edge.from ?? edge.to,
    target: edge.to,
    data: {
      seq: edge.seq,
      point: edge.point,
      tone,
      from: edge.from,
      to: edge.to,
      status: edge.status,
      evidence: edge.source,
    },
    style: style as EdgeData['style'] & object,
  };
}

import {
  BaseEdge,
  type BaseEdgeStyleProps,
  type ComboData,
  type EdgeData,
  ExtensionCategory,
  type GraphOptions,
  type NodeData,
  register,
} from '@antv/g6';
import type { NodeHealth } from '../api/types.ts';
import type { Point } from '../model/edgeRoutes.ts';
import { type GraphModel, hullId, type ModelEdge, type ModelNode } from '../model/graphModel.ts';
import { NODE_HEIGHT, NODE_WIDTH } from '../model/graphLayout.ts';
import { healthLook } from '../model/health.ts';
import type { Palette } from '../theme.ts';

/** From a label's left end to the middle of its number, pixels. */
const badgeRoom = (number: string) => 5 + 3 * number.length;

interface RouteStyle extends BaseEdgeStyleProps {
  routeStart: Point;
  routeControl1: Point;
  routeControl2: Point;
  routeEnd: Point;
}

/** An edge that runs where the model says, instead of where the graph library would find a way. */
class RouteEdge extends BaseEdge {
  protected override getKeyPath(attributes: Required<BaseEdgeStyleProps>): ReturnType<BaseEdge['getKeyPath']> {
    const { routeStart, routeControl1, routeControl2, routeEnd } = attributes as unknown as RouteStyle;
    return [
      ['M', routeStart[0], routeStart[1]],
      ['C', routeControl1[0], routeControl1[1], routeControl2[0], routeControl2[1], routeEnd[0], routeEnd[1]],
    ];
  }

  /** The number stands upright before the label, wherever the line goes. */
  protected override getBadgeStyle(attributes: Required<BaseEdgeStyleProps>): ReturnType<BaseEdge['getBadgeStyle']> {
    const style = super.getBadgeStyle(attributes);
    const label = this.shapeMap['label'];
    if (style === false || label === undefined) return style;
    const { min, center } = label.getBounds();
    return {
      ...style,
      textAlign: 'center',
      textBaseline: 'middle',
      transform: [['translate', min[0] - badgeRoom(String(attributes.badgeText)), center[1]]],
    };
  }
}
register(ExtensionCategory.EDGE, 'ftl-route', RouteEdge);

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", "DejaVu Sans", sans-serif';

/** What G6 is told: nodes, hulls and edges with their places; no layout runs, nothing is animated, nothing can be dragged apart. */
export function graphOptions(model: GraphModel, palette: Palette): GraphOptions {
  return {
    animation: false,
    autoResize: false,
    zoomRange: [0.15, 2.5],
    padding: 14,
    background: 'transparent',
    data: {
      nodes: model.nodes.map((node) => nodeData(node, palette)),
      edges: model.edges.map((edge) => edgeData(edge, palette)),
      combos: model.hulls.map((hull, index) =>
        hullData(hull, palette.hulls[index % palette.hulls.length] ?? 'gray', palette),
      ),
    },
    node: {
      type: 'rect',
      state: {
        selected: {
          stroke: palette.accent,
          lineWidth: 3,
          labelFontWeight: 400,
          labelFontSize: 11,
          halo: true,
          haloStroke: palette.accent,
          haloStrokeOpacity: 0.2,
          haloLineWidth: 10,
        },
        ...healthStates(palette),
      },
    },
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
    behaviors: ['drag-canvas'],
  };
}

function nodeData(node: ModelNode, palette: Palette): NodeData {
  const hollow = node.state !== 'seen';
  const colour = node.state === 'missing' ? palette.bad : node.state === 'unobserved' ? palette.unknown : palette.text;
  const client = node.identity.kind === 'client';
  return {
    id: node.id,
    ...(node.msp === null ? {} : { combo: hullId(node.msp) }),
    data: { kind: node.identity.kind, state: node.state },
    style: {
      x: node.x,
      y: node.y,
      size: [NODE_WIDTH, NODE_HEIGHT],
      radius: client ? NODE_HEIGHT / 2 : node.identity.kind === 'orderer' ? 2 : 8,
      fill: palette.panel,
      fillOpacity: hollow ? 0 : 1,
      stroke: hollow ? colour : palette.line,
      lineWidth: hollow ? 2 : 1.5,
      lineDash: hollow ? [5, 4] : 0,
      cursor: node.identity.kind === 'peer' || node.identity.kind === 'orderer' ? 'pointer' : 'default',
      // The name in the upper half, what it did in the lower.
      icon: true,
      iconText: fit(node.name, 16),
      iconFill: colour,
      iconFontSize: 13,
      iconFontWeight: 600,
      iconFontFamily: FONT,
      iconY: -8,
      label: true,
      labelText: fit(node.caption, 22),
      labelFill: hollow ? colour : palette.muted,
      labelFontSize: 11,
      labelFontFamily: FONT,
      labelPlacement: 'center',
      labelOffsetY: 11,
      labelMaxWidth: NODE_WIDTH,
    },
  };
}

/** A node's health as it is drawn: frame and sign; of a hollow node, whose frame says something else, the sign alone. */
function healthStates(palette: Palette) {
  return Object.fromEntries(
    (['ok', 'failing', 'unreachable'] as const).map((health) => {
      const { tone, symbol } = healthLook(health);
      const colour = palette[tone];
      return [
        healthState(health),
        {
          stroke: (node: NodeData) => (node.data?.['state'] === 'seen' ? colour : (node.style?.stroke ?? colour)),
          lineWidth: 2,
          badge: true,
          badges: [
            {
              text: symbol,
              placement: 'right-top' as const,
              fill: palette.panel,
              fontSize: 10,
              fontWeight: 700,
              fontFamily: FONT,
              padding: [1, 5, 1, 5],
              backgroundFill: colour,
            },
          ],
        },
      ];
    }),
  );
}

/** Name of the graph's state of a node that is so. */
export const healthState = (health: NodeHealth['health']): string => `health-${health}`;

const WIDTHS: Partial<Record<ModelEdge['edge']['point'], number>> = { deliver: 4, commit: 5 };

function edgeData({ id, edge, route, tone, label }: ModelEdge, palette: Palette): EdgeData {
  const colour = palette[tone === 'unknown' ? 'unknown' : tone];
  const dock = route.shape === 'dock';
  const derived = edge.source !== 'record';
  const style = {
    routeStart: route.start,
    routeControl1: route.control1,
    routeControl2: route.control2,
    routeEnd: route.end,
    loop: false,
    stroke: colour,
    strokeOpacity: dock ? 0.35 : 1,
    lineWidth: WIDTHS[edge.point] ?? 2,
    lineCap: edge.point === 'gossip' || derived ? 'butt' : 'round',
    lineDash: derived && !dock ? [2, 5] : edge.point === 'gossip' ? [8, 5] : 0,
    increasedLineWidthForHitTesting: 12,
    cursor: 'pointer',
    haloStroke: colour,
    endArrow: !dock,
    endArrowType: 'triangle',
    endArrowSize: edge.point === 'deliver' ? 12 : 10,
    labelText: label,
    labelFill: tone === 'bad' ? palette.bad : palette.text,
    labelFontSize: 11.5,
    labelFontFamily: FONT,
    labelFontWeight: tone === 'bad' ? 600 : 400,
    labelAutoRotate: false,
    labelPlacement: route.labelRatio,
    labelTextAlign: 'center',
    labelOffsetX: 10 + route.labelShift[0],
    labelOffsetY: route.labelShift[1],
    labelMaxWidth: 600,
    labelBackground: true,
    labelBackgroundFill: palette.panel,
    labelBackgroundOpacity: 0.94,
    labelBackgroundRadius: 5,
    labelPadding: [2, 5, 2, 5],
    labelCursor: 'pointer',
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

function hullData(hull: GraphModel['hulls'][number], fill: string, palette: Palette): ComboData {
  return {
    id: hull.id,
    type: 'rect',
    style: {
      padding: [28, 16, 30, 16],
      radius: 12,
      fill,
      fillOpacity: 1,
      stroke: palette.line,
      strokeOpacity: 0.5,
      lineWidth: 1,
      labelText: fit(hull.label, 24),
      labelFill: palette.muted,
      labelFontSize: 12,
      labelFontWeight: 700,
      labelFontFamily: FONT,
      labelPlacement: 'top-left',
      labelTextAlign: 'left',
      labelTextBaseline: 'top',
      labelOffsetX: 10,
      labelOffsetY: 6,
      cursor: 'grab',
    },
  };
}

const fit = (text: string, most: number) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

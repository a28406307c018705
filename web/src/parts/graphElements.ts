import {
  BaseEdge,
  type BaseEdgeStyleProps,
  type ComboData,
  ExtensionCategory,
  type GraphOptions,
  type NodeData,
  register,
} from '@antv/g6';
import type { NodeHealth } from '../api/types.ts';
import type { Point, Route } from '../model/edgeRoutes.ts';
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

export const FONT =
  'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", "DejaVu Sans", sans-serif';

/** What all of our graphs are told: no layout runs, nothing is animated, nothing can be dragged apart. */
export const STILL = {
  animation: false,
  autoResize: false,
  zoomRange: [0.05, 2.5],
  padding: 14,
  background: 'transparent',
  behaviors: ['drag-canvas'],
} satisfies GraphOptions;

/** A node's box with its name in the upper half and its caption in the lower. */
export interface Face {
  readonly name: string;
  readonly caption: string;
  readonly kind: string;
  readonly x: number;
  readonly y: number;
  /** Of the name. */
  readonly colour: string;
}

export function faceStyle({ name, caption, kind, x, y, colour }: Face, palette: Palette) {
  return {
    x,
    y,
    size: [NODE_WIDTH, NODE_HEIGHT] as [number, number],
    radius: kind === 'client' ? NODE_HEIGHT / 2 : kind === 'orderer' ? 2 : 8,
    fill: palette.panel,
    cursor: isNode(kind) ? ('pointer' as const) : ('default' as const),
    icon: true,
    iconText: fit(name, 16),
    iconFill: colour,
    iconFontSize: 13,
    iconFontWeight: 600,
    iconFontFamily: FONT,
    iconY: -8,
    label: true,
    labelText: fit(caption, 22),
    labelFontSize: 11,
    labelFontFamily: FONT,
    labelPlacement: 'center' as const,
    labelOffsetY: 11,
    labelMaxWidth: NODE_WIDTH,
  };
}

/** Whether it has a page of its own. */
export const isNode = (kind: string | undefined): boolean => kind === 'peer' || kind === 'orderer';

/** States of a node: chosen, and its health. */
export function nodeStates(palette: Palette) {
  return {
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
          stroke: (node: NodeData) => (node.data?.['hollow'] === true ? (node.style?.stroke ?? colour) : colour),
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

/** A line along its route, with an arrow and a label on ground of its own. */
export function routeStyle(route: Route, palette: Palette) {
  return {
    routeStart: route.start,
    routeControl1: route.control1,
    routeControl2: route.control2,
    routeEnd: route.end,
    loop: false,
    increasedLineWidthForHitTesting: 12,
    cursor: 'pointer' as const,
    endArrowType: 'triangle' as const,
    labelFontSize: 11.5,
    labelFontFamily: FONT,
    labelAutoRotate: false,
    labelPlacement: route.labelRatio,
    labelTextAlign: 'center' as const,
    labelMaxWidth: 600,
    labelBackground: true,
    labelBackgroundFill: palette.panel,
    labelBackgroundOpacity: 0.94,
    labelBackgroundRadius: 5,
    labelPadding: [2, 5, 2, 5],
    labelCursor: 'pointer' as const,
  };
}

/** Organisations get their colours in turn. */
export function hullData(
  hull: { readonly id: string; readonly label: string },
  index: number,
  palette: Palette,
): ComboData {
  return {
    id: hull.id,
    type: 'rect',
    style: {
      padding: [28, 16, 30, 16],
      radius: 12,
      fill: palette.hulls[index % palette.hulls.length] ?? 'gray',
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

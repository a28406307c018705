import type { EdgeData, GraphOptions, NodeData } from '@antv/g6';
import type { ErrorTone } from '../model/calls.ts';
import type {
  LineLook,
  NetworkLooks,
  NetworkPicture,
  NodeLook,
  PictureLine,
  PictureNode,
} from '../model/networkPicture.ts';
import type { Palette } from '../theme.ts';
import type { GraphData } from './graphCanvas.tsx';
import { faceStyle, hullData, nodeStates, routeStyle, STILL } from './graphElements.ts';

/** What G6 is told of the network: who stands where and which ways the lines take; `networkData` tells how they look. */
export function networkOptions(picture: NetworkPicture, palette: Palette): GraphOptions {
  return {
    ...STILL,
    data: {
      nodes: picture.nodes.map((node) => nodeData(node, QUIET_NODE, palette)),
      edges: picture.lines.map((line) => edgeData(line, QUIET_LINE, palette)),
      combos: picture.hulls.map((hull, index) => hullData(hull, index, palette)),
    },
    node: { type: 'rect', state: nodeStates(palette) },
    edge: {
      type: 'ftl-route',
      state: {
        active: {
          halo: true,
          haloStroke: palette.accent,
          haloStrokeOpacity: 0.25,
          haloLineWidth: 12,
          label: hasLabel,
        },
        selected: {
          halo: true,
          haloStroke: palette.accent,
          haloStrokeOpacity: 0.45,
          haloLineWidth: 16,
          label: hasLabel,
          labelFontSize: 11.5,
          labelFontWeight: 400,
          labelBackgroundStroke: palette.accent,
          labelBackgroundLineWidth: 1.5,
        },
      },
    },
  };
}

/** The looks, for a graph that stands already. */
export function networkData(picture: NetworkPicture, looks: NetworkLooks, palette: Palette): GraphData {
  return {
    nodes: picture.nodes.map((node) => nodeData(node, looks.nodes.get(node.id) ?? QUIET_NODE, palette)),
    edges: picture.lines.map((line) => edgeData(line, looks.lines.get(line.way.key) ?? QUIET_LINE, palette)),
  };
}

const QUIET_NODE: NodeLook = { caption: '', quiet: true };
const QUIET_LINE: LineLook = {
  width: 1,
  tone: 'none',
  label: '',
  labelled: false,
  quiet: true,
  call: null,
};

function nodeData({ id, name, participant, x, y, hull }: PictureNode, look: NodeLook, palette: Palette): NodeData {
  const { kind } = participant;
  return {
    id,
    ...(hull === null ? {} : { combo: hull }),
    data: { kind, quiet: look.quiet, caption: look.caption },
    style: {
      ...faceStyle(
        { name, caption: look.caption, kind, x, y, colour: look.quiet ? palette.muted : palette.text },
        palette,
      ),
      stroke: palette.line,
      lineWidth: 1.5,
      labelFill: palette.muted,
      labelFontWeight: look.caption.startsWith('★') ? 700 : 400,
    },
  };
}

/** What is looked at is labelled also where there is no room for all labels. */
const hasLabel = (edge: EdgeData) => edge.style?.['labelText'] !== '';

const toneColour = (tone: ErrorTone, palette: Palette): string => palette[TONES[tone]];
/** Names of the palette's colours. */
export const TONES = { none: 'good', few: 'warn', many: 'bad' } as const satisfies Record<ErrorTone, keyof Palette>;

function edgeData({ way, route }: PictureLine, look: LineLook, palette: Palette): EdgeData {
  const colour = look.quiet ? palette.line : toneColour(look.tone, palette);
  const style = {
    ...routeStyle(route, palette),
    stroke: colour,
    strokeOpacity: look.quiet ? 0.55 : 0.9,
    lineWidth: look.width,
    lineDash: look.quiet ? [2, 5] : way.gossip ? [9, 5] : 0,
    lineCap: 'butt',
    endArrow: true,
    endArrowSize: 7 + look.width,
    label: look.labelled,
    labelText: look.label,
    labelFill: look.tone === 'many' ? palette.bad : palette.text,
    labelFontWeight: look.tone === 'none' ? 400 : 600,
    labelOffsetX: route.labelShift[0],
    labelOffsetY: route.labelShift[1],
    zIndex: look.quiet ? 1 : 2,
  };
  return {
    id: way.key,
    source: way.from,
    target: way.to,
    data: { ...(look.call ?? { ...way, count: 0, errors: 0, invalid: 0, medianUs: null }), tone: look.tone },
    style: style as EdgeData['style'] & object,
  };
}

/* oxlint-disable jsx-a11y/prefer-tag-over-role -- SVG and canvas have no such tags. */
import type { Graph, GraphOptions, IElementEvent, IPointerEvent } from '@antv/g6';
import { Graphin } from '@antv/graphin';
import { Button } from 'antd';
import { type ReactNode, useEffect, useEffectEvent, useRef, useState } from 'react';
import { useWidth } from './useWidth.ts';

declare global {
  interface Window {
    /**
     * The G6 graph that the page shows, for tests and for the curious: `getNodeData()` holds a node a participant (`id`: its
     * identity ID), `getEdgeData()` the lines, `getComboData()` the organisations. Of a trace a line is a hand-over (`id`: `edge-<seq>`,
     * `data`: `{seq, point, from, to, status, tone, evidence}`), of the network all calls of a kind between two (`data`: a `Call`).
     * Taken away, and the graph destroyed, with the page.
     */
    __ftlGraph?: Graph;
  }
}

/** What the pointer is on. */
export interface Hovered {
  readonly id: string;
  readonly element: 'node' | 'edge';
  /** In the window, pixels. */
  readonly x: number;
  readonly y: number;
}

/** What changes of an element without drawing anew; each by its ID. */
export type GraphData = Pick<NonNullable<GraphOptions['data']>, 'nodes' | 'edges'>;

interface Props {
  /** What is drawn first. */
  readonly options: GraphOptions;
  /** Another one draws anew. */
  readonly drawing: string;
  /** Pixels at zoom 1. */
  readonly size: { readonly width: number; readonly height: number };
  /** Pixels. */
  readonly minHeight: number;
  readonly maxHeight: number;
  /** What is seen, in words. */
  readonly label: string;
  /** Names of the states of each element. */
  readonly states: Readonly<Record<string, string[]>>;
  /** Looks that change while the places stay. */
  readonly data?: GraphData;
  /** An element was clicked; null: the ground, or an organisation. */
  readonly onChoose: (id: string | null, element: 'node' | 'edge' | null) => void;
  readonly onHover: (hovered: Hovered | null) => void;
  readonly children?: ReactNode;
}

/** A still graph, fitted into its place, with tools to look closer. What it means is its owner's matter. */
export function GraphCanvas(props: Props) {
  const { options, drawing, size, minHeight, maxHeight, label, states, data, onChoose, onHover, children } = props;
  const [graph, setGraph] = useState<Graph | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  /** How often it was drawn from the start. */
  const [ready, setReady] = useState(0);
  const [fitted, setFitted] = useState(false);
  const zoom = Math.min(1, width / size.width);
  const height = Math.round(Math.min(maxHeight, Math.max(minHeight, size.height * zoom)));

  useEffect(() => {
    if (graph === null || graph.destroyed || width === 0) return;
    graph.resize(width, height);
    void fit(graph).then(() => setFitted(true));
  }, [graph, width, height]);

  const chosen = useEffectEvent(onChoose);
  const hovered = useEffectEvent(onHover);
  useEffect(() => {
    if (graph === null) return undefined;
    const left = () => hovered(null);
    const empty = () => chosen(null, null);
    for (const element of ['node', 'edge'] as const) {
      graph.on(`${element}:click`, ({ target }: IElementEvent) => chosen(target.id, element));
      graph.on(`${element}:pointerleave`, left);
      graph.on(`${element}:pointerenter`, ({ target, client }: IElementEvent & IPointerEvent) =>
        hovered({ id: target.id, element, x: client.x, y: client.y }),
      );
    }
    graph.on('canvas:click', empty);
    graph.on('combo:click', empty);
    return () => {
      if (!graph.destroyed) graph.off();
    };
  }, [graph]);

  // Only what has changed is drawn, one change after the other; all of it after a new drawing.
  const drawn = useRef<Drawn>(nothingDrawn(-1));
  useEffect(() => {
    if (graph === null) return;
    if (drawn.current.drawing !== ready) drawn.current = nothingDrawn(ready);
    const { looks, states: known, last } = drawn.current;
    const fresh = {
      nodes: (data?.nodes ?? []).filter((one) => changed(looks, one.id, one)),
      edges: (data?.edges ?? []).filter((one) => changed(looks, one.id ?? '', one)),
    };
    const moved = Object.fromEntries(Object.entries(states).filter(([id, own]) => changed(known, id, own)));
    drawn.current.last = drawAfter(last, graph, fresh, moved);
  }, [graph, ready, data, states]);

  const scale = (factor: number) => {
    if (graph !== null && !graph.destroyed) void graph.zoomBy(factor);
  };
  return (
    <div className="graph" ref={box} style={{ height }} data-fitted={fitted}>
      <div role="img" aria-label={label}>
        {width > 0 && (
          <Graphin
            key={drawing}
            options={options}
            style={{ height }}
            onInit={(made) => {
              window['__ftlGraph'] = made;
            }}
            onReady={(made) => {
              if (made.destroyed) return;
              setGraph(made);
              setReady((before) => before + 1);
            }}
            onDestroy={() => {
              delete window['__ftlGraph'];
              setGraph(null);
              onHover(null);
              setFitted(false);
            }}
          />
        )}
      </div>
      <div className="graph-tools">
        <Button size="small" aria-label="Zoom in" onClick={() => scale(1.25)}>
          +
        </Button>
        <Button size="small" aria-label="Zoom out" onClick={() => scale(0.8)}>
          −
        </Button>
        <Button size="small" aria-label="Fit the picture" onClick={() => graph !== null && void fit(graph)}>
          fit
        </Button>
      </div>
      {children}
    </div>
  );
}

interface Drawn {
  /** Number of the drawing that this is of. */
  readonly drawing: number;
  /** By element, as text. */
  readonly looks: Map<string, string>;
  readonly states: Map<string, string>;
  last: Promise<void>;
}
const nothingDrawn = (drawing: number): Drawn => ({
  drawing,
  looks: new Map(),
  states: new Map(),
  last: Promise.resolve(),
});

async function drawAfter(
  last: Promise<void>,
  graph: Graph,
  { nodes = [], edges = [] }: GraphData,
  states: Record<string, string[]>,
): Promise<void> {
  await last;
  if (graph.destroyed) return;
  if (nodes.length + edges.length > 0) {
    graph.updateData({ nodes, edges });
    await graph.draw();
  }
  if (!graph.destroyed && Object.keys(states).length > 0) await graph.setElementState(states);
}

/** Whether it is another than was noted, and notes it. */
function changed(known: Map<string, string>, id: string, value: unknown): boolean {
  const text = JSON.stringify(value);
  if (known.get(id) === text) return false;
  known.set(id, text);
  return true;
}

/** The whole picture in view, never larger than drawn. */
async function fit(graph: Graph): Promise<void> {
  if (graph.destroyed) return;
  await graph.fitView({ when: 'always' });
  if (graph.destroyed || graph.getZoom() <= 1) return;
  await graph.zoomTo(1);
  if (!graph.destroyed) await graph.fitCenter();
}

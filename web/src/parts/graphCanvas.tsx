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
  /** What is drawn first; a change of it alone draws nothing. */
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

  useEffect(() => {
    if (graph === null || graph.destroyed) return;
    if (data !== undefined) {
      graph.updateData(data);
      void graph.draw().then(() => (graph.destroyed ? undefined : graph.setElementState(states)));
    } else {
      void graph.setElementState(states);
    }
  }, [graph, data, states]);

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
              if (!made.destroyed) setGraph(made);
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

/** The whole picture in view, never larger than drawn. */
async function fit(graph: Graph): Promise<void> {
  if (graph.destroyed) return;
  await graph.fitView({ when: 'always' });
  if (graph.destroyed || graph.getZoom() <= 1) return;
  await graph.zoomTo(1);
  if (!graph.destroyed) await graph.fitCenter();
}

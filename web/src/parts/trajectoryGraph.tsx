/* oxlint-disable jsx-a11y/prefer-tag-over-role -- SVG and canvas have no such tags. */
import type { Graph, IElementEvent, IPointerEvent } from '@antv/g6';
import { Graphin } from '@antv/graphin';
import { Button } from 'antd';
import { useEffect, useEffectEvent, useMemo, useRef, useState } from 'react';
import type { HealthNow } from '../api/monitoring.ts';
import type { Trace } from '../api/types.ts';
import { graphModelOf } from '../model/graphModel.ts';
import { healthLook } from '../model/health.ts';
import { sentencesOf } from '../model/sentences.ts';
import { PALETTES, useDark } from '../theme.ts';
import { graphOptions, healthState } from './graphOptions.ts';
import { HoverCard, type Hovered } from './hoverCard.tsx';

declare global {
  interface Window {
    /**
     * The trajectory's G6 graph while a trace page shows one, for tests and for the curious: `getNodeData()` holds a node a
     * participant (`id`: its identity ID), `getEdgeData()` an edge a hand-over (`id`: `edge-<seq>`, `data`: `{seq, point,
     * from, to, status, tone, evidence}`), `getComboData()` the organisations. Taken away, and the graph destroyed, with the page.
     */
    __ftlGraph?: Graph;
  }
}

interface Props {
  readonly trace: Trace;
  readonly selected: number | null;
  readonly onSelect: (seq: number | null) => void;
  /** Of the nodes that are watched, by ID: how they are now, not how they were then. */
  readonly health: ReadonlyMap<string, HealthNow>;
  /** A peer or orderer was chosen. */
  readonly onNode: (id: string) => void;
}

/** The edge's number; null for a node. */
const numberOf = (event: IElementEvent): number | null => {
  const seq = Number(/^edge-(\d+)$/.exec(event.target.id)?.[1]);
  return Number.isNaN(seq) ? null : seq;
};

const MIN_HEIGHT = 260;
const MAX_HEIGHT = 640;

/** The trajectory. What it shows is `graphModelOf`; for who cannot see it, the list of sentences beside it says the same. */
export function TrajectoryGraph({ trace, selected, onSelect, health, onNode }: Props) {
  const dark = useDark();
  const palette = PALETTES[dark ? 'dark' : 'light'];
  const model = useMemo(() => graphModelOf(trace), [trace]);
  const options = useMemo(() => graphOptions(model, palette), [model, palette]);
  const [graph, setGraph] = useState<Graph | null>(null);
  const [hovered, setHovered] = useState<Hovered | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [fitted, setFitted] = useState(false);

  useEffect(() => {
    if (box.current === null) return undefined;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  const zoom = Math.min(1, width / model.width);
  const height = Math.round(Math.min(MAX_HEIGHT, Math.max(MIN_HEIGHT, model.height * zoom)));

  useEffect(() => {
    if (graph === null || graph.destroyed || width === 0) return;
    graph.resize(width, height);
    void fit(graph).then(() => setFitted(true));
  }, [graph, width, height]);

  const clicked = useEffectEvent((event: IElementEvent) => onSelect(numberOf(event)));
  const emptied = useEffectEvent(() => onSelect(null));
  const nodeClicked = useEffectEvent((event: IElementEvent) => {
    const kind = model.nodes.find((node) => node.id === event.target.id)?.identity.kind;
    if (kind === 'peer' || kind === 'orderer') onNode(event.target.id);
  });
  const entered = useEffectEvent((event: IElementEvent & IPointerEvent) => {
    const seq = numberOf(event);
    setHovered({ id: event.target.id, seq, x: event.client.x, y: event.client.y });
  });
  useEffect(() => {
    if (graph === null) return undefined;
    const left = () => setHovered(null);
    const onClick = (event: IElementEvent) => clicked(event);
    const onEnter = (event: IElementEvent & IPointerEvent) => entered(event);
    const onEmpty = () => emptied();
    const onNodeClick = (event: IElementEvent) => nodeClicked(event);
    graph.on('edge:click', onClick);
    graph.on('node:click', onNodeClick);
    graph.on('canvas:click', onEmpty);
    graph.on('combo:click', onEmpty);
    graph.on('edge:pointerenter', onEnter);
    graph.on('node:pointerenter', onEnter);
    graph.on('edge:pointerleave', left);
    graph.on('node:pointerleave', left);
    return () => {
      if (!graph.destroyed) graph.off();
    };
  }, [graph]);

  useEffect(() => {
    if (graph === null || graph.destroyed) return;
    const edge = trace.edges.find((one) => one.seq === selected);
    const states: Record<string, string[]> = {};
    for (const one of model.edges) {
      const active = hovered?.seq === one.edge.seq ? ['active'] : [];
      states[one.id] = one.edge.seq === selected ? ['selected'] : active;
    }
    for (const node of model.nodes) {
      const state = health.get(node.id)?.health;
      const touched = edge && (node.id === edge.from || node.id === edge.to) ? ['selected'] : [];
      states[node.id] = [...(state === undefined ? [] : [healthState(state)]), ...touched];
    }
    void graph.setElementState(states);
  }, [graph, model, trace, selected, hovered?.seq, health]);

  const summary = `Trajectory with ${model.nodes.length} participants and ${model.edges.length} hand-overs. ${sentencesOf(
    trace,
  )
    .map((sentence) => sentence.text)
    .join(' ')}${healthSentence()}`;
  function healthSentence(): string {
    const told = model.nodes.flatMap((node) => {
      const one = health.get(node.id);
      return one === undefined ? [] : [`${node.name} ${healthLook(one.health).word}`];
    });
    return told.length === 0 ? '' : ` Health now: ${told.join(', ')}.`;
  }
  const scale = (factor: number) => {
    if (graph !== null && !graph.destroyed) void graph.zoomBy(factor);
  };
  return (
    <div className="trajectory" ref={box} style={{ height }} data-fitted={fitted}>
      <div role="img" aria-label={summary}>
        {width > 0 && (
          <Graphin
            // Drawn anew rather than patched: another trace or other colours share nothing.
            key={`${trace.traceId} ${dark ? 'dark' : 'light'}`}
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
              setHovered(null);
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
      {hovered !== null && <HoverCard trace={trace} hovered={hovered} health={health} />}
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

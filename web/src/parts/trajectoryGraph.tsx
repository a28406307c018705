import { useMemo, useState } from 'react';
import type { HealthNow } from '../api/monitoring.ts';
import type { Trace } from '../api/types.ts';
import { graphModelOf } from '../model/graphModel.ts';
import { healthLook } from '../model/health.ts';
import { sentencesOf } from '../model/sentences.ts';
import { PALETTES, useDark } from '../theme.ts';
import { GraphCanvas, type Hovered } from './graphCanvas.tsx';
import { healthState, isNode } from './graphElements.ts';
import { HoverCard } from './hoverCard.tsx';
import { trajectoryOptions } from './trajectoryOptions.ts';

interface Props {
  readonly trace: Trace;
  readonly selected: number | null;
  readonly onSelect: (seq: number | null) => void;
  /** Of the nodes that are watched, by ID: how they are now, not how they were then. */
  readonly health: ReadonlyMap<string, HealthNow>;
  /** A peer or orderer was chosen. */
  readonly onNode: (id: string) => void;
}

/** The trajectory. What it shows is `graphModelOf`; for who cannot see it, the list of sentences beside it says the same. */
export function TrajectoryGraph({ trace, selected, onSelect, health, onNode }: Props) {
  const dark = useDark();
  const palette = PALETTES[dark ? 'dark' : 'light'];
  const model = useMemo(() => graphModelOf(trace), [trace]);
  const options = useMemo(() => trajectoryOptions(model, palette), [model, palette]);
  const [hovered, setHovered] = useState<Hovered | null>(null);

  const states = useMemo(() => {
    const edge = trace.edges.find((one) => one.seq === selected);
    const found: Record<string, string[]> = {};
    for (const one of model.edges) {
      const active = hovered?.id === one.id ? ['active'] : [];
      found[one.id] = one.edge.seq === selected ? ['selected'] : active;
    }
    for (const node of model.nodes) {
      const state = health.get(node.id)?.health;
      const touched = edge && (node.id === edge.from || node.id === edge.to) ? ['selected'] : [];
      found[node.id] = [...(state === undefined ? [] : [healthState(state)]), ...touched];
    }
    return found;
  }, [model, trace, selected, hovered?.id, health]);

  const told = model.nodes.flatMap(({ id, name }) => {
    const one = health.get(id);
    return one === undefined ? [] : [`${name} ${healthLook(one.health).word}`];
  });
  const label = [
    `Trajectory with ${model.nodes.length} participants and ${model.edges.length} hand-overs.`,
    ...sentencesOf(trace).map((sentence) => sentence.text),
    ...(told.length === 0 ? [] : [`Health now: ${told.join(', ')}.`]),
  ].join(' ');

  function choose(id: string | null, element: 'node' | 'edge' | null): void {
    if (element === 'node') {
      if (isNode(model.nodes.find((node) => node.id === id)?.identity.kind) && id !== null) onNode(id);
    } else {
      onSelect(model.edges.find((edge) => edge.id === id)?.edge.seq ?? null);
    }
  }
  return (
    <GraphCanvas
      options={options}
      // Drawn anew rather than patched: another trace or other colours share nothing.
      drawing={`${trace.traceId} ${dark ? 'dark' : 'light'}`}
      size={model}
      minHeight={260}
      maxHeight={640}
      label={label}
      states={states}
      onChoose={choose}
      onHover={setHovered}
    >
      {hovered !== null && <HoverCard trace={trace} hovered={hovered} health={health} />}
    </GraphCanvas>
  );
}

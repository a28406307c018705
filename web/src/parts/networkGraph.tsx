import { useMemo, useState } from 'react';
import type { HealthNow } from '../api/monitoring.ts';
import { type Call, errorShare, formatShare, KIND_WORDS, type Participant } from '../model/calls.ts';
import { healthLook } from '../model/health.ts';
import type { Leading } from '../model/leading.ts';
import { networkLooks, type NetworkPicture } from '../model/networkPicture.ts';
import { formatDuration } from '../model/time.ts';
import { PALETTES, useDark } from '../theme.ts';
import { GraphCanvas, type Hovered } from './graphCanvas.tsx';
import { healthState } from './graphElements.ts';
import { CallFacts, NodeFacts } from './networkFacts.tsx';
import { networkData, networkOptions } from './networkOptions.ts';
import { PointerCard } from './pointerCard.tsx';

export interface Choice {
  readonly element: 'node' | 'edge';
  /** Node ID, or the call's key. */
  readonly id: string;
}

interface Props {
  readonly picture: NetworkPicture;
  /** Of the time shown. */
  readonly calls: readonly Call[];
  readonly leading: ReadonlyMap<string, readonly Leading[]>;
  readonly health: ReadonlyMap<string, HealthNow>;
  readonly chosen: Choice | null;
  readonly onChoose: (choice: Choice | null) => void;
}

/** Lines that are read out; the table has them all. */
const MOST_SPOKEN = 12;

/** Who called whom. What it shows is `networkPictureOf` and `networkLooks`; for who cannot see it, the table below says the same. */
export function NetworkGraph({ picture, calls, leading, health, chosen, onChoose }: Props) {
  const dark = useDark();
  const palette = PALETTES[dark ? 'dark' : 'light'];
  const [hovered, setHovered] = useState<Hovered | null>(null);
  const options = useMemo(() => networkOptions(picture, palette), [picture, palette]);
  const data = useMemo(
    () => networkData(picture, networkLooks(picture, calls, leading), palette),
    [picture, calls, leading, palette],
  );
  // The same places and ways need no new drawing, whatever became of them.
  const drawing = useMemo(
    () => JSON.stringify([dark, picture.nodes.map(({ id }) => id), picture.lines.map(({ way }) => way)]),
    [picture, dark],
  );
  const states = useMemo(() => {
    const found: Record<string, string[]> = {};
    for (const { way } of picture.lines) {
      const own = chosen?.element === 'edge' && chosen.id === way.key;
      const near = hovered?.id === way.key || chosen?.id === way.from || chosen?.id === way.to;
      found[way.key] = own ? ['selected'] : near ? ['active'] : [];
    }
    for (const { id } of picture.nodes) {
      const state = health.get(id)?.health;
      found[id] = [...(state === undefined ? [] : [healthState(state)]), ...(chosen?.id === id ? ['selected'] : [])];
    }
    return found;
  }, [picture, health, chosen, hovered?.id]);

  const names = new Map(picture.nodes.map(({ id, name }) => [id, name]));
  return (
    <GraphCanvas
      options={options}
      drawing={drawing}
      size={picture}
      minHeight={300}
      maxHeight={760}
      label={spoken()}
      states={states}
      data={data}
      onChoose={(id, element) => onChoose(id === null || element === null ? null : { id, element })}
      onHover={setHovered}
    >
      {hovered !== null && <PointerCard at={hovered}>{factsOf(hovered)}</PointerCard>}
    </GraphCanvas>
  );

  function spoken(): string {
    const count = (kind: Participant['kind']) =>
      picture.nodes
        .filter(({ participant }) => participant.kind === kind)
        .reduce((sum, { participant }) => sum + Math.max(1, participant.together.length), 0);
    const told = picture.nodes.flatMap(({ id, name }) => {
      const one = health.get(id);
      return one === undefined ? [] : [`${name} ${healthLook(one.health).word}`];
    });
    const leaders = picture.nodes.filter(({ id }) => leading.get(id)?.some(({ last }) => last)).map(({ name }) => name);
    return [
      `Network of ${count('peer')} peers, ${count('orderer')} orderers and ${count('client')} clients, ${calls.length} lines.`,
      ...(leaders.length === 0 ? [] : [`Leaders: ${leaders.join(', ')}.`]),
      ...(told.length === 0 ? [] : [`Health now: ${told.join(', ')}.`]),
      calls
        .slice(0, MOST_SPOKEN)
        .map((call) => callWords(call, names))
        .join('; '),
    ].join(' ');
  }

  function factsOf({ id, element }: Hovered) {
    if (element === 'edge') {
      const call = calls.find(({ key }) => key === id) ?? null;
      const line = picture.lines.find((one) => one.way.key === id);
      return line === undefined ? null : <CallFacts call={call} line={line.way} names={names} />;
    }
    const node = picture.nodes.find((one) => one.id === id);
    return node && <NodeFacts participant={node.participant} leading={leading.get(id)} health={health.get(id)} />;
  }
}

function callWords({ from, to, kind, count, errors, medianUs }: Call, names: ReadonlyMap<string, string>): string {
  const wrong = errors === 0 ? '' : `, ${formatShare(errorShare({ count, errors }))} errors`;
  const median = medianUs === null ? '' : `, median ${formatDuration(medianUs)}`;
  return `${names.get(from) ?? from} to ${names.get(to) ?? to}: ${count} ${KIND_WORDS[kind]}${wrong}${median}`;
}

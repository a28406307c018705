import type { Alert, MonitoringState, NetworkNode, NodeHealth } from '../api/types.ts';
import { type ChannelHeight, heightMeasure } from './heights.ts';
import { commonName, mspOf, organisation } from './names.ts';

export interface NodeRow {
  readonly id: string;
  readonly name: string;
  readonly kind: 'peer' | 'orderer';
  /** Null where nobody looks. */
  readonly health: NodeHealth | null;
  readonly channels: readonly ChannelHeight[];
  /** Of its record stream; null where none is collected. */
  readonly breaks: number | null;
  readonly alerts: readonly Alert[];
}

export interface OrganisationNodes {
  readonly msp: string;
  readonly label: string;
  readonly nodes: readonly NodeRow[];
  /** About the organisation, not about one of its nodes. */
  readonly alerts: readonly Alert[];
}

interface Known {
  /** As the records reveal them. */
  readonly nodes: readonly NetworkNode[];
  /** Those whose operations services are known. */
  readonly health: readonly NodeHealth[];
  /** What the channels had a minute ago, by metrics. */
  readonly channels?: MonitoringState['channels'] | undefined;
  readonly alerts: readonly Alert[];
}

/** Peers and orderers of which records or operations services tell, by organisation. */
export function organisationsOf({ nodes, health, channels, alerts }: Known): OrganisationNodes[] {
  const measure = heightMeasure({ nodes, channels });
  const watched = new Map(health.map((one) => [one.id, one]));
  const told = new Map(nodes.map((node) => [node.id, node]));
  const rows = [...new Set([...told.keys(), ...watched.keys()])].flatMap((id) => {
    const row = rowOf(id);
    return row === null ? [] : [row];
  });
  const msps = [...new Set(rows.map(mspNameOf))].toSorted();
  return msps.map((msp) => ({
    msp,
    label: msp === '' ? 'No organisation known' : (organisation(msp) ?? msp),
    nodes: rows.filter((row) => mspNameOf(row) === msp).toSorted(byKindAndName),
    alerts: alerts.filter((alert) => alert.organisation === msp),
  }));

  function rowOf(id: string): NodeRow | null {
    const node = told.get(id);
    const state = watched.get(id) ?? null;
    const kind = state?.kind ?? node?.kind;
    if (kind !== 'peer' && kind !== 'orderer') return null;
    return {
      id,
      name: commonName(id),
      kind,
      health: state,
      channels: measure(node, state),
      breaks: node?.observed === true ? node.streamBreaks.length : null,
      alerts: alerts.filter((alert) => alert.nodes.includes(id)),
    };
  }
}

const mspNameOf = ({ id }: NodeRow) => mspOf(id) ?? '';

function byKindAndName(a: NodeRow, b: NodeRow): number {
  if (a.kind !== b.kind) return a.kind === 'peer' ? -1 : 1;
  return a.name < b.name ? -1 : 1;
}

/** How many are in which state, in words: `4 well, 1 no answer`. */
export function countWords(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, count]) => `${count} ${word}`).join(', ');
}

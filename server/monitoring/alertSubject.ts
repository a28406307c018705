import type { Alert } from './alerts.ts';
import type { NodeRef } from './metricsSource.ts';
import { labelFit } from './nodeLabels.ts';

/** Whom an alert is about. */
export interface AlertSubject {
  /** Node IDs; several where it names no organisation and more than one has a node of that name. */
  readonly nodes: readonly string[];
  /** MSP ID of the organisation that it is about as a whole. */
  readonly organisation: string | null;
}

/**
 * The one rule by which alerts belong to nodes: the labels are matched as those of Prometheus' targets are; a node that is not known is
 * called by what the alert says. Without any node, an alert with an MSP ID is about the organisation.
 */
export function subjectOf({ node, msp, labels }: Alert, known: readonly NodeRef[]): AlertSubject {
  const nodes = known.filter((one) => labelFit(one, labels) !== null).map(({ id }) => id);
  if (nodes.length > 0) return { nodes, organisation: null };
  if (node === null) return { nodes: [], organisation: msp === '' ? null : msp };
  if (node.includes('/')) return { nodes: [node], organisation: null };
  return { nodes: msp === null || msp === '' ? [] : [`${msp}/${node}`], organisation: null };
}

/** Whether the node, or its organisation as a whole, is whom it is about. */
export function concerns({ nodes, organisation }: AlertSubject, id: string): boolean {
  return nodes.includes(id) || (organisation !== null && id.startsWith(`${organisation}/`));
}

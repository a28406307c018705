import type { Alert } from '../api/types.ts';
import { microsOf } from './time.ts';

export const ALERT_SYMBOLS = { critical: '‼', warning: '⚠', info: 'ⓘ' } as const;

/** Whether it is about this node, or about its organisation as a whole; as the API's own filter has it. */
export function concernsNode({ node, msp }: Pick<Alert, 'node' | 'msp'>, id: string): boolean {
  const slash = id.indexOf('/');
  const [ownMsp, name] = slash < 0 ? [null, id] : [id.slice(0, slash), id.slice(slash + 1)];
  const sameMsp = msp === null || ownMsp === null || msp === ownMsp;
  return sameMsp && (node === null ? msp !== null : node === name || node === id);
}

/** Of those that are not silenced: how many, and the gravest. */
export function alertCount(alerts: readonly Alert[]): {
  readonly count: number;
  readonly gravest: Alert['severity'] | null;
} {
  const loud = alerts.filter((alert) => !alert.silenced);
  const gravest = (['critical', 'warning', 'info'] as const).find((severity) =>
    loud.some((alert) => alert.severity === severity),
  );
  return { count: loud.length, gravest: gravest ?? null };
}

/** ID of the node that an alert is about; null where it is about none, or does not say of which organisation. */
export function alertNodeId({ node, msp }: Pick<Alert, 'node' | 'msp'>): string | null {
  if (node === null) return null;
  if (node.includes('/')) return node;
  return msp === null || msp === '' ? null : `${msp}/${node}`;
}

/** Microseconds since it began to fire. */
export function firingFor(alert: Pick<Alert, 'since'>, nowMillis: number): number | null {
  const since = microsOf(alert.since);
  return since === null ? null : Math.max(0, nowMillis * 1000 - since);
}

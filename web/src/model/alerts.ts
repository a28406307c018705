import type { Alert } from '../api/types.ts';
import { microsOf } from './time.ts';

export const ALERT_SYMBOLS = { critical: '‼', warning: '⚠', info: 'ⓘ' } as const;

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

/** Microseconds since it began to fire. */
export function firingFor(alert: Pick<Alert, 'since'>, nowMillis: number): number | null {
  const since = microsOf(alert.since);
  return since === null ? null : Math.max(0, nowMillis * 1000 - since);
}

import type { HealthNow } from '../api/monitoring.ts';
import { healthLook, reasonsOf } from '../model/health.ts';

/** A node's health in a line, with what is wrong. */
export function NodeHealthWords({ health }: { readonly health: HealthNow | undefined }) {
  const look = healthLook(health?.health);
  const why = health === undefined ? '' : reasonsOf(health);
  return (
    <>
      <b className={`${look.tone}-text`}>
        {look.symbol} {look.word}
      </b>
      {why !== '' && `: ${why}`}
    </>
  );
}

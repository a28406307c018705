import type { NodeHealth } from '../api/types.ts';
import { healthLook } from '../model/health.ts';

/** A node's health in colour, sign and word. */
export function HealthTag({ health }: { readonly health: NodeHealth['health'] | null | undefined }) {
  const look = healthLook(health);
  return (
    <span className={`outcome ${look.tone}`} title={look.plain} data-health={look.state}>
      <span aria-hidden="true">{look.symbol}</span> {look.word}
    </span>
  );
}

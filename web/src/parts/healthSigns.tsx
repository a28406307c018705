import { healthLook } from '../model/health.ts';

/** The legend of nodes' health. */
export function HealthSigns() {
  return (['ok', 'failing', 'unreachable'] as const).map((state) => {
    const look = healthLook(state);
    return (
      <span key={state}>
        <i className={`health-sign ${look.tone}`}>{look.symbol}</i>
        {look.word} now
      </span>
    );
  });
}

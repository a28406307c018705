import { outcomeOf } from '../model/outcome.ts';

export function OutcomeTag({ code }: { readonly code: string | null }) {
  const outcome = outcomeOf(code);
  return (
    <span className={`outcome ${outcome.tone}`} title={outcome.plain}>
      <span aria-hidden="true">{outcome.symbol}</span> {outcome.label}
    </span>
  );
}

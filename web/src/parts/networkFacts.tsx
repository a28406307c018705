import type { HealthNow } from '../api/monitoring.ts';
import { type Call, errorShare, formatShare, KIND_WORDS, type Participant } from '../model/calls.ts';
import { type Leading, leadingLines } from '../model/leading.ts';
import { organisation } from '../model/names.ts';
import { formatDuration } from '../model/time.ts';
import { NodeHealthWords } from './nodeHealthWords.tsx';

interface CallFactsProps {
  /** In the time shown; null if nothing went this way. */
  readonly call: Call | null;
  readonly line: Pick<Call, 'kind' | 'from' | 'to'>;
  readonly names: ReadonlyMap<string, string>;
}

/** A line of the picture in words. */
export function CallFacts({ call, line, names }: CallFactsProps) {
  return (
    <dl className="facts">
      <dt>{KIND_WORDS[line.kind]}</dt>
      <dd>
        {names.get(line.from) ?? line.from} → {names.get(line.to) ?? line.to}
      </dd>
      <dt>transactions</dt>
      <dd>
        {call === null
          ? 'none in the time shown'
          : `${call.count}${call.points.length === 0 ? '' : ` (${call.points.join(', ')})`}`}
      </dd>
      {call !== null && (
        <>
          <dt>errors</dt>
          <dd className={call.errors === 0 ? '' : 'bad-text'}>
            {call.errors === 0 ? 'none' : `✘ ${call.errors}, ${formatShare(errorShare(call))}`}
          </dd>
          <dt>median</dt>
          <dd>{call.medianUs === null ? 'no duration known' : formatDuration(call.medianUs)}</dd>
        </>
      )}
      {call !== null && call.invalid > 0 && (
        <>
          <dt>invalid</dt>
          <dd>{call.invalid} of them committed as invalid</dd>
        </>
      )}
    </dl>
  );
}

interface NodeFactsProps {
  readonly participant: Participant;
  readonly leading: readonly Leading[] | undefined;
  readonly health: HealthNow | undefined;
}

/** A participant in words. */
export function NodeFacts({ participant: { id, kind, msp, together }, leading, health }: NodeFactsProps) {
  return (
    <dl className="facts">
      <dt>who</dt>
      <dd>{together.length > 0 ? `${together.length} ${id}` : id}</dd>
      <dt>kind</dt>
      <dd>{kind}</dd>
      {leadingLines(leading ?? [], organisation(msp) ?? 'its organisation').map((line) => (
        <div key={line} className="fact">
          <dt>★</dt>
          <dd>{line}</dd>
        </div>
      ))}
      {kind !== 'client' && (
        <>
          <dt>health now</dt>
          <dd>
            <NodeHealthWords health={health} />
          </dd>
        </>
      )}
    </dl>
  );
}

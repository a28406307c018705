import type { HealthNow } from '../api/monitoring.ts';
import { useRecords } from '../api/queries.ts';
import type { Trace } from '../api/types.ts';
import { identitiesOf } from '../model/graphLayout.ts';
import { edgeId } from '../model/graphModel.ts';
import { recordLine } from '../model/recordLine.ts';
import { EdgeFacts } from './edgeDetails.tsx';
import type { Hovered } from './graphCanvas.tsx';
import { NodeHealthWords } from './nodeHealthWords.tsx';
import { PointerCard } from './pointerCard.tsx';

const MOST_RECORDS = 3;

interface Props {
  readonly trace: Trace;
  readonly hovered: Hovered;
  readonly health: ReadonlyMap<string, HealthNow>;
}

/** What the pointer is on, in full. */
export function HoverCard({ trace, hovered, health }: Props) {
  const edge = trace.edges.find((one) => edgeId(one.seq) === hovered.id);
  const records = useRecords(trace, edge !== undefined);
  const own = records.data?.items.filter((item) => edge?.records.includes(item.id)) ?? [];
  const identity = identitiesOf(trace).get(hovered.id);
  const node = identity?.kind === 'peer' || identity?.kind === 'orderer';
  return (
    <PointerCard at={hovered}>
      {edge && <EdgeFacts trace={trace} edge={edge} />}
      {own.slice(0, MOST_RECORDS).map((item) => {
        const line = recordLine(item);
        return (
          <p key={item.id} className="hover-record">
            <b>{line.point}</b> {line.writer}: {line.says}
          </p>
        );
      })}
      {own.length > MOST_RECORDS && (
        <p className="hover-record muted">and {own.length - MOST_RECORDS} more: click to see all</p>
      )}
      {identity && (
        <dl className="facts">
          <dt>who</dt>
          <dd>{identity.id}</dd>
          <dt>kind</dt>
          <dd>{identity.kind}</dd>
          {identity.address && (
            <>
              <dt>address</dt>
              <dd>{identity.address}</dd>
            </>
          )}
          {identity.fingerprint && (
            <>
              <dt>certificate</dt>
              <dd className="mono">SHA-256 {identity.fingerprint}</dd>
            </>
          )}
          {trace.missing.includes(identity.id) && (
            <>
              <dt>commit</dt>
              <dd className="bad-text">✘ has not committed the block</dd>
            </>
          )}
          {trace.unobserved.includes(identity.id) && (
            <>
              <dt>commit</dt>
              <dd>? nothing can be said: its log was not seen</dd>
            </>
          )}
          {node && (
            <>
              <dt>health now</dt>
              <dd>
                <NodeHealthWords health={health.get(identity.id)} />
              </dd>
              <dt>click</dt>
              <dd>opens its page: health, metrics, alerts</dd>
            </>
          )}
        </dl>
      )}
    </PointerCard>
  );
}

import { Alert, Skeleton } from 'antd';
import { useRecords } from '../api/queries.ts';
import type { Edge, Trace } from '../api/types.ts';
import { nodesOf } from '../model/aroundTrace.ts';
import { formatDateTime, formatDuration, microsOf } from '../model/time.ts';
import { NodeLink } from './nodeLink.tsx';

const SOURCES = {
  record: 'written down by a node',
  block: 'known from the block alone',
  derived: 'concluded from other evidence, not seen',
};

/** All that is known of one hand-over. */
export function EdgeFacts({ trace, edge }: { readonly trace: Trace; readonly edge: Edge }) {
  const start = microsOf(trace.startedAt);
  const at = microsOf(edge.at ?? edge.respondedAt);
  const nodes = nodesOf(trace);
  const who = (id: string) => (nodes.includes(id) ? <NodeLink id={id} /> : id);
  return (
    <dl className="facts">
      <dt>
        {edge.seq} {edge.point}
      </dt>
      <dd>
        {edge.from === null ? 'nobody knows from whom' : who(edge.from)} → {who(edge.to)}
      </dd>
      <dt>{edge.point === 'commit' ? 'at' : 'began'}</dt>
      <dd>
        {edge.at === null ? 'time not known' : formatDateTime(edge.at)}
        {at !== null && start !== null && <span className="muted"> (start +{formatDuration(at - start)})</span>}
        {edge.rawAt && <span className="muted"> its own clock said {formatDateTime(edge.rawAt)}</span>}
      </dd>
      {edge.respondedAt !== null && (
        <>
          <dt>ended</dt>
          <dd>
            {formatDateTime(edge.respondedAt)}
            {edge.rawRespondedAt && (
              <span className="muted"> its own clock said {formatDateTime(edge.rawRespondedAt)}</span>
            )}
          </dd>
        </>
      )}
      {edge.durationUs !== null && (
        <>
          <dt>took</dt>
          <dd>{formatDuration(edge.durationUs)}</dd>
        </>
      )}
      {edge.status !== null && (
        <>
          <dt>status</dt>
          <dd>{edge.status}</dd>
        </>
      )}
      {edge.block !== null && (
        <>
          <dt>block</dt>
          <dd>{edge.block}</dd>
        </>
      )}
      {edge.error && (
        <>
          <dt>error</dt>
          <dd className="bad-text">{edge.error}</dd>
        </>
      )}
      <dt>evidence</dt>
      <dd>
        {SOURCES[edge.source]}
        {edge.records.length > 0 && `, ${edge.records.length} record${edge.records.length === 1 ? '' : 's'}`}
      </dd>
    </dl>
  );
}

/** The hand-over that is selected, with the records that show it as they were written. */
export function EdgeDetails({ trace, edge }: { readonly trace: Trace; readonly edge: Edge }) {
  const records = useRecords(trace, true);
  const own = records.data?.items.filter((item) => edge.records.includes(item.id)) ?? [];
  return (
    <div className="edge-details">
      <EdgeFacts trace={trace} edge={edge} />
      {records.isPending && <Skeleton active title={false} paragraph={{ rows: 3 }} />}
      {records.isError && (
        <Alert type="error" title={records.error.problem.title} description={records.error.problem.detail} />
      )}
      {own.map((item) => (
        <pre key={item.id} className="record-json">
          {JSON.stringify(item.record, null, 1)}
        </pre>
      ))}
      {records.isSuccess && own.length === 0 && (
        <p className="muted">No record of its own: it follows from the others.</p>
      )}
    </div>
  );
}

import { Skeleton } from 'antd';
import { useEffect } from 'react';
import { Link, useParams, useSearchParams } from 'react-router';
import { nodeIdOf } from '../api/client.ts';
import { useMonitoring, useNodeHealth, useNodes } from '../api/monitoring.ts';
import type { MonitoringState, NetworkNode, NodeHealth } from '../api/types.ts';
import { healthLook } from '../model/health.ts';
import { heightMeasure, heightNotes } from '../model/heights.ts';
import { commonName, displayNames } from '../model/names.ts';
import { withToken } from '../model/query.ts';
import { type ChartRange, readRange } from '../model/range.ts';
import { formatClock, formatDateTime } from '../model/time.ts';
import { HealthTag } from '../parts/healthTag.tsx';
import { InlineError } from '../parts/inlineError.tsx';
import { LogSpecControl } from '../parts/logSpecControl.tsx';
import { NodeAlerts } from '../parts/nodeAlerts.tsx';
import { NodeMetrics } from '../parts/nodeMetrics.tsx';
import { Notice } from '../parts/states.tsx';
import { StreamBreaks } from '../parts/streamBreaks.tsx';
import { useNow } from '../parts/useNow.ts';

/** `/nodes/:msp/:name?range=1h&at=2026-11-21T00:20:43Z`: how one node is and was. */
export function NodePage() {
  const { msp = '-', name = '' } = useParams();
  const id = nodeIdOf(msp, name);
  useEffect(() => {
    document.title = `FTL: ${displayNames([id]).get(id) ?? id}`;
  }, [id]);
  return <NodeView key={id} id={id} />;
}

function NodeView({ id }: { readonly id: string }) {
  const [params, setParams] = useSearchParams();
  const health = useNodeHealth(id);
  const nodes = useNodes();
  const monitoring = useMonitoring();
  const node = nodes.data?.items.find((one) => one.id === id);
  const kind = health.data?.kind ?? (node?.kind === 'orderer' ? 'orderer' : 'peer');
  if (
    nodes.isSuccess &&
    health.data === null &&
    (node === undefined || (node.kind !== 'peer' && node.kind !== 'orderer'))
  ) {
    return (
      <Notice symbol="∅" title="No such node is known">
        <p>
          No record names a peer or orderer <code>{id}</code>, and it is in no list of operations services.
        </p>
        <Link to="/nodes">All nodes</Link>
      </Notice>
    );
  }
  const setRange = ({ key, around }: ChartRange) => {
    const next = new URLSearchParams();
    if (key !== '15m') next.set('range', key);
    if (around !== null) next.set('at', new Date(around).toISOString());
    setParams(next, { replace: true, preventScrollReset: true });
  };
  return (
    <div className="node-page">
      <Head id={id} kind={kind} health={health.data} />
      {health.isError && <InlineError error={health.error} onRetry={() => void health.refetch()} />}
      {health.data && <Reasons health={health.data} />}
      <NodeAlerts id={id} />
      <NodeMetrics id={id} range={readRange(params)} onRange={setRange} monitoring={monitoring.data} />
      <div className="node-facts">
        <section className="panel pad" aria-labelledby="h-logspec">
          <h2 id="h-logspec">Log specification</h2>
          <LogSpecControl
            id={id}
            kind={kind}
            health={health.data === null ? null : health.data?.health}
            change={health.data?.logSpecChange ?? null}
            mayChange={monitoring.data?.mayChange}
          />
        </section>
        <section className="panel pad" aria-labelledby="h-ledgers">
          <h2 id="h-ledgers">Heights</h2>
          {nodes.isPending ? (
            <Skeleton active title={false} paragraph={{ rows: 2 }} />
          ) : (
            <Heights
              node={node}
              health={health.data}
              nodes={nodes.data?.items ?? []}
              channels={monitoring.data?.channels}
            />
          )}
        </section>
        <section className="panel pad" aria-labelledby="h-stream">
          <h2 id="h-stream">Its record stream</h2>
          {nodes.isPending && <Skeleton active title={false} paragraph={{ rows: 2 }} />}
          {nodes.isError && <InlineError error={nodes.error} onRetry={() => void nodes.refetch()} />}
          {nodes.isSuccess && <StreamBreaks node={node ?? { observed: false, streamBreaks: [] }} />}
        </section>
      </div>
    </div>
  );
}

interface HeadProps {
  readonly id: string;
  readonly kind: 'peer' | 'orderer';
  /** Undefined while it is asked, null where nobody looks. */
  readonly health: NodeHealth | null | undefined;
}

function Head({ id, kind, health }: HeadProps) {
  const slash = id.indexOf('/');
  return (
    <section className="panel pad page-head" aria-label="Node">
      <div className="header-line">
        <h1>{commonName(id)}</h1>
        <span className="what">
          {kind}
          {slash > 0 && ` of ${id.slice(0, slash)}`}
        </span>
        {health === undefined ? <span className="muted">asking…</span> : <HealthTag health={health?.health} />}
        {health?.version && <span>version {health.version}</span>}
        {health && <span className="muted">asked at {formatClock(health.checkedAt).slice(0, 8)}</span>}
        <span className="actions">
          <Link to={`/?q=${encodeURIComponent(withToken('', 'peer', id))}`}>its transactions</Link>
        </span>
      </div>
      {health === null && (
        <p className="hint">
          {healthLook(null).plain} Start FTL with <code>--operations FILE</code>, a list as Prometheus’ file-based
          discovery reads it.
        </p>
      )}
    </section>
  );
}

function Reasons({ health: { failedChecks, problem, health } }: { readonly health: NodeHealth }) {
  if (health === 'ok') return null;
  return (
    <section className="inline-error reasons" role="alert" aria-label="What is the matter">
      <p>
        <b>{healthLook(health).plain}</b> {problem}
      </p>
      {failedChecks.length > 0 && (
        <ul>
          {failedChecks.map(({ component, reason }) => (
            <li key={component}>
              <code>{component}</code>: {reason}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

interface HeightsProps {
  readonly node: NetworkNode | undefined;
  readonly health: NodeHealth | null | undefined;
  readonly nodes: readonly NetworkNode[];
  readonly channels: MonitoringState['channels'] | undefined;
}

function Heights({ node, health, nodes, channels }: HeightsProps) {
  const now = useNow(15_000);
  const heights = heightMeasure({ nodes, channels })(node, health);
  const problem = health?.heightsProblem ?? null;
  return (
    <>
      {heights.length === 0 && (
        <p className="muted">
          No height known: no record tells of a block that it has, and no metrics do
          {problem === null ? '.' : ` (${problem}).`}
        </p>
      )}
      <dl className="facts">
        {heights.map((height) => (
          <div key={height.channel} className="fact">
            <dt>{height.channel}</dt>
            <dd
              title={height.readAt === null ? 'by its records' : `by its metrics of ${formatDateTime(height.readAt)}`}
            >
              {height.height} {height.height === 1 ? 'block' : 'blocks'}
              <span className="muted">{heightNotes(height, now)}</span>
            </dd>
          </div>
        ))}
        {node !== undefined && <Seen node={node} />}
      </dl>
    </>
  );
}

function Seen({ node }: { readonly node: NetworkNode }) {
  return (
    <>
      {node.lastSeenAt !== null && (
        <div className="fact">
          <dt>last record</dt>
          <dd>{formatDateTime(node.lastSeenAt)}</dd>
        </div>
      )}
      {node.starts.length > 0 && (
        <div className="fact">
          <dt>last start</dt>
          <dd>{formatDateTime(node.starts.at(-1))}</dd>
        </div>
      )}
    </>
  );
}

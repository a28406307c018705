import { Skeleton } from 'antd';
import { useEffect, useMemo } from 'react';
import { useAlerts, useMonitoring, useNodes } from '../api/monitoring.ts';
import { ALERT_SYMBOLS, alertCount } from '../model/alerts.ts';
import { healthLook, reasonsOf } from '../model/health.ts';
import { heightNotes } from '../model/heights.ts';
import { countWords, type NodeRow, organisationsOf } from '../model/nodeList.ts';
import { AlertItems } from '../parts/alertItems.tsx';
import { HealthTag } from '../parts/healthTag.tsx';
import { InlineError } from '../parts/inlineError.tsx';
import { NodeLink } from '../parts/nodeLink.tsx';
import { ErrorNotice, Notice } from '../parts/states.tsx';
import { useNow } from '../parts/useNow.ts';

/** `/nodes`: peers and orderers by organisation, how they are, and how far. */
export function NodesPage() {
  const nodes = useNodes();
  const monitoring = useMonitoring();
  const alerts = useAlerts();
  const now = useNow(15_000);
  useEffect(() => {
    document.title = 'FTL: nodes';
  }, []);
  const organisations = useMemo(
    () =>
      organisationsOf({
        nodes: nodes.data?.items ?? [],
        health: monitoring.data?.items ?? [],
        channels: monitoring.data?.channels,
        alerts: alerts.data?.items ?? [],
      }),
    [nodes.data, monitoring.data, alerts.data],
  );
  if (nodes.data === undefined) {
    if (nodes.isError) return <ErrorNotice error={nodes.error} onRetry={() => void nodes.refetch()} />;
    return <Skeleton active className="panel pad" paragraph={{ rows: 8 }} />;
  }
  const all = organisations.flatMap((one) => one.nodes);
  return (
    <div className="nodes-page">
      <section className="panel pad page-head">
        <h1>Nodes</h1>
        <p className="muted">
          {all.length === 0
            ? 'none known'
            : monitoring.data === undefined
              ? `${all.length} known`
              : countWords(all.map((row) => healthLook(row.health?.health).word))}
        </p>
        {monitoring.data?.items.length === 0 && all.length > 0 && (
          <p className="hint">
            To see health, versions, metrics and log specifications, tell FTL where the nodes’ operations services are:{' '}
            <code>ftl start --operations FILE</code>, a list as Prometheus’ file-based discovery reads it.
          </p>
        )}
      </section>
      {monitoring.isError && <InlineError error={monitoring.error} onRetry={() => void monitoring.refetch()} />}
      {alerts.isError && <InlineError error={alerts.error} onRetry={() => void alerts.refetch()} />}
      {all.length === 0 && (
        <Notice symbol="∅" title="No node is known yet">
          <p>Nodes appear with the first records that name them, or with a list of their operations services.</p>
        </Notice>
      )}
      {organisations.map(({ msp, label, nodes: rows, alerts: own }) => (
        <section className="panel organisation" key={msp} aria-labelledby={`org-${msp}`}>
          <h2 id={`org-${msp}`}>
            {label} <span className="muted">{msp}</span>
          </h2>
          {own.length > 0 && <AlertItems alerts={own} now={now} />}
          <ul className="node-rows">
            {rows.map((row) => (
              <Row key={row.id} row={row} pending={monitoring.isPending} now={now} />
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

interface RowProps {
  readonly row: NodeRow;
  readonly pending: boolean;
  readonly now: number;
}

function Row({ row, pending, now }: RowProps) {
  const { health } = row;
  const why = health === null ? '' : reasonsOf(health);
  return (
    <li className="node-row" data-node={row.id}>
      <span className="node-name">
        <NodeLink id={row.id}>{row.name}</NodeLink> <span className="muted">{row.kind}</span>
      </span>
      <span className="node-health">
        {pending ? <span className="muted">asking…</span> : <HealthTag health={health?.health} />}
        {why !== '' && <span className="node-why">{why}</span>}
        {typeof health?.logSpecChange?.problem === 'string' && (
          <span className="node-why" title={health.logSpecChange.problem}>
            its log specification is not put back yet
          </span>
        )}
      </span>
      <span className="node-version muted">
        {health === null ? '' : health.version === null ? 'version not known' : `version ${health.version}`}
      </span>
      <span className="node-heights">
        {row.channels.map((height) => (
          <span key={height.channel}>
            {height.channel} <b>{height.height}</b>
            <span className="muted">{heightNotes(height, now)}</span>
          </span>
        ))}
        {row.channels.length === 0 && (
          <span className="muted" title={health?.heightsProblem ?? undefined}>
            no height known
          </span>
        )}
      </span>
      <span className="node-alerts">
        <Alerts row={row} />
        {(row.breaks ?? 0) > 0 && (
          <span className="bad-text">
            ✘ {row.breaks} {row.breaks === 1 ? 'break' : 'breaks'} in its records
          </span>
        )}
      </span>
    </li>
  );
}

function Alerts({ row: { alerts } }: { readonly row: NodeRow }) {
  const { count, gravest } = alertCount(alerts);
  if (gravest === null) return <span className="muted">no alert</span>;
  return (
    <span className={`alert-count ${gravest}`} title={alerts.map((alert) => alert.summary).join('\n')}>
      <span aria-hidden="true">{ALERT_SYMBOLS[gravest]}</span> {count} {count === 1 ? 'alert' : 'alerts'}
    </span>
  );
}

import { Skeleton } from 'antd';
import { useEffect } from 'react';
import { useAlerts, useAlertsWatched } from '../api/monitoring.ts';
import { alertCount } from '../model/alerts.ts';
import { AlertItems } from '../parts/alertItems.tsx';
import { InlineError } from '../parts/inlineError.tsx';
import { ErrorNotice, Notice } from '../parts/states.tsx';
import { useNow } from '../parts/useNow.ts';

const SOURCES = {
  alertmanager: 'From Alertmanager.',
  prometheus: 'From the rules of Prometheus.',
  own: 'From a few simple rules of FTL’s own about the nodes that it reads itself.',
} as const;

/** `/alerts`: what fires now, the gravest first. */
export function AlertsPage() {
  const alerts = useAlerts();
  const watched = useAlertsWatched();
  const now = useNow(5000);
  const count = alerts.data === undefined ? null : alertCount(alerts.data.items).count;
  useEffect(() => {
    document.title = count === null ? 'FTL: alerts' : `FTL: ${count} active alert${count === 1 ? '' : 's'}`;
  }, [count]);
  if (alerts.data === undefined) {
    if (alerts.isError) return <ErrorNotice error={alerts.error} onRetry={() => void alerts.refetch()} />;
    return <Skeleton active className="panel pad" paragraph={{ rows: 6 }} />;
  }
  const { items, source, total } = alerts.data;
  return (
    <div className="alerts-page">
      <section className="panel pad page-head">
        <h1>Alerts</h1>
        <p className="muted">
          {SOURCES[source]}
          {source === 'own' && (
            <>
              {' '}
              For more, let Prometheus evaluate the rules in <code>grafana/prometheus/rules</code> and start FTL with{' '}
              <code className="option">--prometheus-url</code> or <code className="option">--alertmanager-url</code>.
            </>
          )}
          {total > items.length && ` Of ${total} the gravest ${items.length} are shown.`}
        </p>
      </section>
      {alerts.isError && (
        <InlineError
          error={alerts.error}
          onRetry={() => void alerts.refetch()}
          rest="Below is what was known before."
        />
      )}
      {items.length === 0 ? (
        <Notice
          symbol={watched === false ? '?' : '✔'}
          title={watched === false ? 'No node is watched' : 'No alert fires'}
        >
          {watched === false ? (
            <p>
              So nothing can be said. Start FTL with <code>--operations FILE</code>, a list of the nodes’ operations
              services as Prometheus’ file-based discovery reads it.
            </p>
          ) : (
            <p>
              {source === 'own'
                ? 'That is said of the nodes whose operations services FTL was told of.'
                : 'That is said of what the rules watch.'}
            </p>
          )}
        </Notice>
      ) : (
        <section className="panel" aria-label="Active alerts">
          <AlertItems alerts={items} now={now} />
        </section>
      )}
    </div>
  );
}

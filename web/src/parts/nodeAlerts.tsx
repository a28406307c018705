import { useAlerts } from '../api/monitoring.ts';
import { AlertItems } from './alertItems.tsx';
import { InlineError } from './inlineError.tsx';
import { useNow } from './useNow.ts';

/** What fires about a node, or that it cannot be known; nothing where nothing does. */
export function NodeAlerts({ id }: { readonly id: string }) {
  const alerts = useAlerts(id);
  const now = useNow(5000);
  const own = alerts.data?.items ?? [];
  if (own.length === 0 && !alerts.isError) return null;
  return (
    <section className="panel" aria-labelledby="h-alerts">
      <h2 id="h-alerts" className="panel-title">
        Active alerts
      </h2>
      {alerts.isError && <InlineError error={alerts.error} onRetry={() => void alerts.refetch()} />}
      {own.length > 0 && <AlertItems alerts={own} at={id} now={now} />}
    </section>
  );
}

import { Link, NavLink } from 'react-router';
import { useAlerts, useAlertsWatched } from '../api/monitoring.ts';
import markUrl from '../mark.svg';
import { ALERT_SYMBOLS, alertCount } from '../model/alerts.ts';

/** On top of each page: where one can go, and how many alerts fire. */
export function TopBar() {
  return (
    <header className="top">
      <Link to="/" className="brand" aria-label="FTL, search">
        <img src={markUrl} alt="" width="26" height="26" />
        <strong>FTL</strong>
        <span>every transaction’s way through the network</span>
      </Link>
      <nav aria-label="Pages">
        <NavLink to="/" end>
          Transactions
        </NavLink>
        <NavLink to="/network">Network</NavLink>
        <NavLink to="/nodes">Nodes</NavLink>
        <NavLink to="/alerts">
          Alerts <AlertBadge />
        </NavLink>
      </nav>
    </header>
  );
}

function AlertBadge() {
  const alerts = useAlerts();
  const watched = useAlertsWatched();
  if (alerts.isError) {
    return (
      <span className="alert-badge unknown" title={alerts.error.problem.detail ?? alerts.error.problem.title}>
        ?<span className="visually-hidden">, which cannot be read now</span>
      </span>
    );
  }
  if (alerts.data === undefined) return null;
  if (watched === false) {
    return (
      <span className="alert-badge none" title="No node is watched, so nothing can be said">
        –<span className="visually-hidden"> not known: no node is watched</span>
      </span>
    );
  }
  const { count, gravest } = alertCount(alerts.data.items);
  return (
    <span className={`alert-badge ${gravest ?? 'none'}`} data-count={count}>
      {gravest !== null && <span aria-hidden="true">{ALERT_SYMBOLS[gravest]} </span>}
      {count}
      <span className="visually-hidden">{gravest === null ? ' active' : ` active, the gravest ${gravest}`}</span>
    </span>
  );
}

import { Link } from 'react-router';
import type { Alert } from '../api/types.ts';
import { ALERT_SYMBOLS, firingFor } from '../model/alerts.ts';
import { commonName } from '../model/names.ts';
import { formatDateTime, formatDuration } from '../model/time.ts';
import { hasRunbook } from '../runbooks.ts';
import { NodeLink } from './nodeLink.tsx';

interface Props {
  readonly alerts: readonly Alert[];
  /** ID of the node whose page it is. */
  readonly at?: string;
  readonly now: number;
}

/** Alerts that fire: how grave, what, since when, where, and what to do. */
export function AlertItems({ alerts, at, now }: Props) {
  return (
    <ul className="alerts">
      {alerts.map((alert) => (
        <li
          key={JSON.stringify(alert.labels)}
          className={`alert-item ${alert.severity}${alert.silenced ? ' silenced' : ''}`}
          data-alert={alert.name}
        >
          <span className="alert-severity">
            <span aria-hidden="true">{ALERT_SYMBOLS[alert.severity]}</span> {alert.severity}
            {alert.silenced && ', silenced'}
          </span>
          <div className="alert-text">
            <b>{alert.summary}</b>
            {alert.description !== null && alert.description !== alert.summary && <p>{alert.description}</p>}
            <p className="muted alert-facts">
              <span className="mono">{alert.name}</span>
              {(at === undefined || !alert.nodes.includes(at)) && <Where alert={alert} />}
              {alert.channel !== null && <span>channel {alert.channel}</span>}
              <Since alert={alert} now={now} />
              <WhatToDo alert={alert} />
            </p>
          </div>
        </li>
      ))}
    </ul>
  );
}

function Where({ alert: { nodes, node, msp } }: { readonly alert: Alert }) {
  const where = node ?? msp;
  if (nodes.length === 0) return where === null ? null : <span>{where}</span>;
  return nodes.map((id) => (
    <NodeLink key={id} id={id}>
      {nodes.length === 1 ? (node ?? commonName(id)) : id}
    </NodeLink>
  ));
}

/** The rule's own page before the one that FTL brings. */
function WhatToDo({ alert: { name, runbook } }: { readonly alert: Alert }) {
  const text = (
    <>
      what to do<span className="visually-hidden"> about {name}</span>
    </>
  );
  if (runbook !== null) {
    return (
      <a href={runbook} rel="noreferrer">
        {text}
      </a>
    );
  }
  return hasRunbook(name) ? <Link to={`/runbooks/${encodeURIComponent(name)}`}>{text}</Link> : null;
}

function Since({ alert, now }: { readonly alert: Alert; readonly now: number }) {
  const us = firingFor(alert, now);
  if (us === null) return null;
  return (
    <span>
      since <time dateTime={alert.since ?? ''}>{formatDateTime(alert.since).slice(0, 19)}</time>, for{' '}
      {us < 1e6 ? 'a moment' : formatDuration(Math.floor(us / 1e6) * 1e6)}
    </span>
  );
}

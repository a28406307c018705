import { type Alert, alertOf, type AlertSource } from './alerts.ts';
import type { MonitoringErrorCode } from './monitoringError.ts';
import type { NodeState } from './nodeStates.ts';
import type { NodeTarget } from './nodeTarget.ts';
import type { Scraped } from './scraper.ts';

interface OwnModules {
  readonly scraped: () => readonly Scraped[];
  /** What the nodes say of their health. */
  readonly states: (targets: readonly NodeTarget[]) => Promise<readonly NodeState[]>;
  readonly now?: () => number;
}

export interface OwnAlertOptions {
  /** Milliseconds for which a node's metrics must not have been read. */
  readonly downMs: number;
}

export const OWN_ALERTS: OwnAlertOptions = { downMs: 60_000 };
/** Each has a page in docs/runbooks. */
export const OWN_ALERT_NAMES = [
  'FtlPeerDown',
  'FtlOrdererDown',
  'FtlMetricsUnreadable',
  'FtlPeerBehind',
  'FtlNodeUnhealthy',
] as const;
type OwnAlertName = (typeof OWN_ALERT_NAMES)[number];
/** Nobody is there, or nobody who answers; all else is an answer. */
const NO_ANSWER: ReadonlySet<MonitoringErrorCode> = new Set(['unreachable', 'timeout']);
const MINUTE_MS = 60_000;
const HEIGHT = 'ledger_blockchain_height';

/**
 * A few simple rules for who runs neither Prometheus nor Alertmanager: named and worded as the alerts of those (grafana/prometheus), so
 * that they lead to the same runbooks. Nobody is woken by them: they are shown.
 */
export class OwnAlerts implements AlertSource {
  readonly kind = 'own';
  readonly #options: OwnAlertOptions;
  readonly #modules: OwnModules;
  readonly #now: () => number;
  readonly #since = new Map<string, number>();

  constructor(options: Partial<OwnAlertOptions>, modules: OwnModules) {
    this.#options = { ...OWN_ALERTS, ...options };
    this.#modules = modules;
    this.#now = modules.now ?? Date.now;
  }

  async active(): Promise<readonly Alert[]> {
    const scraped = this.#modules.scraped();
    const answering = scraped.filter(({ failure }) => failure === null || !NO_ANSWER.has(failure.code));
    const states = await this.#modules.states(answering.map(({ target }) => target));
    const found = [...this.#silent(scraped), ...this.#behind(scraped), ...unhealthy(states)];
    const keys = new Set(found.map(keyOf));
    for (const key of this.#since.keys()) if (!keys.has(key)) this.#since.delete(key);
    const now = this.#now();
    return found.map((alert) => {
      const key = keyOf(alert);
      const since = this.#since.get(key) ?? now;
      this.#since.set(key, since);
      return alert.since === null ? Object.assign({}, alert, { since: new Date(since).toISOString() }) : alert;
    });
  }

  *#silent(scraped: readonly Scraped[]): Generator<Alert> {
    for (const { target, failure } of scraped) {
      if (failure === null || this.#now() - failure.since < this.#options.downMs) continue;
      const { node, msp, kind } = target;
      const of = msp === '' ? node : `${node} of ${msp}`;
      const name = kind === 'peer' ? ('Peer' as const) : ('Orderer' as const);
      const down = NO_ANSWER.has(failure.code);
      const alertname: OwnAlertName = down ? `Ftl${name}Down` : 'FtlMetricsUnreadable';
      yield alertOf(
        { alertname, severity: down ? 'critical' : 'warning', node, msp, kind },
        {
          summary: down ? `${name} ${of} does not answer` : `The metrics of ${of} cannot be read`,
          description: failure.message,
        },
        new Date(failure.since).toISOString(),
        false,
      );
    }
  }

  /** Blocks that the channel had a minute ago and the peer has not now: nodes are not asked at the same moment. */
  *#behind(scraped: readonly Scraped[]): Generator<Alert> {
    const now = this.#now();
    const highest = new Map<string, number>();
    for (const { history } of scraped) {
      for (const [channel, height] of history.gaugeAt(HEIGHT, now - MINUTE_MS)) {
        highest.set(channel, Math.max(height, highest.get(channel) ?? 0));
      }
    }
    for (const { target, history } of scraped) {
      if (target.kind !== 'peer') continue;
      for (const [channel, height] of history.gaugeAt(HEIGHT, now)) {
        const blocks = (highest.get(channel) ?? 0) - height;
        if (blocks <= 0) continue;
        const { node, msp } = target;
        const summary = `${node} is ${blocks} block${blocks === 1 ? '' : 's'} behind on ${channel}`;
        yield alertOf(
          { alertname: 'FtlPeerBehind' satisfies OwnAlertName, severity: 'warning', node, msp, channel },
          { summary },
          null,
          false,
        );
      }
    }
  }
}

function* unhealthy(states: readonly NodeState[]): Generator<Alert> {
  for (const { target, health, failedChecks } of states) {
    if (health !== 'failing') continue;
    const { node, msp } = target;
    const labels = { alertname: 'FtlNodeUnhealthy' satisfies OwnAlertName, severity: 'critical', node, msp };
    const reasons = failedChecks.map(({ component, reason }) => `${component}: ${reason}`).join('; ');
    yield alertOf(labels, { summary: `${node} says that it is not well: ${reasons}` }, null, false);
  }
}

function keyOf({ name, node, msp, channel }: Alert): string {
  return JSON.stringify([name, node, msp, channel]);
}

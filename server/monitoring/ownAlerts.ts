import { type Alert, alertOf, type AlertSource } from './alerts.ts';
import type { NodeState } from './nodeStates.ts';
import type { Scraped } from './scraper.ts';

interface OwnModules {
  readonly scraped: () => readonly Scraped[];
  /** What the nodes say of their health. */
  readonly states: () => Promise<readonly NodeState[]>;
  readonly now?: () => number;
}

const DOWN_MS = 60_000;
const MINUTE_MS = 60_000;
const HEIGHT = 'ledger_blockchain_height';

/**
 * A few simple rules for who runs neither Prometheus nor Alertmanager: named and worded as the alerts of those (grafana/prometheus), so
 * that they lead to the same runbooks. Nobody is woken by them: they are shown.
 */
export class OwnAlerts implements AlertSource {
  readonly kind = 'own';
  readonly #modules: OwnModules;
  readonly #now: () => number;
  readonly #since = new Map<string, number>();

  constructor(modules: OwnModules) {
    this.#modules = modules;
    this.#now = modules.now ?? Date.now;
  }

  async active(): Promise<readonly Alert[]> {
    const scraped = this.#modules.scraped();
    const found = [...this.#down(scraped), ...this.#behind(scraped), ...unhealthy(await this.#modules.states())];
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

  *#down(scraped: readonly Scraped[]): Generator<Alert> {
    for (const { target, failingSince, error } of scraped) {
      if (failingSince === null || this.#now() - failingSince < DOWN_MS) continue;
      const { node, msp, kind } = target;
      yield alertOf(
        { alertname: kind === 'peer' ? 'FtlPeerDown' : 'FtlOrdererDown', severity: 'critical', node, msp, kind },
        {
          summary: `${kind === 'peer' ? 'Peer' : 'Orderer'} ${node} of ${msp} does not answer`,
          ...(error === null ? {} : { description: error }),
        },
        new Date(failingSince).toISOString(),
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
          { alertname: 'FtlPeerBehind', severity: 'warning', node, msp, channel },
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
    const labels = { alertname: 'FtlNodeUnhealthy', severity: 'critical', node, msp };
    const reasons = failedChecks.map(({ component, reason }) => `${component}: ${reason}`).join('; ');
    yield alertOf(labels, { summary: `${node} says that it is not well: ${reasons}` }, null, false);
  }
}

function keyOf({ name, node, msp, channel }: Alert): string {
  return JSON.stringify([name, node, msp, channel]);
}

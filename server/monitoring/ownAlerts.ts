import { type Alert, alertOf, type AlertSource } from './alerts.ts';
import { heightsMinuteAgo, lastHeights } from './heights.ts';
import type { MonitoringErrorCode } from './monitoringError.ts';
import type { NodeState, NodeStates } from './nodeStates.ts';
import type { NodeTarget } from './nodeTarget.ts';
import type { Scraped } from './scraper.ts';

interface OwnModules {
  readonly scraped: () => readonly Scraped[];
  /** What the nodes say of their health. */
  readonly states: Pick<NodeStates, 'ofEach' | 'last'>;
  readonly now?: () => number;
}

/** Milliseconds. For how long it must have been so, at every look, is `for` of the rules in grafana/prometheus. */
export interface OwnAlertOptions {
  /** For which a node's metrics could not be read. */
  readonly downMs: number;
  /** For which a peer lacked blocks. */
  readonly behindMs: number;
  /** Between two questions about a node's health: two requests, beside the scrapes. */
  readonly healthMs: number;
}

export const OWN_ALERTS: OwnAlertOptions = { downMs: 60_000, behindMs: 120_000, healthMs: 10_000 };
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

/** Something that is so at a look. */
interface Condition {
  readonly labels: Readonly<Record<string, string>> & { readonly alertname: OwnAlertName };
  readonly annotations: { readonly summary: string; readonly description?: string };
  /** Milliseconds since 1970 from when on it is known to be so; from the first look that found it, where nobody knows. */
  readonly since?: number;
  /** Milliseconds for which it must be so. */
  readonly forMs: number;
}

/**
 * A few simple rules for who runs neither Prometheus nor Alertmanager: named, worded and patient as the alerts of those (grafana/prometheus),
 * so that they come to the same verdict and lead to the same runbooks. Nobody is woken by them: they are shown.
 */
export class OwnAlerts implements AlertSource {
  readonly kind = 'own';
  readonly #options: OwnAlertOptions;
  readonly #modules: OwnModules;
  readonly #now: () => number;
  /** By what is so: since when. */
  #since = new Map<string, number>();
  #firing: readonly Alert[] = [];
  #looking: Promise<void> | null = null;
  #askedAt = -Infinity;

  constructor(options: Partial<OwnAlertOptions>, modules: OwnModules) {
    this.#options = { ...OWN_ALERTS, ...options };
    this.#modules = modules;
    this.#now = modules.now ?? Date.now;
  }

  /** What fired at the last look. */
  active(): Promise<readonly Alert[]> {
    return Promise.resolve(this.#firing);
  }

  /** One look, after each round of scrapes: whether somebody asks or not, so that it is known since when something is so. */
  evaluate(): Promise<void> {
    this.#looking ??= this.#look().finally(() => (this.#looking = null));
    return this.#looking;
  }

  async #look(): Promise<void> {
    const { scraped: scrapedNow, states } = this.#modules;
    if (this.#now() - this.#askedAt >= this.#options.healthMs) {
      this.#askedAt = this.#now();
      await states.ofEach(answering(scrapedNow()));
    }
    // As it is now: the nodes had their time to answer, and others may have asked them meanwhile.
    const scraped = scrapedNow();
    const health = states.last(answering(scraped));
    const now = this.#now();
    const since = new Map<string, number>();
    const firing: Alert[] = [];
    for (const condition of [...this.#silent(scraped), ...this.#behind(scraped, now), ...unhealthy(health)]) {
      const { labels, annotations, forMs } = condition;
      const key = JSON.stringify(labels);
      const begin = condition.since ?? this.#since.get(key) ?? now;
      since.set(key, begin);
      if (now - begin >= forMs) firing.push(alertOf(labels, annotations, new Date(begin).toISOString(), false));
    }
    this.#since = since;
    this.#firing = firing;
  }

  *#silent(scraped: readonly Scraped[]): Generator<Condition> {
    for (const { target, failure } of scraped) {
      if (failure === null) continue;
      const { node, msp, kind } = target;
      const of = msp === '' ? node : `${node} of ${msp}`;
      const name = kind === 'peer' ? ('Peer' as const) : ('Orderer' as const);
      const down = NO_ANSWER.has(failure.code);
      const alertname = down ? (`Ftl${name}Down` as const) : 'FtlMetricsUnreadable';
      yield {
        labels: { alertname, severity: down ? 'critical' : 'warning', node, msp, kind },
        annotations: {
          summary: down ? `${name} ${of} does not answer` : `The metrics of ${of} cannot be read`,
          description: failure.message,
        },
        since: failure.since,
        forMs: this.#options.downMs,
      };
    }
  }

  *#behind(scraped: readonly Scraped[], now: number): Generator<Condition> {
    const minuteAgo = heightsMinuteAgo(scraped, now);
    for (const one of scraped) {
      const { node, msp, kind } = one.target;
      if (kind !== 'peer') continue;
      for (const { channel, height } of lastHeights(one, now)) {
        const blocks = (minuteAgo.get(channel) ?? 0) - height;
        if (blocks <= 0) continue;
        yield {
          labels: { alertname: 'FtlPeerBehind', severity: 'warning', node, msp, channel },
          annotations: { summary: `${node} is ${blocks} block${blocks === 1 ? '' : 's'} behind on ${channel}` },
          forMs: this.#options.behindMs,
        };
      }
    }
  }
}

/** Who answers something; all else of a node that does not is known by that. */
function answering(scraped: readonly Scraped[]): NodeTarget[] {
  return scraped.filter(({ failure }) => failure === null || !NO_ANSWER.has(failure.code)).map(({ target }) => target);
}

function* unhealthy(states: readonly NodeState[]): Generator<Condition> {
  for (const { target, health, failedChecks } of states) {
    if (health !== 'failing') continue;
    const { node, msp } = target;
    const reasons = failedChecks.map(({ component, reason }) => `${component}: ${reason}`).join('; ');
    yield {
      labels: { alertname: 'FtlNodeUnhealthy', severity: 'critical', node, msp },
      annotations: { summary: `${node} says that it is not well: ${reasons}` },
      forMs: 0,
    };
  }
}

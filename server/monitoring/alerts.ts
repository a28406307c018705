/** Something that fires now. */
export interface Alert {
  readonly name: string;
  readonly severity: 'critical' | 'warning' | 'info';
  /** As its labels call the node that it is about, where it is about one. */
  readonly node: string | null;
  readonly msp: string | null;
  readonly channel: string | null;
  readonly summary: string;
  readonly description: string | null;
  /** Address (http or https) of a page that says what to do, as the rule names it. */
  readonly runbook: string | null;
  /** ISO 8601. */
  readonly since: string | null;
  /** Silenced or inhibited in Alertmanager: known, and nobody is told. */
  readonly silenced: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

/** Where the alerts that fire now come from. */
export interface AlertSource {
  readonly kind: 'alertmanager' | 'prometheus' | 'own';
  /** @throws MonitoringError */
  active(): Promise<readonly Alert[]>;
}

const TEXT = 1000;
const ORDER = ['critical', 'warning', 'info'] as const;

/** From labels and annotations, as rules in Prometheus give them. */
export function alertOf(
  labels: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>>,
  since: string | null,
  silenced: boolean,
): Alert {
  const { alertname = 'unnamed', severity, node, peer, msp, channel } = labels;
  const { summary, description, message, runbook_url: runbook } = annotations;
  return {
    name: alertname,
    severity: ORDER.find((one) => one === severity) ?? 'warning',
    node: node ?? peer ?? null,
    msp: msp ?? null,
    channel: channel ?? null,
    summary: (summary ?? message ?? alertname).slice(0, TEXT),
    description: description?.slice(0, TEXT) ?? null,
    runbook: runbook !== undefined && isWebAddress(runbook) ? runbook : null,
    since,
    silenced,
    labels,
  };
}

/** Nothing else becomes a link: what rules say comes from elsewhere. */
function isWebAddress(text: string): boolean {
  const protocol = URL.parse(text)?.protocol;
  return text.length <= TEXT && (protocol === 'https:' || protocol === 'http:');
}

/** The gravest first, then the oldest. */
export function sortAlerts<T extends Alert>(alerts: readonly T[]): T[] {
  return alerts.toSorted(
    (a, b) =>
      Number(a.silenced) - Number(b.silenced) ||
      ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity) ||
      ((a.since ?? '') < (b.since ?? '') ? -1 : 1),
  );
}

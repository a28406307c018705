import type { Layout, OrganizationLayout } from './layout.ts';
import { HOST } from './ports.ts';

/** One entry of Prometheus' file-based discovery. */
export interface PrometheusTarget {
  readonly targets: readonly [string];
  readonly labels: { readonly node: string; readonly msp: string; readonly kind: 'peer' | 'orderer' };
}

/**
 * Where Prometheus finds the nodes' metrics, with the labels by which the rules and dashboards in `grafana/` know a node: host name,
 * MSP and kind. To be written as JSON for `file_sd_configs`.
 */
export function prometheusTargets({ organizations }: Pick<Layout, 'organizations'>): readonly PrometheusTarget[] {
  return organizations.flatMap((organization) => [
    ...organization.orderers.map((one) => target(organization, 'orderer', one)),
    ...organization.peers.map((one) => target(organization, 'peer', one)),
  ]);
}

function target(
  { mspId }: OrganizationLayout,
  kind: 'peer' | 'orderer',
  { host, operationsPort }: { readonly host: string; readonly operationsPort: number },
): PrometheusTarget {
  return { targets: [`${HOST}:${operationsPort}`], labels: { node: host, msp: mspId, kind } };
}

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { grafanaAlertRules } from './grafana/alertRules.ts';
import { CHAINCODE_DASHBOARD } from './grafana/chaincodeDashboard.ts';
import { FTL_ITSELF } from './grafana/ftlDashboard.ts';
import { GOSSIP } from './grafana/gossipDashboard.ts';
import { NETWORK } from './grafana/networkDashboard.ts';
import { ORDERER } from './grafana/ordererDashboard.ts';
import { type DashboardSpec, dashboardOf } from './grafana/panels.ts';
import { PEER } from './grafana/peerDashboard.ts';
import { TRANSACTIONS } from './grafana/transactionsDashboard.ts';

export const DASHBOARDS: Readonly<Record<string, DashboardSpec>> = {
  network: NETWORK,
  peer: PEER,
  orderer: ORDERER,
  chaincode: CHAINCODE_DASHBOARD,
  gossip: GOSSIP,
  ftl: FTL_ITSELF,
  transactions: TRANSACTIONS,
};

/** What Grafana reads: dashboards, and its alert rules made from Prometheus'. */
export const GRAFANA_FILES: Readonly<Record<string, () => string>> = {
  ...Object.fromEntries(
    Object.entries(DASHBOARDS).map(([name, spec]) => [
      `grafana/provisioning/dashboards/ftl/${name}.json`,
      () => formatted(`${JSON.stringify(dashboardOf(spec), null, 2)}\n`),
    ]),
  ),
  'grafana/provisioning/alerting/rules.yaml': grafanaAlertRules,
};

/** As every JSON file of the project. */
function formatted(json: string): string {
  const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');
  return execFileSync(process.execPath, [biome, 'format', '--stdin-file-path=dashboard.json'], {
    input: json,
    encoding: 'utf8',
    cwd: fileURLToPath(new URL('..', import.meta.url)),
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, make] of Object.entries(GRAFANA_FILES)) {
    const url = new URL(`../${path}`, import.meta.url);
    mkdirSync(dirname(fileURLToPath(url)), { recursive: true });
    writeFileSync(url, make());
    process.stdout.write(`wrote ${path}\n`);
  }
}

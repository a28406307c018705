import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prometheusTargets } from '#node/network/prometheusTargets.ts';
import { Alerting } from '../harness/alerting.ts';
import type { AlertWebhook, ToldAlert } from '../harness/alertWebhook.ts';
import { isOfFtl, PANELS, unanswered } from '../harness/dashboards.ts';
import { PROMETHEUS_PACKAGES } from '../harness/program.ts';
import { ALERTMANAGER, PROMETHEUS, type RunningPrometheus } from '../harness/prometheus.ts';
import { joinOrderer, joinPeers } from './channel.ts';
import { GoTools } from './goTools.ts';
import { ordererHosts } from './interopLayout.ts';
import { InteropNetwork } from './interopNetwork.ts';

const PEER = 'peer0.org1.example.com';
const ORDERERS = ordererHosts(4);

const isLeaderless = ({ labels }: ToldAlert): boolean => labels['alertname'] === 'FtlOrdererWithoutLeader';
const isDown =
  (node: string) =>
  ({ labels }: ToldAlert): boolean =>
    labels['alertname'] === 'FtlOrdererDown' && labels['node'] === node;

const cases = (await GoTools.all()).map((tools) => [tools.release, tools] as const);
// Fabric has such orderers from 3.0 on.
const able = cases.filter(([release]) => !release.startsWith('2.'));

it.skipIf(able.length > 0)('needs a release from 3.0 on in FABRIC_BIN', () => {
  expect(cases.every(([release]) => release.startsWith('2.'))).toBe(true);
});

describe.skipIf(PROMETHEUS === null || ALERTMANAGER === null).each(able)(
  `Four of Go's orderers, of which one may lie, watched by Prometheus (%s; skipped where it is not on PATH: ${PROMETHEUS_PACKAGES})`,
  (_, tools) => {
    const stack = new AsyncDisposableStack();
    let network: InteropNetwork;
    let prometheus: RunningPrometheus;
    let webhook: AlertWebhook;

    beforeAll(async () => {
      network = stack.use(
        await InteropNetwork.start(tools, {
          material: 'ours',
          nodes: Object.fromEntries([PEER, ...ORDERERS].map((host) => [host, 'go'])),
          organizations: { Org1: 1 },
          orderers: ORDERERS.length,
          bft: true,
        }),
      );
      await joinOrderer(network);
      await joinPeers(network, PEER);
      ({ prometheus, webhook } = stack.use(await Alerting.start({ fabric: prometheusTargets(network.layout) })));
    });
    afterAll(() => stack.disposeAsync());

    it('shows who leads, and of how many', async () => {
      const asked = PANELS.filter((one) => one.expr.includes('consensus_BFT_') && !isOfFtl(one));
      expect(asked.length).toBeGreaterThan(1);
      expect(await unanswered(prometheus, asked)).toEqual([]);
      const all = `count(consensus_BFT_is_leader) == ${ORDERERS.length} and sum(consensus_BFT_is_leader) == 1`;
      expect(await unanswered(prometheus, [{ panel: 'leader', expr: all }])).toEqual([]);
    });

    it('tells that nothing can be ordered when too few are left, and not when the leader has gone', async () => {
      const [leader] = (await prometheus.query('consensus_BFT_is_leader == 1')).map(({ metric }) => metric['node']!);
      const other = ORDERERS.find((host) => host !== leader);
      await network.stopNode(leader!);
      await webhook.alert(isDown(leader!));
      // As long as no block is written nobody says that it leads now.
      expect(await prometheus.query('max(consensus_BFT_is_leader) == 0')).toHaveLength(1);
      expect(await prometheus.query('ALERTS{alertname="FtlOrdererWithoutLeader"}')).toEqual([]);

      await network.stopNode(other!);
      await webhook.alert((alert) => isLeaderless(alert) && alert.status === 'firing');
      await Promise.all([leader!, other!].map((host) => network.startNode(host)));
      await webhook.alert((alert) => isLeaderless(alert) && alert.status === 'resolved');
    });
  },
);

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prometheusTargets } from '#node/network/prometheusTargets.ts';
import { NodeClient } from '#server/monitoring/nodeClient.ts';
import { nodeTargets } from '#server/monitoring/nodeTarget.ts';
import { PrometheusClient } from '#server/monitoring/prometheusClient.ts';
import { PrometheusSource } from '#server/monitoring/prometheusSource.ts';
import { Scraper } from '#server/monitoring/scraper.ts';
import { Alerting } from '../harness/alerting.ts';
import type { AlertWebhook, ToldAlert } from '../harness/alertWebhook.ts';
import { answers, caughtUp, isOfFtl, PANELS, unanswered } from '../harness/dashboards.ts';
import { PROMETHEUS_PACKAGES } from '../harness/program.ts';
import { ALERTMANAGER, PROMETHEUS, type RunningPrometheus } from '../harness/prometheus.ts';
import { selectorsOf } from '../harness/promql.ts';
import { ALERTS, RULES } from '../harness/ruleFiles.ts';
import { deploy, invoke, joinOrderer, joinPeers, query } from './channel.ts';
import { batchSize, makeUpdate } from './configUpdate.ts';
import { ContinuousInvoker } from './continuousInvoker.ts';
import { GoTools } from './goTools.ts';
import { CHANNEL, ordererHosts } from './interopLayout.ts';
import { InteropNetwork } from './interopNetwork.ts';
import { assetsAndNobody } from './serviceChaincode.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ORDERERS = ordererHosts(3);
const [PEER1, SPARE1, PEER2, SPARE2] = [
  'peer0.org1.example.com',
  'peer1.org1.example.com',
  'peer0.org2.example.com',
  'peer1.org2.example.com',
] as const;
const PEERS = [PEER1, SPARE1, PEER2, SPARE2] as const;
const BOTH = [PEER1, PEER2] as const;

/** Peers gossip: each organisation elects its leader, who takes blocks from the orderers for all; quicker than Fabric's defaults. */
const GOSSIPING = {
  CORE_PEER_GOSSIP_USELEADERELECTION: 'true',
  CORE_PEER_GOSSIP_ORGLEADER: 'false',
  CORE_PEER_GOSSIP_STATE_ENABLED: 'true',
  CORE_PEER_GOSSIP_STATE_CHECKINTERVAL: '2s',
  CORE_PEER_GOSSIP_ELECTION_STARTUPGRACEPERIOD: '2s',
  CORE_PEER_GOSSIP_ELECTION_LEADERALIVETHRESHOLD: '4s',
  CORE_PEER_GOSSIP_ELECTION_LEADERELECTIONDURATION: '1s',
  CORE_PEER_GOSSIP_PVTDATA_PUSHACKTIMEOUT: '3s',
  CORE_PEER_GOSSIP_PVTDATA_PULLRETRYTHRESHOLD: '5s',
  CORE_PEER_GOSSIP_PVTDATA_RECONCILIATIONENABLED: 'true',
  CORE_PEER_GOSSIP_PVTDATA_RECONCILEBATCHSIZE: '10',
  CORE_PEER_GOSSIP_PVTDATA_RECONCILESLEEPINTERVAL: '2s',
  CORE_CHAINCODE_EXECUTETIMEOUT: '3s',
};

/** What panels ask for and these nodes do not tell of, and why. */
const UNTOLD: Readonly<Record<string, string>> = {
  gossip_comm_overflow_count: 'told from the first message on that found no room in the queue of a connection',
  consensus_BFT_is_leader: 'the channel is ordered by Raft',
  consensus_BFT_cluster_size: 'the channel is ordered by Raft',
};

/** Alerts that `makeDo` gives reason for; all others would be false while every node is there. */
const BROUGHT_ABOUT = ['FtlChaincodeTimeouts', 'FtlChaincodeDoesNotStart', 'FtlEndorsementsFail', 'FtlConflicts'];

const named =
  (name: string) =>
  ({ labels }: ToldAlert): boolean =>
    labels['alertname'] === name;

const cases = (await GoTools.all()).map((tools) => [tools.release, tools] as const);

describe.skipIf(PROMETHEUS === null || ALERTMANAGER === null).each(cases)(
  `A network of Go's nodes, watched by Prometheus with the project's configuration (%s; skipped where it is not on PATH: ${PROMETHEUS_PACKAGES})`,
  (_, tools) => {
    const stack = new AsyncDisposableStack();
    let network: InteropNetwork;
    let prometheus: RunningPrometheus;
    let webhook: AlertWebhook;

    beforeAll(async () => {
      network = stack.use(
        await InteropNetwork.start(tools, {
          material: 'go',
          nodes: Object.fromEntries([...PEERS, ...ORDERERS].map((host) => [host, 'go'])),
          organizations: { Org1: 2, Org2: 2 },
          orderers: ORDERERS.length,
          peers: () => GOSSIPING,
        }),
      );
      await joinOrderer(network);
      await joinPeers(network, ...PEERS);
      ({ prometheus, webhook } = stack.use(await Alerting.start({ fabric: prometheusTargets(network.layout) })));
      await gossiping(prometheus);
      await deployAssets(network, stack);
      stack.use(new ContinuousInvoker(network, BOTH, 'assets', (number) => ['UpdateAsset', 'bus', String(number)]));
    }, 240_000);
    afterAll(() => stack.disposeAsync());

    it('fills every panel that asks for what Fabric tells', { timeout: 240_000 }, async () => {
      await makeDo(network);
      const asked = PANELS.filter((one) => !isOfFtl(one));
      expect(asked.length).toBeGreaterThan(60);
      expect(await unanswered(prometheus, asked)).toEqual([]);
      // A sum is there with half of what it sums up: each metric by itself.
      const names = new Set(asked.flatMap(({ expr }) => selectorsOf(expr)).map(({ name }) => name));
      const told = [...names].filter((name) => UNTOLD[name] === undefined);
      expect(
        await unanswered(
          prometheus,
          told.map((name) => ({ panel: name, expr: `count(${name})` })),
        ),
      ).toEqual([]);
      // Whoever is on the list must be asked for, and be there for its reason.
      for (const name of Object.keys(UNTOLD)) {
        expect(names).toContain(name);
        expect(await answers(prometheus, `count(${name})`), name).toBe(false);
      }
    });

    it('records what rules make of it, and tells of nothing that is not so', async () => {
      const recorded = RULES.flatMap(({ record }) => record ?? []).map((expr) => ({ panel: expr, expr }));
      expect(await unanswered(prometheus, recorded)).toEqual([]);
      expect(ALERTS.map(({ alert }) => alert)).toEqual(expect.arrayContaining(BROUGHT_ABOUT));
      const told = webhook.told.filter(({ labels }) => !BROUGHT_ABOUT.includes(labels['alertname']!));
      expect(told).toEqual([]);
    });

    it('tells FTL how far each node is, orderers too, which FTL reads itself or has from Prometheus', async () => {
      const targets = nodeTargets(prometheusTargets(network.layout));
      const client = new NodeClient({ timeoutMs: 20_000 });
      const scraper = new Scraper({}, { targets: () => targets, client, registry: new Registry() });
      await scraper.scrapeAll();
      const source = new PrometheusSource(new PrometheusClient({ url: prometheus.url, timeoutMs: 20_000 }));
      for (const { nodes } of [await scraper.heights(targets), await source.heights(targets)]) {
        expect([...nodes.keys()]).toEqual(targets.map(({ id }) => id));
        for (const [id, { heights, problem }] of nodes) {
          const found = heights.map(({ channel, height }) => [channel, height > 1]);
          expect({ id, problem, found }).toEqual({ id, problem: null, found: [[CHANNEL, true]] });
        }
      }
    });

    it('chaincode that does not answer, or cannot be reached, is told of with the peer that asked', async () => {
      for (const [name, chaincode] of [
        ['FtlChaincodeTimeouts', 'assets'],
        ['FtlChaincodeDoesNotStart', 'nobody'],
      ] as const) {
        const { labels } = await webhook.alert((alert) => named(name)(alert) && alert.labels['node'] === PEER1);
        expect(labels).toMatchObject({ msp: 'Org1MSP', chaincode: expect.stringContaining(chaincode) });
      }
    });

    it('a peer that is ended is told of, and that it is back', async () => {
      const isDown = named('FtlPeerDown');
      const before = webhook.told.length;
      await network.stopNode(SPARE2);
      const fired = await webhook.alert((alert) => isDown(alert) && alert.status === 'firing', before);
      expect(fired.labels).toMatchObject({ severity: 'critical', node: SPARE2, msp: 'Org2MSP', kind: 'peer' });
      expect(fired.annotations['summary']).toBe(`Peer ${SPARE2} of Org2MSP does not answer`);
      expect(existsSync(join(ROOT, fired.annotations['runbook_url']!))).toBe(true);
      await network.startNode(SPARE2);
      await webhook.alert((alert) => isDown(alert) && alert.status === 'resolved', before);
      const down = webhook.told.filter(({ labels }) => labels['alertname']!.endsWith('Down'));
      expect(new Set(down.map(({ labels }) => labels['node']))).toEqual(new Set([SPARE2]));
      expect(await caughtUp(prometheus)).toBe(true);
    });

    it('a peer that hangs under load is named with its channel as behind, until it goes on', async () => {
      const isBehind = named('FtlPeerBehind');
      const before = webhook.told.length;
      network.pauseNode(SPARE1);
      try {
        const fired = await webhook.alert((alert) => isBehind(alert) && alert.status === 'firing', before);
        expect(fired.labels).toMatchObject({ node: SPARE1, msp: 'Org1MSP', channel: CHANNEL });
        expect(fired.annotations['summary']).toMatch(/^peer1\.org1\.example\.com is \d+ blocks behind on mychannel$/);
      } finally {
        network.resumeNode(SPARE1);
      }
      await webhook.alert((alert) => isBehind(alert) && alert.status === 'resolved', before);
      // Together with those that fire, Alertmanager tells of those that did.
      const blamed = webhook.told.slice(before).filter((alert) => isBehind(alert) && alert.status === 'firing');
      expect(new Set(blamed.map(({ labels }) => labels['node']))).toEqual(new Set([SPARE1]));
    });

    it('orderers of which too few are left to elect a leader are told of, until they are back', async () => {
      const isLeaderless = named('FtlOrdererWithoutLeader');
      const before = webhook.told.length;
      const [, ...others] = ORDERERS;
      await Promise.all(others.map((host) => network.stopNode(host)));
      const fired = await webhook.alert((alert) => isLeaderless(alert) && alert.status === 'firing', before);
      expect(fired.labels).toMatchObject({ severity: 'critical', channel: CHANNEL });
      for (const host of others) {
        await webhook.alert(
          ({ labels }) => labels['alertname'] === 'FtlOrdererDown' && labels['node'] === host,
          before,
        );
      }
      await Promise.all(others.map((host) => network.startNode(host)));
      await webhook.alert((alert) => isLeaderless(alert) && alert.status === 'resolved', before);
    });
  },
);

/** A chaincode that runs, and one at whose address nobody listens; both with a collection of private data. */
async function deployAssets(network: InteropNetwork, stack: AsyncDisposableStack): Promise<void> {
  const collections = network.file('collections.json');
  const collection = { name: 'assetDetails', policy: "OR('Org1MSP.member', 'Org2MSP.member')" };
  const counts = { requiredPeerCount: 0, maxPeerCount: 3, blockToLive: 0, memberOnlyRead: true };
  writeFileSync(collections, JSON.stringify([{ ...collection, ...counts }]));
  const policy = "OR('Org1MSP.peer', 'Org2MSP.peer')";
  const definition = ['--sequence', '1', '--signature-policy', policy, '--collections-config', collections];
  for (const deployment of await assetsAndNobody(network, stack)) {
    await deploy(network, { ...deployment, hosts: BOTH, definition });
  }
  for (const asset of ['bus', 'car']) {
    await invoke(network, BOTH, 'assets', ['CreateAsset', asset, 'ann', '10']);
  }
}

/** What happens to a network now and then: a change of its configuration, private data, conflicts, refusals, chaincode that is slow or cannot be reached. */
async function makeDo(network: InteropNetwork): Promise<void> {
  const update = await makeUpdate(network, network.peerOf(PEER1), (config) => {
    batchSize(config)['max_message_count'] = 5;
  });
  await network.ordererAdmin.run('channel', 'update', '-f', update, '-c', CHANNEL, ...network.ordererFlags);
  const details = ['--transient', JSON.stringify({ details: Buffer.from('rusty').toString('base64') })];
  await invoke(network, [PEER1], 'assets', ['SetDetails', 'car'], details);
  const racers = Array.from({ length: 4 }, (_, index) =>
    invoke(network, [PEER1], 'assets', ['CreateAsset', 'van', `racer${index}`, '1']).catch(() => null),
  );
  expect((await Promise.all(racers)).filter((result) => result !== null)).toHaveLength(1);
  for (const [name, ...args] of [
    ['assets', 'ReadAsset', 'nothing'],
    ['assets', 'Wait', 'late', '6000'],
    ['nobody', 'ReadAsset', 'bus'],
  ] as const) {
    await expect(query(network, PEER1, name, args)).rejects.toThrow('chaincode');
  }
}

/** Waits until each peer knows the other of its organisation, which takes its private data, and each organisation has its leader. */
async function gossiping(prometheus: RunningPrometheus): Promise<void> {
  const known = `count(gossip_membership_total_peers_known > 0) == ${PEERS.length}`;
  const led = 'count(sum by (msp) (gossip_leader_election_leader) == 1) == 2';
  const asked = [known, led].map((expr) => ({ panel: 'gossip', expr }));
  expect(await unanswered(prometheus, asked)).toEqual([]);
}

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { NodeOperations } from '#node/operations/nodeOperations.ts';
import { Alerting } from '../harness/alerting.ts';
import type { AlertWebhook, ToldAlert } from '../harness/alertWebhook.ts';
import { answers, caughtUp, DASHBOARDS, isOfFtl, PANELS, rowsOf, TABLES, unanswered } from '../harness/dashboards.ts';
import { LiveNetwork } from '../harness/liveNetwork.ts';
import { familiesOf, recordedBody, serveRecorded } from '../harness/operationsBodies.ts';
import { PROMETHEUS_PACKAGES } from '../harness/program.ts';
import { ALERTMANAGER, PROMETHEUS, RunningPrometheus, type Target } from '../harness/prometheus.ts';
import { selectorsOf } from '../harness/promql.ts';
import { GRAFANA, RULES } from '../harness/ruleFiles.ts';
import { following } from '../harness/servingFtl.ts';
import { type StartedFtl, startFtl } from '../harness/startFtl.ts';
import { SteadyClient } from '../harness/steadyClient.ts';
import { tlsMaterial } from '../harness/tlsMaterial.ts';
import { SENDERS } from './faultyTransactions.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Of Org2: nobody asks it for endorsements in the meantime. */
const PEER = 'peer0.org2.example.com';
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

const NO_GOSSIP = 'peers of the network do not gossip: each takes its blocks from the orderer';
/** Panels that stay empty on a network of FTL's nodes, and why; Go's recorded nodes fill them. */
const GO_ONLY: Readonly<Record<string, string>> = {
  'FTL: peers: Goroutines, Go’s peers': 'a matter of Go',
  'FTL: orderers: Messages between orderers, Go’s orderers': 'the orderer is alone',
  'FTL: gossip: Peers known': NO_GOSSIP,
  'FTL: gossip: Messages': NO_GOSSIP,
  'FTL: gossip: Blocks that wait': NO_GOSSIP,
  'FTL: gossip: Private data, Go’s peers': NO_GOSSIP,
};
/** What neither a live network nor recorded nodes tell, and why; Fabric's reference has it. */
const NOWHERE: Readonly<Record<string, string>> = {
  gossip_comm_overflow_count: 'a Go peer tells it from the first overflow on',
  consensus_BFT_is_leader: 'the recorded network orders by Raft',
  consensus_BFT_cluster_size: 'the recorded network orders by Raft',
};
/** Queries of dashboards about peers, orderers and chaincode to which Go's recorded nodes have no answer, beside FTL's own metrics. */
const NOT_RECORDED: Readonly<Record<string, string>> = {
  blockcutter_block_fill_duration_bucket: 'told by the leader; a follower was recorded',
};

describe.skipIf(PROMETHEUS === null || ALERTMANAGER === null)(
  `a real Prometheus and Alertmanager (skipped where they are not on PATH: ${PROMETHEUS_PACKAGES})`,
  () => {
    const stack = new AsyncDisposableStack();
    let network: LiveNetwork;
    let ftl: StartedFtl;
    let prometheus: RunningPrometheus;
    let webhook: AlertWebhook;
    let client: SteadyClient;

    beforeAll(async () => {
      network = stack.use(await LiveNetwork.start({ steady: true, peers: { 'chaincode.executetimeout': '3s' } }));
      const { folder } = network;
      ftl = await startFtl({ imports: [], arguments: following(folder) });
      stack.defer(() => ftl.stop());
      ({ prometheus, webhook } = stack.use(
        await Alerting.start({
          fabric: JSON.parse(readFileSync(folder.prometheusTargets, 'utf8')),
          ftl: [{ targets: [ftl.url.replace('http://', '')] }],
        }),
      ));
      client = new SteadyClient(network, { prefix: 'watched-' });
      stack.defer(() => client.stop());
    });
    afterAll(async () => {
      await stack.disposeAsync();
    });

    it('fills every panel that can be filled from a live network of FTL’s nodes', { timeout: 180_000 }, async () => {
      for (const kind of [
        'private data',
        'read what another changed in the meantime',
        'refused by the chaincode',
        'whose chaincode hangs',
        'a change of the configuration',
      ] as const) {
        await SENDERS[kind](network);
      }
      await fetch(`${ftl.url}/api/v1/traces`);
      const asked = PANELS.filter(({ panel }) => GO_ONLY[panel] === undefined);
      expect(await unanswered(prometheus, asked)).toEqual([]);
      // Whoever is on the list must be there for its reason.
      for (const one of PANELS.filter(({ panel }) => GO_ONLY[panel] !== undefined)) {
        expect(await answers(prometheus, one.expr), one.panel).toBe(false);
      }
      for (const panel of Object.keys(GO_ONLY)) expect(PANELS.map((one) => one.panel)).toContain(panel);
    });

    it('fills the choices of every dashboard', async () => {
      for (const { title, templating } of DASHBOARDS) {
        for (const { name, query } of templating.list) {
          const [, selector, label] = /^label_values\((.*), (\w+)\)$/.exec(query?.query ?? '') ?? [];
          if (selector === undefined) continue;
          const values = (await prometheus.query(`count by (${label}) (${selector})`)).map(
            ({ metric }) => metric[label!],
          );
          expect(values.filter((value) => value !== undefined).length, `${title}: ${name}`).toBeGreaterThan(0);
        }
      }
    });

    it('fills every table of single transactions from FTL’s API', async () => {
      expect(TABLES.length).toBeGreaterThan(0);
      for (const table of TABLES) {
        await expect.poll(() => rowsOf(ftl.url, table), { timeout: 30_000, message: table.panel }).not.toEqual([]);
      }
      const [latest] = TABLES;
      const rows = await rowsOf(ftl.url, latest!);
      for (const { text } of latest!.columns) {
        expect(
          rows.some((row) => row[text] != null),
          text,
        ).toBe(true);
      }
    });

    it('evaluates every rule; each names only what is exported', async () => {
      const bodies = await Promise.all(
        [
          ...(JSON.parse(readFileSync(network.folder.prometheusTargets, 'utf8')) as { targets: [string] }[]).map(
            ({ targets: [address] }) => `http://${address}`,
          ),
          ftl.url,
        ].map(async (url) => (await fetch(`${url}/metrics`)).text()),
      );
      const exported = new Set([
        'up',
        'ALERTS',
        ...RULES.flatMap(({ record }) => record ?? []),
        ...[...bodies, recordedBody('peer'), recordedBody('orderer')]
          .flatMap(familiesOf)
          .flatMap((family) => [family, `${family}_bucket`, `${family}_sum`, `${family}_count`]),
      ]);
      const named = [...RULES.map(({ expr }) => expr), ...PANELS.map(({ expr }) => expr)].flatMap(selectorsOf);
      const unknown = named.map(({ name }) => name).filter((name) => !exported.has(name));
      expect([...new Set(unknown)].toSorted()).toEqual(Object.keys(NOWHERE).toSorted());

      const recorded = RULES.flatMap(({ record }) => record ?? []).map((expr) => ({ panel: expr, expr }));
      expect(await unanswered(prometheus, recorded)).toEqual([]);
      for (const { expr } of RULES) expect(await prometheus.query(expr)).toBeInstanceOf(Array);
    });

    it('keeps the traces of single transactions beside the time of each stage', async () => {
      const exemplars = await prometheus.exemplars('ftl_stage_duration_seconds_bucket');
      expect(exemplars.length).toBeGreaterThan(0);
      const { datasources } = parse(readFileSync(join(GRAFANA, 'provisioning/datasources/prometheus.yaml'), 'utf8'));
      for (const { name } of datasources[0].jsonData.exemplarTraceIdDestinations) {
        expect(exemplars.every((labels) => labels[name] !== undefined)).toBe(true);
      }
    });

    it('a peer that is stopped is told of, and that it is back', { timeout: 120_000 }, async () => {
      const isDown = ({ labels }: ToldAlert): boolean =>
        labels['alertname'] === 'FtlPeerDown' && labels['node'] === PEER;
      process.kill(await network.pidOf(PEER), 'SIGTERM');
      const fired = await webhook.alert((alert) => isDown(alert) && alert.status === 'firing');
      expect(fired.labels).toMatchObject({ severity: 'critical', msp: 'Org2MSP', kind: 'peer' });
      expect(fired.annotations['summary']).toBe(`Peer ${PEER} of Org2MSP does not answer`);
      expect(existsSync(join(ROOT, fired.annotations['runbook_url']!))).toBe(true);
      await network.up();
      await webhook.alert((alert) => isDown(alert) && alert.status === 'resolved');
      const others = webhook.told.filter(
        ({ labels }) => labels['alertname']!.endsWith('Down') && labels['node'] !== PEER,
      );
      expect(others).toEqual([]);
    });

    it('a peer that hangs under load is named with its channel as behind, until it goes on', {
      timeout: 120_000,
    }, async () => {
      const isBehind = ({ labels }: ToldAlert): boolean =>
        labels['alertname'] === 'FtlPeerBehind' && labels['node'] === PEER && labels['channel'] === 'mychannel';
      expect(await caughtUp(prometheus)).toBe(true);
      const before = webhook.told.length;
      const pid = await network.pidOf(PEER);
      process.kill(pid, 'SIGSTOP');
      try {
        const fired = await webhook.alert((alert) => isBehind(alert) && alert.status === 'firing', before);
        expect(fired.annotations['summary']).toMatch(/^peer0\.org2\.example\.com is \d+ blocks behind on mychannel$/);
      } finally {
        process.kill(pid, 'SIGCONT');
      }
      await webhook.alert((alert) => isBehind(alert) && alert.status === 'resolved', before);
      const blamed = webhook.told
        .slice(before)
        .filter(({ labels, status }) => labels['alertname'] === 'FtlPeerBehind' && status === 'firing');
      expect(new Set(blamed.map(({ labels }) => labels['node']))).toEqual(new Set([PEER]));
    });
  },
);

describe.skipIf(PROMETHEUS === null)(
  `a real Prometheus on Go’s nodes (skipped where it is not on PATH: ${PROMETHEUS_PACKAGES})`,
  () => {
    it('fills from what recorded Go nodes told all panels but those about FTL', { timeout: 120_000 }, async () => {
      await using stack = new AsyncDisposableStack();
      const peer = stack.use(await serveRecorded('peer'));
      const orderer = stack.use(await serveRecorded('orderer'));
      const prometheus = stack.use(
        await RunningPrometheus.start({
          jobs: {
            fabric: [
              { targets: [peer.address], labels: { node: 'peer0.org1.example.com', msp: 'Org1MSP', kind: 'peer' } },
              {
                targets: [orderer.address],
                labels: { node: 'orderer1.example.com', msp: 'OrdererMSP', kind: 'orderer' },
              },
            ],
          },
        }),
      );
      const asked = PANELS.filter(
        (one) => !isOfFtl(one) && !Object.keys(NOT_RECORDED).some((part) => one.expr.includes(part)),
      );
      expect(asked.length).toBeGreaterThan(50);
      expect(await unanswered(prometheus, asked)).toEqual([]);
      for (const panel of Object.keys(GO_ONLY)) expect(asked.map((one) => one.panel)).toContain(panel);
    });
  },
);

describe.skipIf(PROMETHEUS === null)(
  `a real Prometheus at operations services with TLS (skipped where it is not on PATH: ${PROMETHEUS_PACKAGES})`,
  () => {
    it('reads nodes whose authority it knows and which know its own, by the lines that the configuration has for it', async () => {
      await using stack = new AsyncDisposableStack();
      const folder = mkdtempSync(join(tmpdir(), 'ftl-operations-'));
      stack.defer(() => rmSync(folder, { recursive: true }));
      const [ours, others] = [tlsMaterial(), tlsMaterial()];
      const targets: Target[] = [];
      for (const [node, { ca, server }, clientAuthRequired] of [
        ['known', ours, false],
        ['strict', ours, true],
        ['stranger', others, false],
      ] as const) {
        const tls = { certificate: server.cert, key: server.key, clientAuthRequired, clientRoots: [ca] };
        const options = { host: '127.0.0.1', port: 0, tls, version: '', commit: '', folder };
        const operations = stack.use(
          await NodeOperations.start({ ...options, metrics: { provider: 'prometheus' } }, { sink: SILENT }),
        );
        targets.push({ targets: [operations.address], labels: { node, msp: 'Org1MSP', kind: 'peer' } });
      }
      const prometheus = stack.use(await RunningPrometheus.start({ jobs: { fabric: targets }, tls: ours }));
      const states = async (): Promise<unknown> =>
        Object.fromEntries((await prometheus.query('up')).map(({ metric, value }) => [metric['node'], value]));
      await expect.poll(states, { timeout: 30_000 }).toEqual({ known: 1, strict: 1, stranger: 0 });
    });
  },
);

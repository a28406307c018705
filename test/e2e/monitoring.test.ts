import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { z } from 'zod';
import { operationsTargets } from '#config/readOperations.ts';
import type * as Schemas from '#server/api/monitoringSchemas.ts';
import type { Trace } from '#server/api/schemas.ts';
import { startServer } from '#server/httpServer.ts';
import { nodeTargets } from '#server/monitoring/nodeTarget.ts';
import { openSqliteStore } from '#trace/store/sqlite/sqliteStore.ts';
import { Alerting } from '../harness/alerting.ts';
import type { Finished } from '../harness/ftlProcess.ts';
import { LiveNetwork } from '../harness/liveNetwork.ts';
import { PROMETHEUS_PACKAGES } from '../harness/program.ts';
import { ALERTMANAGER, PROMETHEUS, type RunningPrometheus } from '../harness/prometheus.ts';
import { GRAFANA } from '../harness/ruleFiles.ts';
import { spawnServing } from '../harness/servingFtl.ts';
import { SteadyClient } from '../harness/steadyClient.ts';

type Metrics = z.output<typeof Schemas.NodeMetrics>;
type State = z.output<typeof Schemas.MonitoringState>;
type Health = z.output<typeof Schemas.NodeHealth>;
type Spec = z.output<typeof Schemas.LogSpecState>;
type Alerts = z.output<typeof Schemas.AlertList>;

const PEER = { msp: 'Org1MSP', name: 'peer0.org1.example.com' };
/** Nobody asks it for endorsements. */
const OTHER = { msp: 'Org2MSP', name: 'peer0.org2.example.com' };
const ORDERER = { msp: 'OrdererMSP', name: 'orderer.example.com' };
type Named = typeof PEER;
const idOf = ({ msp, name }: Named): string => `${msp}/${name}`;
const byPrometheus = PROMETHEUS !== null && ALERTMANAGER !== null;
const WHERE = byPrometheus ? '' : ` (skipped where they are not on PATH: ${PROMETHEUS_PACKAGES})`;

const TURN_MS = 250;
/** More than the minute that heights are measured against. */
const PATIENCE_MS = 80_000;
/** What a peer and an orderer tell when clients are busy and peers do not gossip. */
const PEER_PANELS = ['cpu', 'memory', 'height', 'commit', 'endorse', 'transactions'];
const ORDERER_PANELS = ['cpu', 'memory', 'height', 'enqueue', 'broadcasts', 'blockWrite'];

interface Served {
  readonly url: string;
  /** Ends it as an operator does. */
  stop(): Promise<Finished>;
}

const end = async (ftl: Served): Promise<void> => void (await ftl.stop());

/** Runs `ftl start` or `ftl serve` until it serves. */
async function run(args: readonly string[]): Promise<Served> {
  const ftl = spawnServing([...args, '--log-level', 'info']);
  return { url: await ftl.url, stop: () => ftl.end() };
}

async function get<T>(url: string): Promise<T> {
  const answer = await fetch(url);
  const body = (await answer.json()) as T;
  expect({ url, status: answer.status, body }).toMatchObject({ status: 200 });
  return body;
}
const put = (url: string, spec: string, minutes: number): Promise<Response> =>
  fetch(url, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ spec, minutes }),
  });
const at = ({ url }: { readonly url: string }, { msp, name }: Named, what: string): string =>
  `${url}/api/v1/nodes/${msp}/${name}/${what}`;

/** Asks until it is so. @throws Error with what was answered last, where that takes too long */
async function until<T>(ask: () => Promise<T>, so: (answer: T) => boolean): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (so(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`it stays so: ${JSON.stringify(answer)}`);
    await delay(TURN_MS);
  }
}
const filledOf = ({ panels }: Metrics): string[] => panels.filter(({ lines }) => lines.length > 0).map(({ id }) => id);
const namesOf = ({ panels }: Metrics): object =>
  Object.fromEntries(panels.map(({ id, lines }) => [id, lines.map(({ name }) => name)]));
const filled = (ftl: Served, node: Named, expected: readonly string[]): Promise<Metrics> =>
  until(
    () => get<Metrics>(at(ftl, node, 'metrics')),
    (metrics) => expected.every((id) => filledOf(metrics).includes(id)),
  );
const fires = ({ items }: Alerts, node: Named): boolean =>
  items.some((alert) => alert.name === 'FtlPeerDown' && alert.node === node.name && alert.msp === node.msp);

describe('the nodes of a live network', { timeout: 180_000 }, () => {
  const stack = new AsyncDisposableStack();
  let network: LiveNetwork;
  /** `ftl start` with a scraper of its own; follows the records. */
  let scraping: Served;
  /** `ftl serve` at an address that others reach too; with Prometheus and Alertmanager where they are there. */
  let asking: Served;
  /** As FTL without Prometheus, but in a hurry. */
  let own: { readonly url: string };
  let prometheus: RunningPrometheus | null = null;
  let targets: string;
  /** What the first change was answered. */
  let minute: Response;

  /** What the node itself says that it logs. */
  async function logSpecOf({ name }: Named): Promise<string> {
    const groups = JSON.parse(readFileSync(targets, 'utf8')) as { targets: [string]; labels: { node: string } }[];
    const address = groups.find(({ labels }) => labels.node === name)?.targets[0];
    return (await get<{ readonly spec: string }>(`http://${address}/logspec`)).spec;
  }

  beforeAll(async () => {
    network = stack.use(await LiveNetwork.start({ steady: true }));
    const { folder } = network;
    targets = folder.prometheusTargets;
    const store = mkdtempSync(join(tmpdir(), 'ftl-monitoring-'));
    stack.defer(() => rmSync(store, { recursive: true, force: true }));
    const shared = ['--store', `sqlite:${join(store, 'ftl.db')}`, '--operations', targets];
    scraping = await run(['start', '--logs', folder.records, '--nodes', folder.nodes, ...shared]);
    stack.defer(() => end(scraping));
    // For a minute: it is over when the rest has been looked at.
    minute = await put(at(scraping, ORDERER, 'logspec'), 'orderer.common.broadcast=debug:info', 1);
    const client = new SteadyClient(network, { prefix: 'watched-' });
    stack.defer(() => client.stop());

    const external: string[] = [];
    if (byPrometheus) {
      const alerting = stack.use(
        await Alerting.start({
          fabric: JSON.parse(readFileSync(targets, 'utf8')),
          ftl: [{ targets: [scraping.url.replace('http://', '')] }],
        }),
      );
      ({ prometheus } = alerting);
      external.push('--prometheus-url', prometheus.url, '--alertmanager-url', alerting.alertmanager.url);
    }
    asking = await run(['serve', '--host', '0.0.0.0', ...external, ...shared]);
    stack.defer(() => end(asking));

    const memory = await openSqliteStore(':memory:');
    stack.defer(() => memory.close());
    const server = await startServer(
      {
        port: 0,
        version: '1',
        traceMetrics: 'off',
        monitoring: {
          targets: operationsTargets([targets], nodeTargets),
          scraper: { intervalMs: 500 },
          ownAlerts: { downMs: 2000 },
        },
      },
      { store: memory, logger: pino({ level: 'silent' }) },
    );
    own = server;
    stack.defer(() => server.close());
  }, 90_000);
  afterAll(() => stack.disposeAsync());

  it('fill their panels from the scraper of FTL', async () => {
    const peer = await filled(scraping, PEER, PEER_PANELS);
    expect(filledOf(peer)).toEqual(PEER_PANELS);
    expect(peer).toMatchObject({ node: idOf(PEER), source: 'scraper', since: expect.any(String) });
    const orderer = await filled(scraping, ORDERER, ORDERER_PANELS);
    expect(filledOf(orderer)).toEqual(ORDERER_PANELS);
    expect(namesOf(peer)).toMatchObject({
      cpu: [''],
      height: ['mychannel'],
      transactions: ['VALID'],
      commit: ['mychannel'],
    });
    expect(namesOf(orderer)).toMatchObject({ broadcasts: ['SUCCESS'] });
    for (const { unit, lines } of [...peer.panels, ...orderer.panels]) {
      const values = lines.flatMap(({ points }) => points.flatMap(([, value]) => value ?? []));
      expect(values.every((value) => value >= 0 && (unit !== 'seconds' || value < 60))).toBe(true);
    }
  });

  it('say that they are well, and which version they are', async () => {
    const { metrics, alerts, mayChange, items } = await get<State>(`${scraping.url}/api/v1/monitoring`);
    expect({ metrics, alerts, mayChange }).toEqual({ metrics: 'scraper', alerts: 'own', mayChange: true });
    expect(items.map(({ id, kind, health }) => `${kind} ${id}: ${health}`).toSorted()).toEqual([
      `orderer ${idOf(ORDERER)}: ok`,
      `peer ${idOf(PEER)}: ok`,
      `peer ${idOf(OTHER)}: ok`,
    ]);
    const { version } = await get<{ readonly version: string }>(`${scraping.url}/version`);
    for (const item of items) expect(item.version).toContain(version);
    expect(await get<Health>(at(scraping, PEER, 'health'))).toMatchObject({
      id: idOf(PEER),
      health: 'ok',
      problem: null,
    });
  });

  it('say how far they are, orderers too, to FTL and to a real Prometheus', async () => {
    for (const ftl of byPrometheus ? [scraping, asking] : [scraping]) {
      const state = await until(
        () => get<State>(`${ftl.url}/api/v1/monitoring`),
        ({ channels, items }) =>
          channels.some(({ channel, heightMinuteAgo }) => channel === 'mychannel' && heightMinuteAgo > 0) &&
          items.every(({ heights }) => heights.length === 1),
      );
      expect(state.items.map(({ heightsProblem }) => heightsProblem)).toEqual([null, null, null]);
      const [minuteAgo] = state.channels;
      for (const { heights } of state.items) {
        expect(heights[0]).toMatchObject({ channel: 'mychannel' });
        expect(heights[0]!.height).toBeGreaterThanOrEqual(minuteAgo!.heightMinuteAgo);
        expect(Math.abs(Date.now() - Date.parse(heights[0]!.at))).toBeLessThan(PATIENCE_MS);
      }
    }
  });

  it('log otherwise for a while, for who may have it so', async () => {
    const before = await logSpecOf(PEER);
    const changed = await put(at(scraping, PEER, 'logspec'), 'gossip=debug:INFO', 10);
    const state = (await changed.json()) as Spec;
    expect(state).toMatchObject({ spec: 'gossip=debug:info', change: { restores: before, by: 'operator' } });
    expect(await logSpecOf(PEER)).toBe('gossip=debug:info');
    expect(await get<Spec>(at(scraping, PEER, 'logspec'))).toEqual(state);
    const refused = await put(at(scraping, PEER, 'logspec'), 'gossip=loud', 10);
    expect([refused.status, await refused.json()]).toMatchObject([
      400,
      { code: 'log_spec_refused', detail: expect.stringContaining("'gossip=loud'") },
    ]);
    // At an address that others reach everybody may look, and nobody may change.
    expect(await get<State>(`${asking.url}/api/v1/monitoring`)).toMatchObject({ mayChange: false });
    // It knows of the other's change by the folder that they share.
    expect(await get<Spec>(at(asking, PEER, 'logspec'))).toEqual(state);
    const forbidden = await put(at(asking, PEER, 'logspec'), 'debug', 10);
    expect([forbidden.status, await forbidden.json()]).toMatchObject([403, { code: 'forbidden' }]);
    expect((await fetch(at(asking, PEER, 'logspec'), { method: 'DELETE' })).status).toBe(403);
    expect(await logSpecOf(PEER)).toBe('gossip=debug:info');
  });

  it.skipIf(!byPrometheus)(`fill the same panels from a real Prometheus${WHERE}`, async () => {
    expect(await get<State>(`${asking.url}/api/v1/monitoring`)).toMatchObject({
      metrics: 'prometheus',
      alerts: 'alertmanager',
    });
    for (const [node, expected] of [
      [PEER, PEER_PANELS],
      [ORDERER, ORDERER_PANELS],
    ] as const) {
      const metrics = await filled(asking, node, expected);
      expect(metrics.source).toBe('prometheus');
      expect(filledOf(metrics)).toEqual(expected);
      expect(namesOf(metrics)).toEqual(namesOf(await get<Metrics>(at(scraping, node, 'metrics'))));
    }
  });

  it.skipIf(!byPrometheus)(
    `have their transactions beside the times, each with a link to its trace${WHERE}`,
    async () => {
      const exemplars = await until(
        () => prometheus!.exemplars('ftl_stage_duration_seconds_bucket'),
        (found) => found.length > 0,
      );
      const file = readFileSync(join(GRAFANA, 'provisioning/datasources/prometheus.yaml'), 'utf8');
      const [{ name, url }] = parse(file).datasources[0].jsonData.exemplarTraceIdDestinations;
      // The page of the browser's side that such an address opens asks the API for the same.
      const route = /^http:\/\/localhost:3850\/trace\/\$\$\{__value\.raw\}$/;
      expect(url).toMatch(route);
      expect(readFileSync(new URL('../../web/src/app.tsx', import.meta.url), 'utf8')).toContain('path="/trace/:txId"');
      for (const exemplar of exemplars.slice(0, 10)) {
        const trace = await get<z.output<typeof Trace>>(`${scraping.url}/api/v1/traces/${exemplar[name]}`);
        expect(trace).toMatchObject({ txId: exemplar['tx_id'], traceId: exemplar['trace_id'], channel: 'mychannel' });
      }
    },
  );

  it('are told of when one is stopped, and not any more when it is back', async () => {
    const alertsAt = (ftl: { readonly url: string }, query = ''): Promise<Alerts> =>
      get(`${ftl.url}/api/v1/alerts${query}`);
    expect(await alertsAt(own)).toEqual({ source: 'own', items: [], total: 0 });
    process.kill(await network.pidOf(OTHER.name), 'SIGTERM');

    const down = await until(
      () => alertsAt(own),
      (alerts) => fires(alerts, OTHER),
    );
    expect(down).toMatchObject({
      source: 'own',
      items: [
        {
          name: 'FtlPeerDown',
          severity: 'critical',
          summary: `Peer ${OTHER.name} of Org2MSP does not answer`,
          description: `${OTHER.name} cannot be reached: nobody listens there`,
        },
      ],
      total: 1,
    });
    expect(await alertsAt(own, `?node=${idOf(PEER)}`)).toMatchObject({ items: [], total: 0 });
    // An answer of a node holds for three seconds.
    const gone = await until(
      () => get<Health>(at(scraping, OTHER, 'health')),
      ({ health }) => health !== 'ok',
    );
    expect(gone).toMatchObject({
      health: 'unreachable',
      problem: `${OTHER.name} cannot be reached: nobody listens there`,
    });
    // What was read of it before is still there.
    expect(filledOf(await get<Metrics>(at(scraping, OTHER, 'metrics')))).toContain('height');
    const isTold = (alerts: Alerts): boolean => alerts.source === 'alertmanager' && fires(alerts, OTHER);
    if (byPrometheus) await until(() => alertsAt(asking, `?node=${idOf(OTHER)}`), isTold);
    const { panels } = await get<Metrics>(at(byPrometheus ? asking : scraping, OTHER, 'metrics'));
    expect(panels.find(({ id }) => id === 'height')?.lines).toHaveLength(1);

    await network.up();
    await until(
      () => alertsAt(own),
      ({ items }) => items.length === 0,
    );
    await until(
      () => get<Health>(at(own, OTHER, 'health')),
      ({ health }) => health === 'ok',
    );
    if (byPrometheus) {
      await until(
        () => alertsAt(asking),
        (alerts) => !fires(alerts, OTHER),
      );
    }
  });

  it('get their log specifications back when the time is over, and when FTL is stopped', async () => {
    const usual = 'info';
    expect(await minute.json()).toMatchObject({ change: { restores: usual } });
    const serving = await run(['serve', '--store', 'sqlite::memory:', '--operations', targets]);
    expect((await put(at(serving, OTHER, 'logspec'), 'debug', 10)).status).toBe(200);
    expect(await logSpecOf(OTHER)).toBe('debug');
    const ended = await serving.stop();
    expect(ended).toMatchObject({ status: 0, stderr: expect.stringContaining('log specification restored') });
    expect(await logSpecOf(OTHER)).toBe(usual);

    expect(await logSpecOf(PEER)).toBe('gossip=debug:info');
    await until(
      () => get<Spec>(at(scraping, ORDERER, 'logspec')),
      ({ change }) => change === null,
    );
    expect(await logSpecOf(ORDERER)).toBe(usual);
    expect(await scraping.stop()).toMatchObject({ status: 0, signal: null });
    expect(await logSpecOf(PEER)).toBe(usual);
  });
});

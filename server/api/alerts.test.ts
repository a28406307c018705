import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectAnswer, expectProblem } from '../test/answers.ts';
import { MonitoredServers, NODE, until } from '../test/monitoredServers.ts';
import { targetAt } from '../test/nodeTargets.ts';
import { replacing, type TestServer, testServer } from '../test/runningServer.ts';
import { PEERS } from '../test/sampleRecords.ts';
import { answers, standIn } from '../test/standIn.ts';
import { AlertList } from './monitoringSchemas.ts';

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());
let servers: MonitoredServers;
beforeEach(() => (servers = new MonitoredServers()));
afterEach(() => servers[Symbol.asyncDispose]());

const held = (labels: Record<string, string>) => ({
  labels: { alertname: 'A', ...labels },
  annotations: {},
  startsAt: '2026-11-21T00:00:00Z',
  status: { state: 'active' },
});
const beside = () => [targetAt(new URL('http://10.0.0.1:9443'), NODE)];
async function told(alerts: readonly object[]): Promise<TestServer> {
  const { url } = stack.use(await standIn(answers({ '/api/v2/alerts': alerts })));
  return servers.serve({ targets: beside, alertmanager: url.href });
}

describe('/api/v1/alerts', () => {
  it('tells those about a node: by name, by address, about its organisation', async () => {
    const server = await told([
      held({ alertname: 'Named', node: NODE, msp: 'Org1MSP' }),
      held({ alertname: 'Bare', node: NODE }),
      held({ alertname: 'ById', peer: `Org1MSP/${NODE}` }),
      held({ alertname: 'ByAddress', instance: '10.0.0.1:9443' }),
      held({ alertname: 'OfOrganisation', msp: 'Org1MSP' }),
      held({ alertname: 'OtherNode', node: 'peer1', msp: 'Org1MSP' }),
      held({ alertname: 'OtherOrganisation', node: NODE, msp: 'Org2MSP' }),
      held({ alertname: 'OfNobody' }),
    ]);
    const all = await expectAnswer(await server.get('/api/v1/alerts'), AlertList);
    expect([all.source, all.total, all.items.length]).toEqual(['alertmanager', 8, 8]);
    expect(
      Object.fromEntries(all.items.map(({ name, nodes, organisation }) => [name, [...nodes, organisation]])),
    ).toEqual({
      Named: [`Org1MSP/${NODE}`, null],
      Bare: [`Org1MSP/${NODE}`, null],
      ById: [`Org1MSP/${NODE}`, null],
      ByAddress: [`Org1MSP/${NODE}`, null],
      OfOrganisation: ['Org1MSP'],
      OtherNode: ['Org1MSP/peer1', null],
      OtherOrganisation: [`Org2MSP/${NODE}`, null],
      OfNobody: [null],
    });
    const own = await expectAnswer(await server.get(`/api/v1/alerts?node=Org1MSP/${NODE}`), AlertList);
    expect(own.items.map(({ name }) => name).toSorted()).toEqual([
      'Bare',
      'ByAddress',
      'ById',
      'Named',
      'OfOrganisation',
    ]);
    await expectProblem(await server.get('/api/v1/alerts?node='), 400, 'invalid_request');
  });

  it('knows a name that only the traces tell, and tells the alert where these cannot be asked', async () => {
    const { url } = stack.use(await standIn(answers({ '/api/v2/alerts': [held({ node: PEERS[1] })] })));
    const itemsOf = async (wrap?: Parameters<typeof testServer>[2]) => {
      const server = await testServer({ monitoring: { alertmanager: url.href } }, undefined, wrap);
      servers.own(server);
      return (await expectAnswer(await server.get('/api/v1/alerts'), AlertList)).items;
    };
    expect(await itemsOf()).toMatchObject([{ node: PEERS[1], nodes: [expect.stringContaining(`MSP/${PEERS[1]}`)] }]);
    const failing = replacing({ nodes: () => Promise.reject(new Error('gone')) });
    expect(await itemsOf(failing)).toMatchObject([{ node: PEERS[1], nodes: [] }]);
  });

  it('tells of many the gravest, and how many there are', async () => {
    const many = Array.from({ length: 600 }, () => held({ severity: 'warning' }));
    const server = await told([...many, held({ alertname: 'Last', severity: 'critical' })]);
    const { items, total } = await expectAnswer(await server.get('/api/v1/alerts'), AlertList);
    expect([items.length, total, items[0]?.name]).toEqual([500, 601, 'Last']);
  });

  it('tells by itself that a node is gone, where nobody else does', async () => {
    const gone = await servers.node();
    await gone.operations.stop();
    const target = targetAt(gone.url, NODE);
    const server = await servers.serve({
      targets: () => [target],
      scraper: { intervalMs: 5 },
      ownAlerts: { downMs: 0 },
    });
    // It looks by itself, and not when it is asked.
    await until(
      async () => (await server.get('/metrics')).text(),
      (text) => Number(/^ftl_server_scrapes_total\{result="unreachable"\} (\d+)$/m.exec(text)?.[1] ?? 0) > 2,
    );
    const asked = Date.now();
    const { source, items } = await expectAnswer(await server.get('/api/v1/alerts'), AlertList);
    expect([source, items.map(({ name, node: of }) => [name, of])]).toEqual(['own', [['FtlPeerDown', NODE]]]);
    expect(Date.parse(items[0]!.since!)).toBeLessThan(asked);
  });
});

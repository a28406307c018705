import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { z } from 'zod';
import type { Trace as TraceSchema } from '#server/api/schemas.ts';
import { LiveNetwork } from '#test/harness/liveNetwork.ts';
import { PROMETHEUS_PACKAGES } from '#test/harness/program.ts';
import { PROMETHEUS, RunningPrometheus, type Target } from '#test/harness/prometheus.ts';
import { following } from '#test/harness/servingFtl.ts';
import { type StartedFtl, startFtl } from '#test/harness/startFtl.ts';
import { launchChromium } from './chromium.ts';
import { scraped } from './scraped.ts';
import { openPage, type WatchedPage } from './watchedPage.ts';

interface GraphView {
  getElementState(id: string): string[];
}
declare const window: { __ftlGraph?: GraphView };
type Trace = z.infer<typeof TraceSchema>;

const PEER1 = 'Org1MSP/peer0.org1.example.com';
const PEER2 = 'Org2MSP/peer0.org2.example.com';

const stack = new AsyncDisposableStack();
let network: LiveNetwork;
let targets: readonly Target[];
let ftl: StartedFtl;
let browser: Browser;
let opened: WatchedPage;
let page: Page;
let txId: string;

beforeAll(async () => {
  network = stack.use(await LiveNetwork.start());
  const { folder } = network;
  targets = JSON.parse(readFileSync(folder.prometheusTargets, 'utf8')) as Target[];
  const watched: string[] = [];
  if (PROMETHEUS !== null) {
    const prometheus = await RunningPrometheus.start({ jobs: { fabric: targets } });
    stack.use(prometheus);
    await scraped(prometheus, targets.length);
    watched.push('--prometheus-url', prometheus.url);
  }
  ftl = await startFtl({
    imports: [],
    arguments: [...following(folder), '--operations', folder.prometheusTargets, ...watched],
  });
  stack.defer(() => ftl.stop());
  browser = await launchChromium();
  stack.defer(() => browser.close());
  const endorsed = await network.endorse(['put', 'a', '1']);
  ({ txId } = endorsed.proposal);
  await network.commit(txId, await network.envelope(endorsed));
});
afterAll(() => stack.disposeAsync());

beforeEach(async () => {
  opened = await openPage(browser, ftl.url);
  ({ page } = opened);
});
afterEach(() => opened[Symbol.asyncDispose]());

const at = (path: string) => `${ftl.url.replace(/\/$/, '')}${path}`;

/** The trace's page, once both peers are known to have committed. */
async function openTrace(query = ''): Promise<void> {
  const path = `/trace/mychannel/${txId}`;
  await expect
    .poll(
      async () => {
        const answer = await fetch(at(`/api/v1/traces/${txId}?channel=mychannel`));
        return answer.ok ? ((await answer.json()) as Trace).commits.length : 0;
      },
      { timeout: 30_000 },
    )
    .toBe(2);
  await page.goto(at(`${path}${query}`));
  await page.locator('.graph[data-fitted="true"]').waitFor();
}

const drawnAs = (id: string) => page.evaluate((node) => window['__ftlGraph']?.getElementState(node) ?? [], id);

test('the metrics of all nodes around a transaction, with its own time marked', async () => {
  await openTrace('?tab=metrics');
  const processor = page.locator('[data-panel="cpu"]');
  for (const name of ['orderer', 'peer0.org1', 'peer0.org2']) {
    await processor.locator('.chart-legend').getByText(name, { exact: true }).waitFor();
  }
  await page.locator('.mark-key').getByText('this transaction').waitFor();
  await processor.getByRole('img', { name: /^Processor: orderer last .* cores?, .*; peer0\.org1 last / }).waitFor();
  await page.locator('[data-panel="height"]').getByText('mychannel').waitFor();
  await page.locator('.trace-metrics-foot').getByRole('link', { name: 'peer0.org2' }).click();
  await page.waitForURL((url) => url.pathname === `/nodes/${PEER2}`);
  await page.locator('.page-head [data-health="ok"]').waitFor();
  expect(opened.complaints).toEqual([]);
});

test('a log specification is changed for a while, and taken back', async () => {
  const address = targets.find(({ labels }) => labels?.['node'] === PEER1.split('/')[1])?.targets[0];
  const specOfNode = async () =>
    ((await (await fetch(`http://${address}/logspec`)).json()) as { readonly spec: string }).spec;
  const before = await specOfNode();
  await page.goto(at(`/nodes/${PEER1}`));
  await page.locator(`[data-log-spec="${before}"]`).waitFor();
  await page.getByText(/Debug is not free/).waitFor();

  // What the node does not take, it says so itself, and nothing changes.
  await page.getByRole('textbox', { name: 'Log specification' }).fill('gossip=loud');
  await page.keyboard.press('Enter');
  await page.locator('.log-spec [role="alert"]').getByText(/loud/).waitFor();
  expect(await specOfNode()).toBe(before);

  await page.getByRole('button', { name: 'gossip', exact: true }).click();
  await page.getByRole('button', { name: 'Change', exact: true }).click();
  await page.getByText(/^Changed by operator until \d\d:\d\d, 10 min from now; then .* comes back\./).waitFor();
  expect(await specOfNode()).toBe('gossip=debug:info');
  expect(await page.locator('[data-log-spec]').getAttribute('data-log-spec')).toBe('gossip=debug:info');

  await page.getByRole('button', { name: 'Take it back now' }).click();
  await page.locator(`[data-log-spec="${before}"]`).waitFor();
  expect(await specOfNode()).toBe(before);
  expect(await page.getByText(/^Changed by/).count()).toBe(0);
  // The browser itself reports the refusal; nothing else may be wrong.
  expect(opened.complaints.filter((text) => !text.includes('400'))).toEqual([]);
});

test('a node that is stopped changes its colour and word, in the picture and in the list', async () => {
  await openTrace();
  await expect.poll(() => drawnAs(PEER2), { timeout: 20_000 }).toContain('health-ok');
  await page.locator('.legend').getByText('no answer now').waitFor();
  await network.kill('peer0.org2.example.com');
  await expect.poll(() => drawnAs(PEER2), { timeout: 20_000 }).toContain('health-unreachable');
  expect(await drawnAs(PEER1)).toContain('health-ok');
  const picture = page.locator('.graph').getByRole('img');
  expect(await picture.getAttribute('aria-label')).toMatch(/Health now: .*peer0\.org1 well.*peer0\.org2 no answer/);

  // By the name in a sentence, without selecting the sentence.
  await page.locator('.sentences').getByRole('link', { name: 'peer0.org2' }).first().click();
  await page.waitForURL((url) => url.pathname === `/nodes/${PEER2}`);
  await page.locator('.page-head [data-health="unreachable"]').waitFor();
  await page
    .getByLabel('What is the matter')
    .getByText(/cannot be reached/)
    .waitFor();
  await page.getByRole('navigation').getByRole('link', { name: 'Nodes' }).click();
  await page.locator(`[data-node="${PEER2}"] [data-health="unreachable"]`).getByText('no answer').waitFor();
  await page.locator(`[data-node="${PEER1}"] [data-health="ok"]`).getByText('well').waitFor();
});

test.skipIf(PROMETHEUS === null)(
  `the alert about it is in the header, in the list and at the node (skipped without Prometheus: ${PROMETHEUS_PACKAGES})`,
  async () => {
    await page.goto(at('/nodes'));
    await page.locator('.alert-badge.critical').waitFor({ timeout: 60_000 });
    await page
      .getByRole('navigation')
      .getByRole('link', { name: /^Alerts/ })
      .click();
    const alert = page.locator('[data-alert="FtlPeerDown"]');
    await alert.getByText('Peer peer0.org2.example.com of Org2MSP does not answer').waitFor();
    expect(await alert.textContent()).toMatch(/critical/);
    await alert.getByRole('link', { name: /^what to do/ }).click();
    await page.getByRole('heading', { name: 'FtlPeerDown' }).waitFor();
    await page.getByRole('heading', { name: 'How to mend' }).waitFor();
    await page.goBack();
    await alert.getByRole('link', { name: 'peer0.org2.example.com' }).click();
    await page.waitForURL((url) => url.pathname === `/nodes/${PEER2}`);
    await page.locator('[data-alert="FtlPeerDown"]').waitFor();
    expect(opened.complaints).toEqual([]);
  },
);

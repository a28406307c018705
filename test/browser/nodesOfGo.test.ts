import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import type { NodeMetrics as NodeMetricsSchema } from '#server/api/monitoringSchemas.ts';
import type { TraceList as TraceListSchema } from '#server/api/schemas.ts';
import { nodeTargets } from '#server/monitoring/nodeTarget.ts';
import { testServer } from '#server/test/runningServer.ts';
import { PROMETHEUS_PACKAGES } from '#test/harness/program.ts';
import { PROMETHEUS, RunningPrometheus } from '#test/harness/prometheus.ts';
import { type StartedFtl, startFtl } from '#test/harness/startFtl.ts';
import { describe as sentenceOf } from '../../web/src/model/panel.ts';
import { launchChromium } from './chromium.ts';
import { GoNode } from './goNode.ts';
import { scraped } from './scraped.ts';
import { openPage, type WatchedPage } from './watchedPage.ts';

type NodeMetrics = z.infer<typeof NodeMetricsSchema>;
type TraceList = z.infer<typeof TraceListSchema>;

declare const document: { querySelectorAll(selector: string): { readonly length: number } };

const RECORDING = fileURLToPath(new URL('../vectors/fabric-v3.1.5', import.meta.url));
const PEER = 'Org1MSP/peer0.org1.example.com';
const ORDERER = 'OrdererMSP/orderer1.example.com';
/** What a Go peer tells of itself with every scrape, and what follows from two. */
const PANELS = ['cpu', 'memory', 'height', 'commit', 'endorse', 'transactions'];

const stack = new AsyncDisposableStack();
let browser: Browser;
let peer: GoNode;
let orderer: GoNode;
let operations: string;
let opened: WatchedPage;
let page: Page;

/** An alert that says of whom it is by the address alone, as rules of others do. */
const BY_ADDRESS = `groups:
  - name: others
    rules:
      - alert: OrdererWatched
        expr: sum by (instance) (up{kind="orderer"}) == 1
        labels: { severity: info }
        annotations: { summary: 'somebody watches it' }
`;

const targets = () =>
  [
    { node: peer, id: PEER, kind: 'peer' },
    { node: orderer, id: ORDERER, kind: 'orderer' },
  ].map(({ node, id, kind }) => {
    const [msp = '', name = ''] = id.split('/');
    return { targets: [node.address], labels: { node: name, msp, kind } };
  });

beforeAll(async () => {
  peer = stack.use(await GoNode.start('peer'));
  orderer = stack.use(await GoNode.start('orderer'));
  const folder = mkdtempSync(join(tmpdir(), 'ftl-targets-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  operations = join(folder, 'targets.json');
  writeFileSync(operations, JSON.stringify(targets()));
  browser = await launchChromium();
  stack.defer(() => browser.close());
});
afterAll(() => stack.disposeAsync());

const at = (ftl: StartedFtl, path: string) => `${ftl.url.replace(/\/$/, '')}${path}`;
const tag = (id: string) => page.locator(`[data-node="${id}"] [data-health]`);

/** Waits until a chart says what the API has just answered, in all panels that are told. */
async function panelsShowTheAnswers(id: string, panels: readonly string[]): Promise<NodeMetrics> {
  for (;;) {
    const response = await page.waitForResponse((one) => one.url().includes(`/nodes/${id}/metrics`) && one.ok());
    const answer = (await response.json()) as NodeMetrics;
    const told = answer.panels.filter(({ lines }) =>
      lines.some(({ points }) => points.some(([, value]) => value !== null)),
    );
    if (!panels.every((panel) => told.some((one) => one.id === panel))) continue;
    for (const panel of told) {
      await page
        .locator(`[data-panel="${panel.id}"]`)
        .getByRole('img', { name: sentenceOf(panel) })
        .waitFor();
    }
    return answer;
  }
}

const scrapesIn = ({ panels }: NodeMetrics) =>
  panels.find((panel) => panel.id === 'memory')?.lines[0]?.points.filter(([, value]) => value !== null).length ?? 0;

/** Whether something was drawn into a chart beside its grid: pixels of the first line's colour. */
function drawnPixels(panel: string): Promise<number> {
  return page.locator(`[data-panel="${panel}"] canvas`).evaluate((element) => {
    const canvas = element as unknown as {
      width: number;
      height: number;
      getContext(kind: '2d'): { getImageData(...box: number[]): { data: Uint8ClampedArray } };
    };
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let blue = 0;
    for (let index = 0; index < data.length; index += 4) {
      const [red = 0, green = 0, value = 0, alpha = 0] = data.subarray(index, index + 4);
      if (alpha > 200 && value > 150 && red < 90 && green < 130) blue++;
    }
    return blue;
  });
}

describe('Go nodes that FTL reads itself', () => {
  let ftl: StartedFtl;

  beforeAll(async () => {
    ftl = await startFtl({ imports: [RECORDING], arguments: ['--operations', operations] });
    stack.defer(() => ftl.stop());
  });
  beforeEach(async () => {
    opened = await openPage(browser, ftl.url);
    ({ page } = opened);
  });
  afterEach(() => opened[Symbol.asyncDispose]());

  test('each node with its health; what is wrong becomes an alert, and passes', async () => {
    peer.failed = [{ component: 'couchdb', reason: 'no route to host' }];
    await page.goto(at(ftl, '/nodes'));
    await expect.poll(() => tag(PEER).getAttribute('data-health')).toBe('failing');
    expect(await tag(PEER).textContent()).toContain('not well');
    expect(await page.locator(`[data-node="${PEER}"]`).textContent()).toContain('couchdb: no route to host');
    expect(await page.locator(`[data-node="${PEER}"]`).textContent()).toContain('version 3.1.5');
    expect(await tag(ORDERER).getAttribute('data-health')).toBe('ok');
    // Known from the records alone.
    expect(await tag('Org3MSP/peer0.org3.example.com').getAttribute('data-health')).toBe('unwatched');
    expect(await page.locator(`[data-node="${PEER}"] .node-heights`).textContent()).toMatch(/mychannel \d+/);

    await page.locator('.alert-badge[data-count="1"]').waitFor();
    await page.getByRole('link', { name: /^Alerts.*1 active, the gravest critical/ }).click();
    const alert = page.locator('[data-alert="FtlNodeUnhealthy"]');
    await alert.getByText('couchdb: no route to host').waitFor();
    expect(await alert.textContent()).toMatch(/critical.*since \d{4}-/s);
    await alert.getByRole('link', { name: 'peer0.org1.example.com' }).click();
    await page.getByRole('heading', { name: 'peer0.org1.example.com' }).waitFor();
    await page.getByLabel('What is the matter').getByText('no route to host').waitFor();
    await page.locator('[data-alert="FtlNodeUnhealthy"]').waitFor();

    peer.failed = [];
    await page.locator('.page-head [data-health="ok"]').waitFor();
    await page.locator('.alert-badge[data-count="0"]').waitFor();
    expect(await page.locator('[data-alert]').count()).toBe(0);
    expect(opened.complaints).toEqual([]);
  });

  test('how far each node is, orderers too; what is not known is not called 0', async () => {
    const heights = (id: string) => page.locator(`[data-node="${id}"] .node-heights`);
    await page.goto(at(ftl, '/nodes'));
    for (const id of [PEER, ORDERER])
      await heights(id)
        .getByText(/^mychannel 82$/)
        .waitFor();
    // Nobody watches it, and an orderer's records tell no height.
    expect(await heights('OrdererMSP/orderer2.example.com').textContent()).toBe('no height known');
    await page.locator(`[data-node="${ORDERER}"]`).getByRole('link').click();
    const ledgers = page.getByRole('region', { name: 'Heights' });
    await ledgers.getByText('82 blocks').waitFor();
    expect(await ledgers.locator('dd').first().getAttribute('title')).toMatch(/^by its metrics of \d{4}-/);
    expect(opened.complaints).toEqual([]);
    await page.goto(at(ftl, '/nodes/OrdererMSP/orderer2.example.com'));
    await ledgers.getByText(/^No height known: no record tells of a block that it has, and no metrics do\.$/).waitFor();
  });

  test('the panels show what the scraper has read, and go on', async () => {
    await page.goto(at(ftl, `/nodes/${PEER}`));
    const first = await panelsShowTheAnswers(PEER, PANELS);
    expect(first.source).toBe('scraper');
    let later = first;
    while (scrapesIn(later) <= scrapesIn(first)) later = await panelsShowTheAnswers(PEER, PANELS);
    expect(await drawnPixels('memory')).toBeGreaterThan(0);
    await page.getByText('read by FTL itself, which keeps the last hour').waitFor();

    // One cursor for all charts, by keyboard too.
    const slider = page.getByRole('slider', { name: 'Time whose values are shown' });
    await slider.focus();
    await slider.press('ArrowLeft');
    await page.getByText(/^values at \d\d:\d\d:\d\d$/).waitFor();
    // And by pointing at one of them.
    const there = await page.locator('[data-panel="memory"] .u-over').boundingBox();
    if (there === null) throw new Error('nothing is drawn');
    await page.mouse.move(there.x + there.width - 30, there.y + 20);
    await page.waitForFunction(
      (all) => document.querySelectorAll('.u-cursor-pt:not(.u-off)').length >= all,
      PANELS.length,
    );

    await page.getByText('1 h', { exact: true }).click();
    await page.waitForURL((url) => url.searchParams.get('range') === '1h');
    const hour = await panelsShowTheAnswers(PEER, PANELS);
    expect(Date.parse(hour.to) - Date.parse(hour.from)).toBe(3_600_000);
    await page.goto(at(ftl, `/nodes/${PEER}?at=2026-01-01T00:00:00Z`));
    await page.getByText(/FTL itself keeps only the last hour/).waitFor();
    expect(opened.complaints).toEqual([]);
  });

  test('a transaction of long ago: there is nothing, why, and what would help', async () => {
    const list = (await (await fetch(at(ftl, '/api/v1/traces?code=VALID&limit=1'))).json()) as TraceList;
    const [row] = list.items;
    await page.goto(at(ftl, `/trace/${row?.channel}/${row?.txId}`));
    await page.getByRole('tab', { name: 'node metrics around this time' }).click();
    await page.getByRole('heading', { name: 'No metrics of that time' }).waitFor();
    await page.getByText(/start FTL with --prometheus-url/).waitFor();
    expect(new URL(page.url()).searchParams.get('tab')).toBe('metrics');
    expect(opened.complaints).toEqual([]);
  });

  test('who may only look is shown what a node logs, and no way to change it', async () => {
    const server = await testServer({
      webRoot: fileURLToPath(new URL('../../dist/web', import.meta.url)),
      authorize: () => ({ name: 'anybody', role: 'reader' }),
      monitoring: { targets: () => nodeTargets(targets()) },
    });
    try {
      await using looking = await openPage(browser, server.url);
      await looking.page.goto(`${server.url}/nodes/${ORDERER}`);
      await looking.page.getByText('Only operators may change it.').waitFor();
      await looking.page.locator('[data-log-spec="info"]').waitFor();
      expect(await looking.page.getByRole('textbox', { name: 'Log specification' }).count()).toBe(0);
      expect(looking.complaints).toEqual([]);
    } finally {
      await server.stop();
    }
  });

  test('on a narrow screen in the dark nothing sticks out', async () => {
    await opened[Symbol.asyncDispose]();
    opened = await openPage(browser, ftl.url, { viewport: { width: 320, height: 700 }, colorScheme: 'dark' });
    ({ page } = opened);
    for (const path of [`/nodes/${PEER}`, '/nodes', '/alerts', '/runbooks/FtlPeerDown']) {
      await page.goto(at(ftl, path));
      await page.locator('h1').waitFor();
      if (path.includes(PEER)) await page.locator('[data-panel="memory"] canvas').waitFor();
      const width = await page.evaluate('document.documentElement.scrollWidth');
      expect([path, width]).toEqual([path, 320]);
    }
    expect(opened.complaints).toEqual([]);
  });
});

describe.skipIf(PROMETHEUS === null)(
  `Go nodes that a real Prometheus reads (skipped where it is not on PATH: ${PROMETHEUS_PACKAGES})`,
  () => {
    let ftl: StartedFtl;
    let prometheus: RunningPrometheus;

    beforeAll(async () => {
      prometheus = stack.use(await RunningPrometheus.start({ jobs: { fabric: targets() }, rules: BY_ADDRESS }));
      await scraped(prometheus, 2);
      ftl = await startFtl({
        imports: [],
        arguments: ['--operations', operations, '--prometheus-url', prometheus.url],
      });
      stack.defer(() => ftl.stop());
      opened = await openPage(browser, ftl.url);
      ({ page } = opened);
    });
    afterAll(() => opened[Symbol.asyncDispose]());

    test('the panels show what it has', async () => {
      await page.goto(at(ftl, `/nodes/${PEER}`));
      const answer = await panelsShowTheAnswers(PEER, PANELS);
      expect(answer.source).toBe('prometheus');
      await page.getByText('from Prometheus', { exact: true }).waitFor();
      await expect.poll(() => drawnPixels('memory')).toBeGreaterThan(0);
      await page.goto(at(ftl, `/nodes/${ORDERER}`));
      await panelsShowTheAnswers(ORDERER, ['cpu', 'memory', 'enqueue', 'broadcasts', 'blockWrite']);
      expect(opened.complaints).toEqual([]);
    });

    test('heights and an alert that names an address belong to the node, in the list and on its page', async () => {
      await page.goto(at(ftl, '/nodes'));
      const row = page.locator(`[data-node="${ORDERER}"]`);
      await row
        .locator('.node-heights')
        .getByText(/^mychannel 82$/)
        .waitFor();
      await row.locator('.alert-count.info').getByText('1 alert').waitFor();
      await page.locator(`[data-node="${PEER}"]`).getByText('no alert').waitFor();
      await row.getByRole('link').click();
      await page.locator('[data-alert="OrdererWatched"]').getByText('somebody watches it').waitFor();
      await page.goto(at(ftl, '/alerts'));
      await page.locator('[data-alert="OrdererWatched"]').getByRole('link', { name: 'orderer1.example.com' }).click();
      await page.waitForURL((url) => url.pathname === `/nodes/${ORDERER}`);
      expect(opened.complaints).toEqual([]);
    });

    test('without it: why, a way on, and the rest stays', async () => {
      await page.goto(at(ftl, `/nodes/${PEER}`));
      await panelsShowTheAnswers(PEER, PANELS);
      await prometheus[Symbol.asyncDispose]();
      const notice = page.locator('.metrics [role="alert"]');
      await notice.getByText(/Prometheus cannot be reached/).waitFor();
      await notice.getByRole('button', { name: 'Try again' }).click();
      await notice.getByText(/Prometheus cannot be reached/).waitFor();
      // What came before, health and log specification are still there.
      expect(await page.locator('[data-panel="memory"]').count()).toBe(1);
      await page.locator('.page-head [data-health="ok"]').waitFor();
      await page.locator('[data-log-spec="info"]').waitFor();
      await page.locator('.alert-badge.unknown').waitFor();
      await page.goto(at(ftl, '/alerts'));
      await page.getByText(/Prometheus cannot be reached/).waitFor();
    });
  },
);

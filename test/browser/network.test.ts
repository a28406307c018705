import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import type { Statistics as StatisticsSchema } from '#server/api/schemas.ts';
import { type StartedFtl, startFtl } from '#test/harness/startFtl.ts';
import { type Call, callsOf, participantsOf } from '../../web/src/model/calls.ts';
import { launchChromium } from './chromium.ts';
import { GoNode } from './goNode.ts';
import { openPage, type WatchedPage } from './watchedPage.ts';

type Statistics = z.infer<typeof StatisticsSchema>;

interface GraphView {
  getNodeData(): { id: string; data?: { quiet?: boolean; caption?: string }; style?: { x?: number; y?: number } }[];
  getEdgeData(): { id?: string; source: string; target: string; data?: Call; style?: { lineWidth?: number } }[];
  getElementState(id: string): string[];
  getElementRenderBounds(id: string): { min: number[]; max: number[] };
  getClientByCanvas(at: number[]): number[];
}
declare const window: { __ftlGraph?: GraphView };
declare const document: { documentElement: { scrollWidth: number } };

const RECORDING = fileURLToPath(new URL('../vectors/fabric-v3.1.5', import.meta.url));
const PEER = 'Org1MSP/peer0.org1.example.com';
const ORDERER = 'OrdererMSP/orderer1.example.com';
const STRANGER = 'Org9MSP/peer0.org9.example.com';

const stack = new AsyncDisposableStack();
let browser: Browser;
let peer: GoNode;
let ftl: StartedFtl;
let opened: WatchedPage;
let page: Page;

const targetOf = ({ address }: Pick<GoNode, 'address'>, id: string, kind: string) => {
  const [msp, node] = id.split('/');
  return { targets: [address], labels: { node, msp, kind } };
};

beforeAll(async () => {
  peer = stack.use(await GoNode.start('peer'));
  const orderer = stack.use(await GoNode.start('orderer'));
  const folder = mkdtempSync(join(tmpdir(), 'ftl-targets-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const operations = join(folder, 'targets.json');
  // Nothing listens at the last one's address, and no record tells of it.
  const nobody = { address: '127.0.0.1:1' };
  writeFileSync(
    operations,
    JSON.stringify([
      targetOf(peer, PEER, 'peer'),
      targetOf(orderer, ORDERER, 'orderer'),
      targetOf(nobody, STRANGER, 'peer'),
    ]),
  );
  browser = await launchChromium();
  stack.defer(() => browser.close());
  ftl = await startFtl({ imports: [RECORDING], arguments: ['--operations', operations] });
  stack.defer(() => ftl.stop());
});
afterAll(() => stack.disposeAsync());
afterEach(() => opened[Symbol.asyncDispose]());

const at = (path: string) => `${ftl.url.replace(/\/$/, '')}${path}`;

async function open(query = '', options: BrowserContextOptions = {}): Promise<void> {
  opened = await openPage(browser, ftl.url, options);
  ({ page } = opened);
  await page.goto(at(`/network${query}`));
  await page.locator('.graph[data-fitted="true"]').waitFor();
}

const graph = () =>
  page.evaluate(() => {
    const view = window['__ftlGraph'];
    return {
      nodes: view?.getNodeData().map(({ id, data }) => ({ id, quiet: data?.quiet, caption: data?.caption })) ?? [],
      edges:
        view
          ?.getEdgeData()
          .map(({ source, target, data, style }) => ({ source, target, data, width: style?.lineWidth })) ?? [],
    };
  });
const stateOf = (id: string) => page.evaluate((one) => window['__ftlGraph']?.getElementState(one) ?? [], id);

/** The middle of an element, in the window's pixels. */
const middleOf = (id: string) =>
  page.evaluate((one) => {
    const view = window['__ftlGraph'];
    const { min, max } = view?.getElementRenderBounds(one) ?? { min: [0, 0], max: [0, 0] };
    const [x = 0, y = 0] =
      view?.getClientByCanvas([((min[0] ?? 0) + (max[0] ?? 0)) / 2, ((min[1] ?? 0) + (max[1] ?? 0)) / 2]) ?? [];
    return { x, y };
  }, id);

/** The time that the page says it shows, milliseconds since 1970. */
async function shownTime(): Promise<{ from: number; to: number }> {
  const shown = page.locator('.shown-time');
  return { from: Number(await shown.getAttribute('data-from')), to: Number(await shown.getAttribute('data-to')) };
}

const iso = (millis: number) => new Date(millis).toISOString();

async function callsByApi({ from, to }: { from: number; to: number }): Promise<Call[]> {
  const answer = await fetch(at(`/api/v1/statistics?from=${iso(from)}&to=${iso(to)}`));
  const { edges } = (await answer.json()) as Statistics;
  return callsOf(edges, participantsOf([], edges));
}

/** What the graph holds of lines that are not quiet, as the API tells it of the time shown. */
async function drawsWhatTheApiTells(): Promise<void> {
  await expect
    .poll(async () => {
      const { edges } = await graph();
      const told = new Map((await callsByApi(await shownTime())).map((call) => [call.key, call]));
      const drawn = edges.filter(({ data }) => (data?.count ?? 0) > 0);
      return (
        drawn.length === told.size &&
        drawn.every(({ data }) => {
          const call = told.get(data?.key ?? '');
          return data?.count === call?.count && data?.errors === call?.errors && data?.medianUs === call?.medianUs;
        })
      );
    })
    .toBe(true);
}

const captions = async () =>
  Object.fromEntries((await graph()).nodes.map(({ id, caption }) => [id.split('/')[1], caption]));

async function drawsOnly(kind: string): Promise<void> {
  await expect.poll(async () => [...new Set((await graph()).edges.map(({ data }) => data?.kind))]).toEqual([kind]);
}

describe('the network', () => {
  test('is reached from every page; everybody stands there, and the lines are the API’s figures', async () => {
    opened = await openPage(browser, ftl.url);
    ({ page } = opened);
    await page.goto(ftl.url);
    await page.getByRole('navigation').getByRole('link', { name: 'Network' }).click();
    await page.locator('.graph[data-fitted="true"]').waitFor();
    await drawsWhatTheApiTells();
    const { nodes, edges } = await graph();
    const known = (await (await fetch(at('/api/v1/nodes'))).json()) as { items: { id: string; kind: string }[] };
    const everybody = known.items.filter(({ kind }) => kind !== 'client').map(({ id }) => id);
    expect(everybody).toHaveLength(8);
    expect(nodes.map(({ id }) => id)).toEqual(expect.arrayContaining([...everybody, 'Org1MSP/User1@org1.example.com']));

    // Wider with more transactions.
    const byCount = edges.toSorted((a, b) => (a.data?.count ?? 0) - (b.data?.count ?? 0));
    const widths = byCount.map(({ width }) => width ?? 0);
    expect(widths).toEqual(widths.toSorted((a, b) => a - b));
    expect(widths.at(-1)).toBeGreaterThan(3 * (widths[0] ?? 0));

    // Said in words, and in the table.
    const label = (await page.locator('.graph').getByRole('img').getAttribute('aria-label')) ?? '';
    expect(label).toMatch(/^Network of 6 peers, 3 orderers and 7 clients, \d+ lines\. Leaders: /);
    const [busiest] = await callsByApi(await shownTime());
    const row = page.locator(`[data-call="${busiest?.key}"]`);
    expect(await row.locator('.number').first().textContent()).toBe(String(busiest?.count));
    expect(opened.complaints).toEqual([]);
  });

  test('nodes have the colour of their health, and change it', async () => {
    peer.failed = [];
    await open();
    await expect.poll(() => stateOf(PEER), { timeout: 20_000 }).toContain('health-ok');
    expect(await stateOf(ORDERER)).toContain('health-ok');
    expect(await stateOf(STRANGER)).toEqual(['health-unreachable']);
    expect(await stateOf('Org3MSP/peer0.org3.example.com')).toEqual([]);
    await page.locator('.legend').getByText('not well now').waitFor();
    await page.locator('.network-side').getByText('2 well, 1 no answer').waitFor();
    peer.failed = [{ component: 'couchdb', reason: 'no route to host' }];
    await expect.poll(() => stateOf(PEER), { timeout: 20_000 }).toContain('health-failing');
    expect(await page.locator('.graph').getByRole('img').getAttribute('aria-label')).toContain('peer0.org1 not well');

    // Chosen in the picture: what is wrong, its leadership, its alerts, its calls; and the way to its page.
    const { x, y } = await middleOf(PEER);
    await page.mouse.click(x, y);
    await page.waitForURL((url) => url.searchParams.get('node') === PEER);
    const side = page.locator('.network-side');
    await side.getByText('couchdb: no route to host').first().waitFor();
    await side.getByText('leads Org1’s peers on mychannel').waitFor();
    await side.locator('[data-alert="FtlNodeUnhealthy"]').waitFor({ timeout: 20_000 });
    expect(await stateOf(PEER)).toContain('selected');
    const all = await callsByApi(await shownTime());
    const own = all.filter(({ from, to }) => from === PEER || to === PEER);
    expect(own.length).toBeLessThan(all.length);
    await page.getByRole('heading', { name: `Calls of peer0.org1 ${own.length} in the time shown` }).waitFor();
    await side.getByRole('link', { name: 'Its health, metrics and log levels' }).click();
    await page.waitForURL((url) => url.pathname === `/nodes/${PEER}`);
    peer.failed = [];
    expect(opened.complaints).toEqual([]);
  });

  test('leaders are marked as they were in the time shown', async () => {
    // The recording's orderer2 led first, then it was stopped, and orderer3 took over.
    await open('?until=2026-11-21T00:23:15.000Z&from=2026-11-21T00:20:30.000Z&to=2026-11-21T00:21:15.000Z');
    await expect.poll(captions).toMatchObject({
      'orderer2.example.com': '★ orderer, leader',
      'orderer3.example.com': 'orderer',
      'peer1.org1.example.com': '★ peer, leader',
      'peer0.org1.example.com': 'peer',
    });
    await page.goto(
      at('/network?until=2026-11-21T00:23:15.000Z&from=2026-11-21T00:22:45.000Z&to=2026-11-21T00:23:15.000Z'),
    );
    await expect.poll(captions).toMatchObject({
      'orderer2.example.com': 'orderer',
      'orderer3.example.com': '★ orderer, leader',
      'peer1.org1.example.com': 'peer',
      'peer0.org1.example.com': '★ peer, leader',
    });
  });
});

describe('time', () => {
  test('the slider moves what is shown, and play runs it to the end', async () => {
    await open();
    await drawsWhatTheApiTells();
    const whole = await shownTime();
    await page.getByText('all of it is shown').waitFor();
    const before = (await graph()).nodes.length;

    // By keyboard: 56 of 60 steps are left out at the start.
    const from = page.getByRole('slider', { name: 'Shown from' });
    await from.focus();
    for (let step = 1; step <= 56; step++) {
      await page.keyboard.press('ArrowRight');
      await expect.poll(() => from.getAttribute('aria-valuenow')).toBe(String(step));
    }
    await page.waitForURL((url) => url.searchParams.has('from'));
    await expect.poll(shownTime).toEqual({ from: whole.from + 56 * 15_000, to: whole.to });
    await drawsWhatTheApiTells();
    // Who is quiet now stands where it stood.
    expect((await graph()).nodes).toHaveLength(before);
    expect((await graph()).nodes.some(({ quiet }) => quiet === true)).toBe(true);

    // From where everything is at the end, play starts where something happened first.
    await page.getByRole('button', { name: 'back to the newest' }).click();
    await page.getByText('all of it is shown').waitFor();
    await page.getByRole('button', { name: 'Play the time' }).click();
    await page.waitForURL((url) => url.searchParams.has('from'));
    const seen = new Set<number>();
    await expect
      .poll(
        async () => {
          const shown = await shownTime();
          seen.add(shown.from);
          return shown.to;
        },
        { timeout: 60_000, interval: 200 },
      )
      .toBe(whole.to);
    expect(seen.size).toBeGreaterThanOrEqual(5);
    await page.getByRole('button', { name: 'Play the time' }).waitFor();
    await drawsWhatTheApiTells();

    // The address alone brings the same back.
    const address = page.url();
    const shown = await shownTime();
    await page.goto('about:blank');
    await page.goto(address);
    await page.locator('.graph[data-fitted="true"]').waitFor();
    expect(await shownTime()).toEqual(shown);
    await drawsWhatTheApiTells();
    expect(opened.complaints).toEqual([]);
  });

  test('a recording of the past is shown as it ended, and the page says so', async () => {
    await open();
    await page.getByText(/^Nothing was sent since 2026-11-21 00:23:07\.968/).waitFor();
    expect(new Date((await shownTime()).to).toISOString()).toBe('2026-11-21T00:23:15.000Z');
  });
});

describe('calls', () => {
  test('are chosen in the table or the picture, and lead to their transactions', async () => {
    await open('?show=proposals');
    await drawsOnly('proposals');
    const key = 'proposals Org1MSP/client → Org1MSP/peer0.org1.example.com';
    const call = (await callsByApi(await shownTime())).find((one) => one.key === key);
    expect(call?.errors).toBeGreaterThan(0);
    await page.locator(`[data-call="${key}"] button`).click();
    await page.waitForURL((url) => url.searchParams.get('call') === key);
    await expect.poll(() => stateOf(key)).toEqual(['selected']);
    const side = page.locator('.network-side');
    await side.getByText(`✘ ${call?.errors}, 21 %`).waitFor();
    await side.getByRole('link', { name: 'Transactions of client in this time' }).click();
    await page.waitForURL((url) => url.pathname === '/' && url.searchParams.has('q'));
    await page.locator('a.mono').first().waitFor();
    expect(opened.complaints).toEqual([]);
  });

  test('of one kind, in the same places', async () => {
    await open();
    await drawsWhatTheApiTells();
    const places = () =>
      page.evaluate(() => window['__ftlGraph']?.getNodeData().map(({ id, style }) => [id, style?.x, style?.y]));
    const before = await places();
    await page.locator('.network-choices').getByText('blocks', { exact: true }).click();
    await drawsOnly('blocks');
    await page.locator('.graph[data-fitted="true"]').waitFor();
    expect(await places()).toEqual(before);
  });

  test('on a narrow screen nothing is wider than it', async () => {
    await open('', { viewport: { width: 320, height: 700 } });
    await drawsWhatTheApiTells();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
  });
});

describe('without anything to show', () => {
  test('a channel that nobody knows says so, and the way back is there', async () => {
    await open('?channel=nochannel');
    await page.getByText('Nobody called anybody in this time.').waitFor();
    await page.getByText('nochannel').first().waitFor();
    expect(opened.complaints).toEqual([]);
  });

  test('an empty store says what to do', async () => {
    const empty = await startFtl({ imports: [] });
    try {
      opened = await openPage(browser, empty.url);
      await opened.page.goto(`${empty.url.replace(/\/$/, '')}/network`);
      await opened.page.getByRole('heading', { name: 'No transactions yet' }).waitFor();
      expect(opened.complaints).toEqual([]);
    } finally {
      await empty.stop();
    }
  });
});

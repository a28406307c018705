import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, afterEach, expect, test } from 'vitest';
import type { TraceList as TraceListSchema, Trace as TraceSchema } from '#server/api/schemas.ts';
import { type StartedFtl, startFtl } from '#test/harness/startFtl.ts';
import type { z } from 'zod';
import { launchChromium } from './chromium.ts';
import { openPage, type WatchedPage } from './watchedPage.ts';

/** What the test sees of the page's globals; the rest of the DOM's types stay out of the project's backend code. */
interface GraphView {
  readonly rendered: boolean;
  readonly destroyed: boolean;
  getNodeData(): { id: string }[];
  getEdgeData(): { id?: string; source: string; target: string; data?: Record<string, unknown> }[];
  getElementRenderBounds(id: string): { min: number[]; max: number[] };
  getClientByCanvas(point: [number, number]): [number, number];
  getElementState(id: string): string[];
}
declare const window: { __ftlGraph?: GraphView; kept?: GraphView | undefined };

type Trace = z.infer<typeof TraceSchema>;
type TraceList = z.infer<typeof TraceListSchema>;

const inRepository = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const RECORDING = inRepository('test/vectors/fabric-v3.1.5');
/** Pictures for the README and for whoever wants to see what the test saw. */
const PICTURES = inRepository('dist/pictures');

let ftl: StartedFtl;
let browser: Browser;
let opened: WatchedPage;
let page: Page;
/** Whatever the browser complains about: script errors, CSP violations, requests to other hosts. */
let complaints: string[];

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true });
  [ftl, browser] = await Promise.all([startFtl({ imports: [RECORDING] }), launchChromium()]);
});
afterAll(async () => {
  await browser?.close();
  await ftl?.stop();
});

beforeEach(async () => {
  opened = await openPage(browser, ftl.url);
  ({ page, complaints } = opened);
});
afterEach(async () => {
  await opened[Symbol.asyncDispose]();
});

async function api<T>(path: string): Promise<T> {
  const response = await fetch(`${ftl.url.replace(/\/$/, '')}/api/v1/${path}`);
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}

/** The graph's own model, once it is drawn. */
async function graphModel() {
  await page.locator('.graph[data-fitted="true"]').waitFor();
  return page.evaluate(() => {
    const graph = window['__ftlGraph'];
    if (graph === undefined) throw new Error('no graph');
    return {
      nodes: graph.getNodeData().map((node) => node.id),
      edges: graph.getEdgeData().map((edge) => Object.assign({ source: edge.source, target: edge.target }, edge.data)),
      // In the window's pixels, to click there.
      places: graph.getEdgeData().map((edge) => {
        const { min, max } = graph.getElementRenderBounds(edge.id ?? '');
        const middle = (axis: number) => ((min[axis] ?? 0) + (max[axis] ?? 0)) / 2;
        const [x, y] = graph.getClientByCanvas([middle(0), middle(1)]);
        return { id: edge.id, x, y };
      }),
    };
  });
}

/** A transaction with every kind of hand-over and its commits, so that the picture is worth a look. */
async function richTrace(): Promise<Trace> {
  const list = await api<TraceList>('traces?code=VALID&limit=200');
  let best: Trace | undefined;
  for (const row of list.items
    .filter((item) => item.chaincode !== null && !item.chaincode.startsWith('_'))
    .slice(0, 40)) {
    const trace = await api<Trace>(`traces/${row.txId}?channel=${row.channel}`);
    if (best === undefined || trace.edges.length > best.edges.length) best = trace;
  }
  if (best === undefined) throw new Error('the recording holds no valid transaction');
  return best;
}

test('from the search box to the trace: the graph holds the API’s nodes and edges, and a selection shows everywhere', async () => {
  const trace = await richTrace();

  // The list is there, and the start of an ID finds it.
  await page.goto(ftl.url);
  const box = page.getByLabel('Transaction ID, or words and filters');
  await box.fill(trace.txId.slice(0, 12));
  await box.press('Enter');
  await page.waitForURL((url) => url.searchParams.has('q'));
  await page.screenshot({ path: `${PICTURES}/search.png` });
  const link = page.locator(`a[title="${trace.txId}"]`);
  await link.click();
  await page.waitForURL(new RegExp(`/trace/${trace.channel}/${trace.txId}`));

  // The graph's own model against the API.
  const { nodes, edges } = await graphModel();
  const expectedNodes = new Set([
    ...trace.participants.map((participant) => participant.id),
    ...trace.edges.flatMap((edge) => (edge.from === null ? [edge.to] : [edge.from, edge.to])),
    ...trace.missing,
    ...trace.unobserved,
  ]);
  expect(nodes.toSorted()).toEqual([...expectedNodes].toSorted());
  expect(edges).toHaveLength(trace.edges.length);
  expect(edges).toEqual(
    trace.edges.map(({ seq, point, from, to, status, source }) =>
      expect.objectContaining({ seq, point, from, to, status, source: from ?? to, target: to, evidence: source }),
    ),
  );
  await page.screenshot({ path: `${PICTURES}/trace.png`, fullPage: true });

  // Selected in the URL: the sentence and the bar are selected too, and the graph marks the edge.
  const chosen = trace.edges.find((edge) => edge.point === 'endorse' && edge.at !== null) ?? trace.edges[0];
  if (chosen === undefined) throw new Error('the trace has no edges');
  await page.goto(`${page.url().split('?')[0]}?edge=${chosen.seq}`);
  await graphModel();
  await expectSelected(chosen.seq);

  // Escape lets go; the sentence selects again, by keyboard.
  await page.keyboard.press('Escape');
  await page.waitForURL((url) => !url.searchParams.has('edge'));
  // The address changes at once, the picture after it: Enter on a sentence that is still drawn as open would close it.
  await page.locator('.sentence.selected').waitFor({ state: 'detached' });
  await page.locator(`.sentence[data-seq="${chosen.seq}"] button`).first().press('Enter');
  await page.waitForURL((url) => url.searchParams.get('edge') === String(chosen.seq));
  await expectSelected(chosen.seq);
  await page.locator('.edge-details .record-json').or(page.locator('.edge-details p.muted')).first().waitFor();

  // Leaving destroys the graph.
  await page.evaluate(() => {
    window.kept = window['__ftlGraph'];
  });
  await page.getByRole('link', { name: 'FTL, search' }).click();
  await page.waitForURL((url) => url.pathname === '/');
  await page.waitForFunction(() => window['__ftlGraph'] === undefined);
  expect(await page.evaluate(() => window.kept?.destroyed)).toBe(true);
  expect(complaints).toEqual([]);
});

test('a click on an edge of the picture selects its sentence; one into the void lets go', async () => {
  const trace = await richTrace();
  await page.goto(`${ftl.url.replace(/\/$/, '')}/trace/${trace.txId}`);
  await page.waitForURL(new RegExp(`/trace/${trace.channel}/${trace.txId}`));
  const { places } = await graphModel();
  // A docked commit is level and short: the middle of its bounds is on it.
  const commit = trace.edges.find((edge) => edge.point === 'commit');
  const place = places.find((one) => one.id === `edge-${commit?.seq}`);
  if (commit === undefined || place?.x === undefined || place.y === undefined) throw new Error('no commit is drawn');
  await page.mouse.click(place.x, place.y);
  await page.waitForURL((url) => url.searchParams.get('edge') === String(commit.seq));
  await expectSelected(commit.seq);
  const box = await page.locator('.graph canvas').first().boundingBox();
  if (box === null) throw new Error('nothing is drawn');
  await page.mouse.click(box.x + 2, box.y + 2);
  await page.waitForURL((url) => !url.searchParams.has('edge'));
  expect(complaints).toEqual([]);
});

test('a record and a bar select the same edge; tabs live in the URL', async () => {
  const trace = await richTrace();
  await page.goto(`${ftl.url.replace(/\/$/, '')}/trace/${trace.channel}/${trace.txId}?tab=records`);
  await graphModel();
  await page.locator('.record-main:enabled').first().click();
  await page.waitForURL((url) => url.searchParams.has('edge') && url.searchParams.get('tab') === 'records');
  const first = Number(new URL(page.url()).searchParams.get('edge'));
  await expectSelected(first);
  const timed = trace.edges.find((edge) => edge.at !== null && edge.seq !== first);
  await page.locator(`.bar[data-seq="${timed?.seq}"]`).focus();
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.searchParams.get('edge') === String(timed?.seq));
  await expectSelected(timed?.seq ?? 0);
  expect(complaints).toEqual([]);
});

test('what is not there is said, with a way on', async () => {
  await page.goto(`${ftl.url.replace(/\/$/, '')}/trace/${'0123456789abcdef'.repeat(4)}`);
  await page.getByRole('heading', { name: 'No such transaction is known' }).waitFor();
  await page.getByRole('link', { name: 'Search all transactions' }).click();
  await page.waitForURL((url) => url.pathname === '/');
  // Without any node that is watched there is no zero to be proud of.
  await page.getByRole('link', { name: /^Alerts.*not known: no node is watched/ }).click();
  await page.getByRole('heading', { name: 'No node is watched' }).waitFor();
  // The browser itself reports the 404 of the API; nothing else may be wrong.
  expect(complaints.filter((text) => !text.includes('404'))).toEqual([]);
});

async function expectSelected(seq: number): Promise<void> {
  await page.locator(`.sentence.selected[data-seq="${seq}"]`).waitFor();
  await page.waitForFunction(
    (id) => window['__ftlGraph']?.rendered === true && window['__ftlGraph'].getElementState(id).includes('selected'),
    `edge-${seq}`,
  );
  const bar = page.locator(`.bar[data-seq="${seq}"]`);
  const pressed = await bar.evaluateAll((bars) => bars.map((one) => one.getAttribute('aria-pressed')));
  expect(pressed.every((state) => state === 'true')).toBe(true);
}

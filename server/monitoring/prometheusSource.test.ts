import { afterAll, describe, expect, it } from 'vitest';
import { tlsMaterial } from '#test/harness/tlsMaterial.ts';
import { targetAt } from '../test/nodeTargets.ts';
import { answers, standIn } from '../test/standIn.ts';
import { MAX_LINES } from './panels.ts';
import { PrometheusClient } from './prometheusClient.ts';
import { PrometheusSource, selectorFor } from './prometheusSource.ts';

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());
const timeoutMs = 20_000;
const NOW = Date.parse('2026-11-21T01:00:00Z');
const NODE = targetAt(new URL('http://10.0.0.1:9443'));
const STEP = 5000;
const RANGE = { from: NOW - 2 * STEP, to: NOW, stepMs: STEP };

type Asked = { readonly path: string; readonly query: URLSearchParams; readonly authorization: string | undefined };
interface Told {
  readonly up?: readonly object[];
  readonly series?: (expression: string) => readonly object[];
}
const success = (result: readonly object[]): string => JSON.stringify({ status: 'success', data: { result } });
/** Answers as Prometheus does, and remembers what it was asked. */
async function prometheus({ up = [], series = () => [] }: Told) {
  const asked: Asked[] = [];
  const { url } = stack.use(
    await standIn((request, response) => {
      const { pathname, searchParams: query } = new URL(request.url ?? '', 'http://p');
      asked.push({ path: pathname, query, authorization: request.headers.authorization });
      response.end(success(pathname.endsWith('/query') ? up : series(query.get('query') ?? '')));
    }),
  );
  return { url, asked };
}
const UP = [{ metric: { node: NODE.node, msp: 'Org1MSP', instance: NODE.node, job: 'fabric' }, value: [0, '1'] }];
const source = (url: string, now: () => number = () => NOW) =>
  new PrometheusSource(new PrometheusClient({ url, timeoutMs }), now);

describe('panels from Prometheus', () => {
  it('are asked of the node that it knows, and come as points with gaps', async () => {
    const { url, asked } = await prometheus({
      up: UP,
      series: (expression) =>
        expression.includes('ledger_blockchain_height')
          ? [
              { metric: { channel: 'b' }, values: [[NOW / 1000, '3']] },
              {
                metric: { channel: 'a' },
                values: [
                  [NOW / 1000 - 10, '1'],
                  [NOW / 1000, 'NaN'],
                ],
              },
            ]
          : [],
    });
    const { panels, since, problem } = await source(`${url.href}prom`).range(NODE, RANGE);
    expect([since, problem]).toEqual([null, null]);
    expect(panels.find(({ panel }) => panel.id === 'height')?.lines).toEqual([
      {
        name: 'a',
        points: [
          [NOW - 10_000, 1],
          [NOW - 5000, null],
          [NOW, null],
        ],
      },
      {
        name: 'b',
        points: [
          [NOW - 10_000, null],
          [NOW - 5000, null],
          [NOW, 3],
        ],
      },
    ]);
    const [first, ...rest] = asked;
    expect(first?.path).toBe('/prom/api/v1/query');
    expect(first?.query.get('query')).toContain(`timestamp(up{node="${NODE.node}"})`);
    expect(first?.query.get('query')).toContain('instance=~"peer0\\\\.org1\\\\.example\\\\.com(:[0-9]+)?"');
    const selector = `{instance="${NODE.node}",job="fabric",node="${NODE.node}",msp="Org1MSP"}`;
    expect(rest.map(({ query }) => query.get('query'))).toContain(
      `sum by (channel) (rate(gossip_state_commit_duration_sum${selector}[60s])) / (sum by (channel) (rate(gossip_state_commit_duration_count${selector}[60s])) > 0)`,
    );
    expect(rest.map(({ query }) => query.get('query'))).toContain(`sum (process_resident_memory_bytes${selector})`);
    for (const { path, query } of rest) {
      expect(path).toBe('/prom/api/v1/query_range');
      expect([query.get('start'), query.get('end'), query.get('step')]).toEqual([
        `${(NOW - 10_000) / 1000}`,
        `${NOW / 1000}`,
        '5',
      ]);
    }
  });

  it('say what it said where it has nothing, as when a part of it is away', async () => {
    const away = 'No StoreAPIs matched for this query';
    const { url } = stack.use(
      await standIn((request, response) => {
        const result = (request.url ?? '').includes('/query?') ? UP : [];
        response.end(JSON.stringify({ status: 'success', data: { result }, warnings: [away], infos: ['x'] }));
      }),
    );
    expect((await source(url.href).range(NODE, RANGE)).problem).toBe(`Prometheus says: ${away}`);
  });

  it('are empty where it does not know the node, until it does', async () => {
    const up: object[] = [];
    const { url, asked } = await prometheus({ up });
    let now = NOW;
    const own = source(url.href, () => now);
    const { panels, problem } = await own.range(NODE, RANGE);
    expect(problem).toBe(
      'Prometheus has no target that is this node, by the labels node and msp, or by its address or name as instance',
    );
    expect(panels.length).toBeGreaterThan(5);
    expect(panels.every(({ lines }) => lines.length === 0)).toBe(true);
    await own.range(NODE, RANGE);
    expect(asked).toHaveLength(1);
    up.push(...UP);
    now += 5000;
    await own.range(NODE, { ...RANGE, to: now });
    await own.range(NODE, { ...RANGE, to: now });
    const looks = () => asked.filter(({ path }) => path.endsWith('/query')).length;
    expect([looks(), asked.length > 2]).toEqual([2, true]);
    // What it is called is known for longer.
    now += 59_999;
    await own.range(NODE, { ...RANGE, to: now });
    expect(looks()).toBe(2);
    now += 1;
    await own.range(NODE, { ...RANGE, to: now });
    expect(looks()).toBe(3);
  });

  it('of the past are asked of whom it knew then', async () => {
    const { url, asked } = await prometheus({ up: UP });
    const own = source(url.href);
    await own.range(NODE, RANGE);
    const past = { from: NOW - 90_000_000, to: NOW - 86_400_000, stepMs: 30_000 };
    await own.range(NODE, past);
    const times = asked.filter(({ path }) => path.endsWith('/query')).map(({ query }) => Number(query.get('time')));
    expect(times).toEqual([NOW / 1000, past.to / 1000]);
  });

  it('have no more lines than can be seen, and say how many there are', async () => {
    const series = Array.from({ length: 30 }, (_, index) => ({
      metric: { channel: `c${index}` },
      values: [[NOW / 1000, '1']],
    }));
    const { url } = await prometheus({ up: UP, series: () => series });
    const { panels } = await source(url.href).range(NODE, RANGE);
    for (const { lines, more } of panels) expect([lines.length, more]).toEqual([MAX_LINES, 30 - MAX_LINES]);
  });
});

const client = async (paths: Parameters<typeof answers>[0]) => {
  const { url } = stack.use(await standIn(answers(paths)));
  return source(url.href).range(NODE, RANGE);
};
const status =
  (code: number, body: string): Parameters<typeof answers>[0][string] =>
  (_, response) =>
    void response.writeHead(code).end(body);

describe('Prometheus', () => {
  it.each([
    [
      'what is wrong',
      status(422, '{"status":"error","error":"bad expression"}'),
      'bad_answer',
      'Prometheus says: bad expression',
    ],
    [
      'that it does not know us',
      status(401, 'Unauthorized'),
      'unauthorized',
      'Prometheus does not let FTL in (401): FTL_MONITORING_AUTHORIZATION is what it is shown',
    ],
    [
      'that it is elsewhere',
      status(302, 'Found'),
      'bad_answer',
      'Prometheus answered 302, which leads elsewhere: name the address that it has itself',
    ],
    [
      'a page',
      status(200, '<html>'),
      'bad_answer',
      'Prometheus answered 200 without JSON: there is no API of its kind at that address',
    ],
    [
      'that there is nothing',
      status(404, '404 page not found'),
      'bad_answer',
      'Prometheus answered 404 without JSON: there is no API of its kind at that address',
    ],
    [
      'something else',
      status(200, '{"status":"success","data":{"result":[{}]}}'),
      'bad_answer',
      'Prometheus answered 200 with what its API does not',
    ],
    ['too much', status(200, 'x'.repeat(9 * 1024 * 1024)), 'too_large', 'Prometheus answered more than 8388608 octets'],
  ])('is quoted where it says %s', async (_, answer, code, message) => {
    await expect(client({ '/api/v1/query': answer })).rejects.toMatchObject({ code, message });
  });

  it('is shown what it wants to see, by header or by address, and its address is never told', async () => {
    const { url, asked } = await prometheus({});
    const withUser = url.href.replace('http://', 'http://us%40er:pass%3Aword@');
    await source(withUser).range(NODE, RANGE);
    await new PrometheusSource(new PrometheusClient({ url: withUser, authorization: 'Bearer x', timeoutMs })).range(
      NODE,
      RANGE,
    );
    expect(asked.map(({ authorization }) => authorization)).toEqual([
      `Basic ${Buffer.from('us@er:pass:word').toString('base64')}`,
      'Bearer x',
    ]);
    const gone = 'http://user:secret@127.0.0.1:1/prom';
    const error: unknown = await source(gone)
      .range(NODE, RANGE)
      .catch((one: unknown) => one);
    expect(error).toMatchObject({ code: 'unreachable', message: 'Prometheus cannot be reached: nobody listens there' });
  });

  it('is reached over TLS by an authority that is named', async () => {
    const tls = tlsMaterial();
    const { url } = stack.use(await standIn(answers({ '/api/v1/query': { data: { result: [] } } }), tls.server));
    const trusting = new PrometheusClient({ url: url.href, tls: { ca: [tls.ca] }, timeoutMs });
    expect((await new PrometheusSource(trusting).range(NODE, RANGE)).panels.length).toBeGreaterThan(0);
    await expect(source(url.href).range(NODE, RANGE)).rejects.toThrow(
      'Prometheus cannot be reached: its certificate is of an unknown authority, which --operations-ca can name',
    );
  });
});

const seen = (labels: Readonly<Record<string, string>>, at = 1) => ({ labels, seen: at });
const find = (...targets: Parameters<typeof selectorFor>[1]) => selectorFor(NODE, targets);

describe('a node’s target', () => {
  const { node } = NODE;
  const job = 'j';

  it.each([
    ['its name as a label', [{ node, msp: 'Org1MSP', instance: 'x:1', job }], 'x:1'],
    ['its name as a label, without an MSP', [{ node, instance: 'x:1', job }], 'x:1'],
    ['its address', [{ instance: '10.0.0.1:9443', job }], '10.0.0.1:9443'],
    ['its name before a port', [{ instance: `${node}:9443`, job }], `${node}:9443`],
    ['its name', [{ instance: node, job }], node],
    ['another MSP', [{ node, msp: 'Org2MSP', instance: 'x:1', job }], null],
    ['another name', [{ node: 'other', instance: 'x:1', job }], null],
    ['a name that it begins with', [{ instance: `${node}.other:1`, job }], null],
    ['nothing', [], null],
  ])('is found by %s', (_, labels, instance) => {
    const selector = selectorFor(
      NODE,
      labels.map((one) => seen(one)),
    );
    expect(selector?.match(/^\{instance="([^"]*)",job="j"/)?.[1] ?? null).toBe(instance);
  });

  it('is of several the one that is called so, there, of this kind, and was there last', () => {
    const address = '10.0.0.1:9443';
    const named = { node, msp: 'Org1MSP', job };
    expect(find(seen({ instance: address, job }), seen({ ...named, instance: 'a' }))).toContain('"a"');
    expect(find(seen({ ...named, instance: 'a' }), seen({ ...named, instance: address }))).toContain(address);
    expect(find(seen({ ...named, instance: 'a' }, 9), seen({ ...named, kind: 'peer', instance: 'b' }))).toContain(
      '"b"',
    );
    expect(find(seen({ ...named, instance: 'a' }, 1), seen({ ...named, instance: 'b' }, 2))).toContain('"b"');
  });

  it('is asked for by all that tells it from others: hosts of two organisations may be called alike', () => {
    const [theirs, ours] = ['Org2MSP', 'Org1MSP'].map((msp) => seen({ node, msp, instance: node, job }));
    expect(find(theirs!, ours!)).toBe(`{instance="${node}",job="j",node="${node}",msp="Org1MSP"}`);
  });

  it('is asked for with whatever is in its name', () => {
    const odd = { ...NODE, node: 'a"b\\c\n' };
    expect(selectorFor(odd, [seen({ node: odd.node, instance: 'i"\\', job })])).toBe(
      '{instance="i\\"\\\\",job="j",node="a\\"b\\\\c\\n"}',
    );
  });
});

import { Gauge, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { StoreError } from '#trace/store/errors.ts';
import { expectAnswer, expectProblem } from '../test/answers.ts';
import { replacing, testServer } from '../test/runningServer.ts';
import { COMPLETE, sampleRecords } from '../test/sampleRecords.ts';
import { Health, TraceList, Version } from './schemas.ts';

describe('/healthz', () => {
  it('is OK over a store that answers', async () => {
    const server = await testServer();
    const health = await expectAnswer(await server.get('/healthz'), Health);
    expect(health).toMatchObject({ status: 'OK', backlog: 0 });
    await server.stop();
  });

  it('is 503 with the reason when the store cannot be read', async () => {
    const server = await testServer();
    await server.store.close();
    const response = await server.get('/healthz');
    expect(response.status).toBe(503);
    const health = Health.parse(await response.json());
    expect(health).toMatchObject({
      status: 'Service Unavailable',
      backlog: null,
      failed_checks: [{ component: 'store' }],
    });
    await server.close();
  });

  it.each(['busy', 'read_only'] as const)(
    'is OK while the backlog cannot be counted (%s) but all can be read',
    async (code) => {
      const server = await testServer({}, [], replacing({ refresh: () => Promise.reject(new StoreError(code, code)) }));
      expect(await expectAnswer(await server.get('/healthz'), Health)).toMatchObject({ status: 'OK', backlog: null });
      await server.store.close();
      expect((await server.get('/healthz')).status).toBe(503);
      await server.close();
    },
  );

  it('is 503 when too many traces wait for a refresh', async () => {
    const server = await testServer(
      { limits: { backlog: 10 } },
      [],
      replacing({ refresh: async () => ({ refreshed: 0, remaining: 11 }) }),
    );
    const response = await server.get('/healthz');
    expect(response.status).toBe(503);
    expect(Health.parse(await response.json())).toMatchObject({ backlog: 11, failed_checks: [{ component: 'store' }] });
    await server.stop();
  });

  it('is 503 when the store does not answer in time', async () => {
    const server = await testServer(
      { limits: { healthMs: 20 } },
      [],
      replacing({ refresh: () => new Promise(() => {}) }),
    );
    const response = await server.get('/healthz');
    expect(response.status).toBe(503);
    expect(Health.parse(await response.json()).failed_checks?.[0]?.reason).toContain('20 ms');
    await server.stop();
  });
});

describe('/metrics', () => {
  it('tells durations by route pattern, the process and what else is registered', async () => {
    const beside = new Registry();
    new Gauge({ name: 'ftl_collector_lag_bytes', help: 'Of the collector.', registers: [beside] }).set(7);
    const server = await testServer({ metricsRegistry: beside });
    await (await server.get(`/api/v1/traces/${COMPLETE}`)).text();
    await (await server.get('/api/v1/nonsense')).text();
    await server.get('/metrics').then((response) => response.text());
    const response = await server.get('/metrics');
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    const text = await response.text();
    expect(text).toContain('ftl_collector_lag_bytes 7');
    expect(text).toContain(
      'ftl_server_http_request_duration_seconds_count{method="GET",route="/api/v1/traces/{txId}",status="200"} 1',
    );
    expect(text).toContain('route="unmatched",status="404"');
    expect(text).toContain('process_cpu_user_seconds_total');
    expect(text).not.toContain(COMPLETE);
    await server.stop();
  });

  it('names each metric once', async () => {
    const server = await testServer();
    const text = await (await server.get('/metrics')).text();
    const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1]);
    expect(names).toEqual([...new Set(names)]);
    expect(names).toEqual(expect.arrayContaining(['ftl_server_live_listeners', 'ftl_server_http_requests_in_flight']));
    await server.stop();
  });
});

/** Without the collector's durations: they come into being whenever it first runs, which may be between two answers. */
const namesOf = ({ text }: { readonly text: string }) =>
  new Set([...text.matchAll(/^(?!nodejs_gc_)([a-z_]\w*)[{ ]/gm)].map((match) => match[1]));

describe('/metrics as OpenMetrics', () => {
  it('carries trace IDs as exemplars, and tells the same under the same names as the plain text', async () => {
    const server = await testServer({ traceMetrics: { pollMs: 1, settleMs: 0 } }, []);
    await server.add(sampleRecords());
    const ask = async (accept: string) => {
      const response = await server.get('/metrics', { Accept: accept });
      return { type: response.headers.get('content-type'), text: await response.text() };
    };
    await expect.poll(async () => (await ask('text/plain')).text).toContain('stage="commit"');
    const plain = await ask('text/plain');
    const open = await ask('application/openmetrics-text;version=1.0.0,text/plain;q=0.5');
    expect(open.type).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(open.text).toMatch(/\n# EOF\n$/);
    expect(open.text).toContain('# TYPE ftl_transactions counter\n');
    expect(open.text).toContain('\nftl_transactions_total{channel="mychannel",code="VALID"} 2\n');
    expect(open.text).toMatch(
      /\nftl_stage_duration_seconds_bucket\{le="[^"]+",channel="mychannel",stage="commit",msp="Org\dMSP",node="peer0.org\d.example.com"\} \d # \{trace_id="[\da-f]{32}",tx_id="[\w-]+"\} 0\.\d+ \d{10}\.\d+\n/,
    );
    const traceIds = [...open.text.matchAll(/trace_id="(\w+)"/g)].map((match) => match[1]);
    const { items } = TraceList.parse(await (await server.get('/api/v1/traces?code=VALID')).json());
    expect(items.map(({ traceId }) => traceId)).toEqual(expect.arrayContaining(traceIds));
    const txIds = [...open.text.matchAll(/tx_id="([^"]+)"/g)].map((match) => match[1]);
    expect(items.map(({ txId }) => txId)).toEqual(expect.arrayContaining(txIds));
    expect(txIds.length).toBe(traceIds.length);
    expect(plain.text).not.toContain('trace_id');
    expect(namesOf(open)).toEqual(namesOf(plain));
    expect(namesOf(await ask('text/plain'))).toEqual(namesOf(plain));
    await server.stop();
  });
});

describe('/version', () => {
  it('tells the versions', async () => {
    const server = await testServer();
    expect(await expectAnswer(await server.get('/version'), Version)).toMatchObject({
      version: '1.2.3',
      recordVersion: 1,
    });
    await expectProblem(await server.get('/version?v=1'), 400, 'invalid_request');
    await server.stop();
  });
});

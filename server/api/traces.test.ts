import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StoreError } from '#trace/store/errors.ts';
import { expectAnswer, expectProblem } from '../test/answers.ts';
import { replacing, type TestServer, testServer } from '../test/runningServer.ts';
import {
  CHANNEL,
  COMPLETE,
  endorsed,
  IN_BOTH,
  OTHER_CHANNEL,
  PEERS,
  PENDING,
  SHORTENED,
  TWINS,
} from '../test/sampleRecords.ts';
import { RecordList, Trace, TraceList } from './schemas.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server.stop());

describe('GET /api/v1/traces', () => {
  it('finds all, and what a filter asks for', async () => {
    const all = await expectAnswer(await server.get('/api/v1/traces'), TraceList);
    expect(all.items.map((trace) => trace.txId)).toEqual(expect.arrayContaining([COMPLETE, PENDING, ...TWINS]));
    const valid = await expectAnswer(await server.get(`/api/v1/traces?channel=${CHANNEL}&code=VALID`), TraceList);
    expect(valid.items.map((trace) => trace.txId).toSorted()).toEqual([COMPLETE, IN_BOTH].toSorted());
    expect(valid.next).toBeNull();
  });

  it('goes page by page to the end, each trace once', async () => {
    const all = await expectAnswer(await server.get('/api/v1/traces'), TraceList);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page = await expectAnswer(await server.get(`/api/v1/traces?limit=2${query}`), TraceList);
      expect(page.items.length).toBeLessThanOrEqual(2);
      seen.push(...page.items.map((trace) => `${trace.channel} ${trace.txId}`));
      cursor = page.next;
    } while (cursor !== null);
    expect(seen.toSorted()).toEqual(all.items.map((trace) => `${trace.channel} ${trace.txId}`).toSorted());
  });

  it.each([
    ['limit=0', ['limit']],
    ['limit=1001', ['limit']],
    ['limit=ten', ['limit']],
    ['block=', ['block']],
    ['block=-1', ['block']],
    ['from=yesterday', ['from']],
    ['finding=bad_luck', ['finding']],
    ['sort=colour&order=up', ['sort', 'order']],
    ['channel=a&channel=b', ['channel']],
    ['chanel=a', ['chanel']],
    ['__proto__=a', ['__proto__']],
    [`text=${'x'.repeat(257)}`, ['text']],
  ])('refuses ?%s and names the parameter', async (query, paths) => {
    const problem = await expectProblem(await server.get(`/api/v1/traces?${query}`), 400, 'invalid_request');
    expect(problem.issues?.map((issue) => issue.path)).toEqual(paths);
  });

  it('refuses a cursor that the store did not give', async () => {
    const problem = await expectProblem(await server.get('/api/v1/traces?cursor=made-up'), 400, 'invalid_request');
    expect(problem.detail).toMatch(/cursor/i);
  });

  it('asks the store in UTC, with all digits of the second', async () => {
    const asked: unknown[] = [];
    const other = await testServer(
      {},
      [],
      replacing({
        traces: async (query) => {
          asked.push(query);
          return { items: [], next: null };
        },
      }),
    );
    await other.get(`/api/v1/traces?from=${encodeURIComponent('2026-11-21T01:30:00.123456+02:00')}&minDurationUs=5`);
    expect(asked).toEqual([{ from: '2026-11-20T23:30:00.123456Z', minDurationUs: 5 }]);
    await other.stop();
  });
});

describe('GET /api/v1/traces/:txId', () => {
  it('answers a full ID and a prefix alike', async () => {
    const trace = await expectAnswer(await server.get(`/api/v1/traces/${COMPLETE}`), Trace);
    expect(trace).toMatchObject({ channel: CHANNEL, txId: COMPLETE, code: 'VALID', missing: [] });
    expect(trace.commits).toHaveLength(PEERS.length);
    for (const asked of [COMPLETE.slice(0, 8), COMPLETE.slice(0, 20), COMPLETE.toUpperCase()]) {
      expect(await expectAnswer(await server.get(`/api/v1/traces/${asked}`), Trace)).toEqual(trace);
    }
  });

  it('names the candidates of an ambiguous prefix', async () => {
    const problem = await expectProblem(await server.get('/api/v1/traces/abcdef12'), 409, 'ambiguous_trace');
    expect(problem.candidates?.toSorted((a, b) => (a.txId < b.txId ? -1 : 1))).toEqual(
      TWINS.toSorted().map((txId) => ({ channel: CHANNEL, txId })),
    );
    const one = await expectAnswer(await server.get(`/api/v1/traces/${TWINS[1].slice(0, 16)}`), Trace);
    expect(one.txId).toBe(TWINS[1]);
  });

  it('tells how many there are at least, when many fit', async () => {
    const many = Array.from({ length: 12 }, (_, at) => `0badc0de${String(at).padStart(56, '0')}`);
    const other = await testServer(
      {},
      many.flatMap((txId) => endorsed(txId, CHANNEL, '20')),
    );
    const problem = await expectProblem(await other.get('/api/v1/traces/0badc0de'), 409, 'ambiguous_trace');
    expect(problem.candidates).toHaveLength(10);
    expect(problem.detail).toContain('More than 10');
    await other.stop();
  });

  it('asks for the channel where one ID is in two', async () => {
    const problem = await expectProblem(await server.get(`/api/v1/traces/${IN_BOTH}`), 409, 'ambiguous_trace');
    expect(problem.candidates?.map((key) => key.channel).toSorted()).toEqual([CHANNEL, OTHER_CHANNEL]);
    for (const channel of [CHANNEL, OTHER_CHANNEL]) {
      const trace = await expectAnswer(await server.get(`/api/v1/traces/${IN_BOTH}?channel=${channel}`), Trace);
      expect(trace.channel).toBe(channel);
    }
    await expectProblem(await server.get(`/api/v1/traces/${IN_BOTH}?channel=nochannel`), 404, 'trace_not_found');
  });

  it('finds by the full ID what logs hold by its begin only', async () => {
    const trace = await expectAnswer(await server.get(`/api/v1/traces/${SHORTENED}`), Trace);
    expect(trace).toMatchObject({ txId: SHORTENED, txIdPrefix: SHORTENED.slice(0, 8), channel: CHANNEL });
    await expectAnswer(await server.get(`/api/v1/traces/${SHORTENED}?channel=${CHANNEL}`), Trace);
    await expectProblem(
      await server.get(`/api/v1/traces/${SHORTENED}?channel=${OTHER_CHANNEL}`),
      404,
      'trace_not_found',
    );
    const exact = await expectAnswer(await server.get(`/api/v1/traces/${SHORTENED.slice(0, 8)}?exact=true`), Trace);
    expect(exact.txIdPrefix).toBe(SHORTENED.slice(0, 8));
    await expectProblem(await server.get(`/api/v1/traces/${COMPLETE.slice(0, 8)}?exact=true`), 404, 'trace_not_found');
  });

  it.each(['9'.repeat(64), '99999999', 'no-such-id'])('answers 404 for %s, which nobody knows', async (asked) => {
    const problem = await expectProblem(await server.get(`/api/v1/traces/${asked}`), 404, 'trace_not_found');
    expect(problem.candidates).toBeUndefined();
  });

  it.each([
    [COMPLETE.slice(0, 7), ['txId']],
    ['abc', ['txId']],
    ['x'.repeat(257), ['txId']],
    [`${COMPLETE}?channel=`, ['channel']],
    [`${COMPLETE}?verbose=1`, ['verbose']],
    [`${COMPLETE}?exact=yes`, ['exact']],
  ])('refuses %s', async (asked, paths) => {
    const problem = await expectProblem(await server.get(`/api/v1/traces/${asked}`), 400, 'invalid_request');
    expect(problem.issues?.map((issue) => issue.path)).toEqual(paths);
  });

  it('refuses an address that cannot be decoded', async () => {
    const problem = await expectProblem(await server.get('/api/v1/traces/%E0%A4%A'), 400, 'invalid_request');
    expect(problem.detail).toBe('The address cannot be decoded.');
  });

  it('lets a complete trace be kept and asked for again', async () => {
    const first = await server.get(`/api/v1/traces/${COMPLETE}`);
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^W\/"[\w-]{27}"$/);
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    expect(first.headers.get('vary')).toContain('Accept-Encoding');
    const again = await server.get(`/api/v1/traces/${COMPLETE}`, { 'If-None-Match': etag });
    expect([again.status, await again.text()]).toEqual([304, '']);
    const other = await server.get(`/api/v1/traces/${COMPLETE}`, { 'If-None-Match': 'W/"other"' });
    expect(other.status).toBe(200);
    await other.text();
  });

  it('lets nobody keep a trace that is not complete', async () => {
    const pending = await server.get(`/api/v1/traces/${PENDING}`);
    expect([pending.headers.get('etag'), pending.headers.get('cache-control')]).toEqual([null, 'no-store']);
    expect((await expectAnswer(pending, Trace)).code).toBeNull();
  });

  it('compresses what is large enough', async () => {
    const zipped = await server.get(`/api/v1/traces/${COMPLETE}`, { 'Accept-Encoding': 'gzip' });
    expect(zipped.headers.get('content-encoding')).toBe('gzip');
    await expectAnswer(zipped, Trace);
  });
});

describe('GET /api/v1/traces/:txId/records', () => {
  it('answers the records as they were written', async () => {
    const { items } = await expectAnswer(await server.get(`/api/v1/traces/${PENDING}/records`), RecordList);
    const sent = endorsed(PENDING, CHANNEL, '15');
    expect(items).toEqual(sent);
    await expectAnswer(await server.get(`/api/v1/traces/${SHORTENED}/records`), RecordList);
  });

  it('refuses as the trace does, and names the candidates', async () => {
    for (const channel of ['', `?channel=${CHANNEL}`]) {
      const unknown = await server.get(`/api/v1/traces/${'9'.repeat(64)}/records${channel}`);
      await expectProblem(unknown, 404, 'trace_not_found');
    }
    const problem = await expectProblem(await server.get('/api/v1/traces/abcdef12/records'), 409, 'ambiguous_trace');
    expect(problem.candidates).toHaveLength(2);
    await expectProblem(await server.get('/api/v1/traces/abcdef1/records'), 400, 'invalid_request');
  });
});

describe('a store that fails', () => {
  it('is 503 while it cannot be read, and says nothing of its files', async () => {
    const other = await testServer();
    await other.store.close();
    const problem = await expectProblem(await other.get(`/api/v1/traces/${COMPLETE}`), 503, 'store_unavailable');
    expect(problem.detail).toBeUndefined();
    expect(other.log.some((line) => line['msg'] === 'request failed' && JSON.stringify(line).includes('closed'))).toBe(
      true,
    );
    await other.close();
  });

  it('is 500 without a word of the cause when it throws something else', async () => {
    const other = await testServer(
      {},
      [],
      replacing({ traces: () => Promise.reject(new TypeError('secret at /home/somebody')) }),
    );
    const text = await (await other.get('/api/v1/traces')).text();
    expect(JSON.parse(text)).toMatchObject({ status: 500, code: 'internal' });
    expect(text).not.toContain('secret');
    await other.stop();
  });

  it('is 404 when retention drops the trace meanwhile', async () => {
    const other = await testServer({}, undefined, replacing({ trace: async () => null }));
    const problem = await expectProblem(await other.get(`/api/v1/traces/${COMPLETE}`), 404, 'trace_not_found');
    expect(problem.candidates).toBeUndefined();
    await other.stop();
  });

  it('keeps its own words for a query that it refuses', async () => {
    const other = await testServer(
      {},
      [],
      replacing({
        traces: async () => {
          throw new StoreError('invalid_query', 'The cursor belongs to another query.');
        },
      }),
    );
    const problem = await expectProblem(await other.get('/api/v1/traces?cursor=x'), 400, 'invalid_request');
    expect(problem.detail).toBe('The cursor belongs to another query.');
    await other.stop();
  });
});

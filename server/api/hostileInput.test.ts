import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestServer, testServer } from '../test/runningServer.ts';
import { COMPLETE } from '../test/sampleRecords.ts';
import { TraceListQuery } from './schemas.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server.stop());

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 80 }),
  fc.string({ unit: 'binary', maxLength: 80 }).filter((some) => some.isWellFormed()),
  fc.constantFrom(
    '%',
    '_',
    "' OR 1=1 --",
    '"',
    '\0',
    '../..',
    '%00',
    '*',
    '(',
    'a'.repeat(256),
    '-1',
    '1e308',
    'NaN',
    '9007199254740993',
  ),
  fc.constant(COMPLETE.slice(0, 8)),
);
const names = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...Object.keys(TraceListQuery.shape)) },
  { weight: 1, arbitrary: text },
);
const query = fc
  .array(fc.tuple(names, text), { maxLength: 4 })
  .map((pairs) => pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&'));
const part = text.map((some) => encodeURIComponent(some));
const path = fc.oneof(
  part.map((id) => `/api/v1/traces/${id}`),
  part.map((id) => `/api/v1/traces/${id}/records`),
  fc.tuple(part, part).map(([channel, number]) => `/api/v1/blocks/${channel}/${number}`),
  fc.constantFrom('/api/v1/traces', '/api/v1/blocks', '/api/v1/statistics', '/api/v1/leaders', '/api/v1/nodes'),
  part.map((some) => `/${some}`),
);

it('answers whatever is asked with success or a problem of the caller', async () => {
  await fc.assert(
    fc.asyncProperty(path, query, async (where, what) => {
      const response = await server.get(`${where}?${what}`);
      const body = await response.text();
      // 503 is the page that is not built, where no page was asked to be served.
      const expected = response.headers.get('content-type')?.startsWith('text/html') ? [503] : [200, 400, 404, 409];
      expect(expected).toContain(response.status);
      expect(body).not.toMatch(/node_modules|\bat .*\.ts:\d+|SQLITE/);
    }),
    { numRuns: 400 },
  );
  expect(server.log.filter((line) => line['msg'] === 'request failed')).toEqual([]);
});

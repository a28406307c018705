import { afterEach, beforeEach, expect, test } from 'vitest';
import type { StatisticsQuery } from '../traceStore.ts';
import { at, blockRecords, exampleRecords, txIdOf } from '../conformance/exampleRecords.ts';
import { Appender } from './append.ts';
import { Database } from './database.ts';
import { Parts } from './parts.ts';
import { refreshChunk } from './refresh.ts';
import { StatisticsRun } from './statistics.ts';

let db: Database;
let parts: Parts;

beforeEach(() => {
  db = new Database(':memory:');
  parts = new Parts(db);
  const appender = new Appender(parts);
  appender.append(exampleRecords());
  for (const channel of ['mychannel', 'other']) {
    for (let number = 10; number < 50; number++) {
      const code = number % 7 === 0 ? 'MVCC_READ_CONFLICT' : 'VALID';
      // Both channels begin theirs at the same microseconds.
      appender.append(
        blockRecords({
          number,
          channel,
          txs: { [txIdOf(`${number}a${channel}`)]: code, [txIdOf(`${number}b${channel}`)]: 'VALID' },
        }),
      );
    }
  }
  while (refreshChunk(parts, 500).remaining > 0);
});
afterEach(() => db.close());

function run(query: StatisticsQuery, most?: number) {
  const made = new StatisticsRun(parts, query, most);
  let steps = 1;
  while (db.read(() => made.step())) steps++;
  return { steps, result: made.result() };
}

test.each<StatisticsQuery>([
  {},
  { channel: 'other' },
  { channel: 'nowhere' },
  { from: at(12_000) },
  { to: at(30_000) },
  { from: at(12_000), to: at(30_000), channel: 'mychannel', bucketUs: 7_000_000 },
  { from: at(99_000_000) },
])('the same in small steps as in one: %j', (query) => {
  const { result } = run(query);
  for (const most of [1, 2, 7, 50]) expect(run(query, most).result).toEqual(result);
});

test('steps are as short as they were asked to be', () => {
  const traces = db.number('SELECT count(*) FROM summary');
  expect(traces).toBeGreaterThan(160);
  expect(run({}).steps).toBe(2);
  expect(run({}, 10).steps).toBeGreaterThan(traces / 10);
  // Many of the same microsecond do not make it go on for ever.
  expect(run({}, 1).steps).toBeLessThanOrEqual(2 * traces + 2);
});

test('what is written between two steps does no harm', () => {
  const made = new StatisticsRun(parts, {}, 5);
  const appender = new Appender(parts);
  for (let number = 60; db.read(() => made.step()); number++) {
    if (number > 80) continue;
    appender.append(blockRecords({ number, txs: { [txIdOf(`${number}c`)]: 'VALID' } }));
    refreshChunk(parts, 500);
  }
  const { outcomes, edges } = made.result();
  const { result } = run({});
  expect(outcomes['VALID']).toBeLessThanOrEqual(result.outcomes['VALID'] ?? 0);
  expect(outcomes['VALID']).toBeGreaterThanOrEqual((result.outcomes['VALID'] ?? 0) - 21);
  expect(edges.length).toBe(result.edges.length);
});

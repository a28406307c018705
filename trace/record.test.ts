import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { TraceRecord, traceIdOf } from './record.ts';
import { recordSchemaPage, tracePointsPage } from './recordPages.ts';

const page = (path: string) => readFileSync(new URL(`../docs/reference/${path}`, import.meta.url), 'utf8');
const record = {
  '@timestamp': '2026-11-21T00:20:43.005585Z',
  'service.node.name': 'orderer1.example.com',
  'trace.id': 'a'.repeat(32),
  ftl: { version: 1, point: 'broadcast.request', channel: 'mychannel', tx_id: 'ab'.repeat(32) },
};

test('the pages of points and schema are current', () => {
  expect(page('trace-points.md')).toBe(tracePointsPage());
  expect(page('record.schema.json')).toBe(recordSchemaPage());
});

test('unknown fields pass, at every level, and come back', () => {
  const extended = {
    ...record,
    labels: { region: 'eu' },
    ftl: { ...record.ftl, tomorrow: [1], sender: { id: 'x', shoe: 43 } },
  };
  expect(TraceRecord.parse(extended)).toEqual(extended);
});

test.each([
  [{ ...record, '@timestamp': 'yesterday' }],
  [{ ...record, 'trace.id': 'xyz' }],
  [{ ...record, ftl: { ...record.ftl, version: 2 } }],
  [{ ...record, ftl: { ...record.ftl, point: 'endorse.maybe' } }],
  [{ ...record, ftl: { ...record.ftl, block: { number: -1 } } }],
  [{ ...record, ftl: { ...record.ftl, sender: { kind: 'queen' } } }],
])('a known field that does not fit is refused', (bad) => {
  expect(TraceRecord.safeParse(bad).success).toBe(false);
});

test('the trace ID is the beginning of SHA-256(channel, 0x00, transaction ID)', () => {
  expect(traceIdOf('mychannel', 'tx')).toBe(createHash('sha256').update('mychannel\0tx').digest('hex').slice(0, 32));
});

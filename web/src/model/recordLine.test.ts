import { expect, test } from 'vitest';
import { recordLine } from './recordLine.ts';

test('a record reads as who, where and what', () => {
  expect(
    recordLine({
      record: {
        '@timestamp': '2026-11-21T00:21:05.431279Z',
        'service.node.name': 'peer0.org1.example.com',
        ftl: {
          point: 'endorse.result',
          chaincode: 'basic',
          sender: { name: 'peer0.org1.example.com', kind: 'peer' },
          receiver: { kind: 'peer', address: 'localhost:9051' },
          status: 200,
          duration_us: 2100,
        },
      },
    }),
  ).toEqual({
    at: '2026-11-21T00:21:05.431279Z',
    writer: 'peer0.org1.example.com',
    point: 'endorse.result',
    says: 'peer0.org1.example.com → localhost:9051, basic, status 200, took 2.1 ms',
  });
});

test.each([{}, { ftl: null }, { ftl: { sender: 7, block: [], error: { a: 1 } } }, { message: 'x'.repeat(10_000) }])(
  'a strange record has a line as well: %#',
  (record) => {
    const line = recordLine({ record });
    expect(line.writer).toBe('unknown writer');
    expect(line.says.length).toBeLessThanOrEqual(240);
  },
);

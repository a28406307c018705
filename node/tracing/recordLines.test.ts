import * as fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { ECS_VERSION } from '#trace/record.ts';
import { type RecordFields, RecordLines } from './recordLines.ts';

const TRACE_ID = '0123456789abcdef0123456789abcdef';
const MICROS = Date.UTC(2026, 0, 2, 3, 4, 5) * 1000 + 67_890;

/** The same record by pino alone. */
function byPino(fields: RecordFields, nodeName: string): string {
  let text = '';
  const logger = pino(
    {
      base: {
        'log.logger': 'ftl.trace',
        'ecs.version': ECS_VERSION,
        'service.type': 'fabric-peer',
        'service.node.name': nodeName,
      },
      timestamp: () => ',"@timestamp":"2026-01-02T03:04:05.067890Z"',
      formatters: { level: (label) => ({ 'log.level': label }) },
    },
    {
      write: (line: string) => {
        text += line;
      },
    },
  );
  logger.info({ 'trace.id': TRACE_ID, ftl: { version: 1, ...fields } });
  return text;
}

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('"', '\\', '\u2028', '\ud800', '\u007f', 'é'),
);
const party = fc.record(
  { id: text, kind: fc.constantFrom('client' as const, 'peer' as const), name: text, address: text },
  { requiredKeys: [] },
);
const fields = fc.record(
  {
    point: fc.constantFrom('endorse.request' as const, 'broadcast.response' as const),
    channel: text,
    tx_id: text,
    sender: party,
    status: fc.integer(),
    error: fc.option(text, { nil: undefined }),
    duration_us: fc.oneof(fc.integer(), fc.double()),
    read_only: fc.boolean(),
    txs: fc.array(fc.record({ id: text })),
    receiver: party,
  },
  { requiredKeys: ['point'] },
) as fc.Arbitrary<RecordFields>;

describe('the line of a transaction', () => {
  it('is what pino would write, octet for octet', () => {
    fc.assert(
      fc.property(fields, text, (one, nodeName) => {
        const lines = new RecordLines('fabric-peer', nodeName);
        // Twice: the second finds what the first wrote.
        for (let time = 0; time < 2; time++) {
          expect(lines.line(one, TRACE_ID, MICROS, null)).toBe(byPino(one, nodeName));
        }
      }),
    );
  });
});

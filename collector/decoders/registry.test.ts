import { describe, expect, it } from 'vitest';
import { chooseDecoder, createStreamDecoder, isKnownLine } from './registry.ts';
import { decodeAll, recordedLogs } from './testing/recordedLogs.ts';

const OPTIONS = { fallbackName: 'node' };
const RECORD = '{"@timestamp":"2026-11-21T00:20:18Z","ftl":{"version":1,"point":"tx.seen","tx_id":"t"}}';
const COMMIT =
  '2026-11-21 01:24:48.082 UTC 0001 INFO [kvledger] commit -> [c] Committed block [1] with 1 transaction(s) in 1ms () commitHash=[]';

describe('which decoder', () => {
  it.each([
    [RECORD, 'ftl'],
    [COMMIT, 'fabric'],
    [`\u001b[34m${COMMIT}`, 'fabric'],
    ['2026-11-21 01:24:48.082 UTC [kvledger] commit -> INFO 001\u001b[0m [c] Committed block', 'fabric'],
    ['{"level":"info","ts":1,"name":"endorser","msg":"x"}', 'fabric'],
    ['{"level":"info","msg":"another program"}', undefined],
    ['goroutine 1 [running]:', undefined],
    ['', undefined],
  ])('%s', (line, name) => {
    expect(chooseDecoder(line)?.name).toBe(name);
  });

  it.each([
    ['as it is', COMMIT],
    ['a record', RECORD],
    ['from Docker', JSON.stringify({ log: `\u001b[34m${COMMIT}\n`, stream: 'stderr', time: '2026-11-21T01:24:48Z' })],
    ['from Kubernetes', `2026-11-21T01:24:48.1Z stderr F ${COMMIT}`],
    ['from Docker Compose', `peer0.org1  | ${COMMIT}`],
  ])('knows a line %s', (_, line) => {
    expect(isKnownLine(line)).toBe(true);
  });

  it.each(['{"log":"', JSON.stringify({ log: 'hello\n' }), 'goroutine 1 [running]:', 'a | b', ''])(
    'does not know %s',
    (line) => {
      expect(isKnownLine(line)).toBe(false);
    },
  );

  it('is chosen line by line where both write into one stream', () => {
    const decoded = decodeAll([RECORD, COMMIT, RECORD], createStreamDecoder('auto', OPTIONS));
    expect(decoded.records.map(({ ftl }) => ftl.point)).toEqual(['tx.seen', 'gossip.commit', 'tx.seen']);
  });

  it('is the configured one otherwise, which buries what it cannot read', () => {
    expect(decodeAll([RECORD, COMMIT, ''], createStreamDecoder('ftl', OPTIONS))).toMatchObject({
      records: [{ ftl: { point: 'tx.seen' } }],
      dead: [{ code: 'bad_json' }],
    });
    expect(decodeAll([RECORD, COMMIT], createStreamDecoder('fabric', OPTIONS))).toMatchObject({
      records: [{ ftl: { point: 'gossip.commit' } }],
      dead: [],
    });
  });

  it('finds the same in whole logs whether chosen or configured', () => {
    for (const { lines } of recordedLogs('fabric-v2.5.9')) {
      expect(decodeAll(lines, createStreamDecoder('auto', OPTIONS))).toEqual(
        decodeAll(lines, createStreamDecoder('fabric', OPTIONS)),
      );
    }
  });

  it('takes a damaged snapshot for none', () => {
    for (const snapshot of [null, 1, 'x', [], { nodes: 1 }, { nodes: [['', { fabric: 1 }]] }]) {
      expect(decodeAll([COMMIT], createStreamDecoder('auto', OPTIONS, snapshot)).records).toHaveLength(1);
    }
  });
});

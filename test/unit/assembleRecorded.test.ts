import { describe, expect, test } from 'vitest';
import { compareWithTruth } from '#test/truth/compare.ts';
import { goldenDifferences, readGolden } from '#test/truth/golden.ts';
import { readTruth } from '#test/truth/truth.ts';
import { assemble } from '#trace/assemble/assemble.ts';
import { summarise } from '#trace/assemble/summarise.ts';
import type { StoredRecord } from '#trace/record.ts';
import { Trace, TraceSummary } from '#trace/trace.ts';
import { recordsOf, traceAll } from './assembleRecorded.ts';

const folder = (recording: string) => new URL(`../vectors/${recording}`, import.meta.url).pathname;
const debug = traceAll(recordsOf(folder('fabric-v3.1.5'), 'all', true));
const console25 = traceAll(recordsOf(folder('fabric-v2.5.9'), 'info', true));
const report = (recording: 'fabric-v3.1.5' | 'fabric-v2.5.9', { traces }: ReturnType<typeof traceAll>) =>
  compareWithTruth(
    readTruth(recording),
    traces.map(({ trace }) => trace),
  );
const wrongAspects = (aspects: ReturnType<typeof report>['aspects']) =>
  Object.entries(aspects).filter(([, { wrong }]) => wrong > 0);
const ways = (trace: Trace) => trace.edges.map(({ point, from, to }) => `${point} ${from} ${to}`).toSorted();
const COMPLETE = ['outcome', 'block', 'creator', 'endorsers', 'commits'] as const;

describe('real networks', () => {
  test('debug logs and blocks of v3.1.5 tell everything, and nothing that is not true', () => {
    expect(report('fabric-v3.1.5', debug).differences).toEqual([]);
  });

  test('info-level console logs and blocks of v2.5.9 tell everything that can be told', () => {
    expect(report('fabric-v2.5.9', console25).differences).toEqual([]);
  });

  test('info-level logs and blocks of v3.1.5 tell all outcomes, blocks, creators, endorsers and commits', () => {
    const { aspects } = report('fabric-v3.1.5', traceAll(recordsOf(folder('fabric-v3.1.5'), 'info', true)));
    expect(COMPLETE.filter((aspect) => aspects[aspect].found < aspects[aspect].true)).toEqual([]);
    expect(wrongAspects(aspects)).toEqual([]);
  });

  test('logs without blocks say nothing that is not true', () => {
    for (const level of ['info', 'all'] as const) {
      const { aspects } = report('fabric-v3.1.5', traceAll(recordsOf(folder('fabric-v3.1.5'), level, false)));
      expect(wrongAspects(aspects)).toEqual([]);
    }
  });

  test.for([...readGolden()])('%s is as it was worked out by hand', ([, golden]) => {
    const { traces } = golden.recording === 'fabric-v3.1.5' ? debug : console25;
    const { trace } = traces.find(
      ({ trace: { txId, txIdPrefix } }) =>
        txId === golden.txId || (txIdPrefix !== undefined && golden.txId.startsWith(txIdPrefix)),
    )!;
    expect(goldenDifferences(golden, trace)).toEqual([]);
  });

  test('one clock for all nodes: nothing is corrected', () => {
    for (const { trace } of [...debug.traces, ...console25.traces]) expect(trace.clockOffsets).toEqual({});
  });

  test('every trace fits its schema and its edges stand in the order of time', () => {
    for (const { trace } of [...debug.traces, ...console25.traces]) {
      expect(Trace.parse(trace)).toEqual(trace);
      expect(TraceSummary.parse(summarise(trace))).toEqual(summarise(trace));
      const times = trace.edges.map(({ at }) => at).filter((at) => at !== null);
      expect(times).toEqual(times.toSorted());
    }
  });

  test('records in any order, twice over, give the same trace', () => {
    for (const { trace, records, context } of debug.traces) {
      expect(assemble([...records, ...records].toReversed(), context)).toEqual(trace);
    }
  });
});

describe('a real peer with a wrong clock', () => {
  const PEER = 'peer1.org1.example.com';
  const shifted = (records: readonly StoredRecord[], ms: number): StoredRecord[] =>
    records.map(({ id, record }) => {
      if (record['service.node.name'] !== PEER) return { id, record };
      const time = record['@timestamp'];
      const moved = new Date(Date.parse(`${time.slice(0, 23)}Z`) + ms).toISOString().slice(0, 23);
      return { id, record: { ...record, '@timestamp': `${moved}${time.slice(23)}` } };
    });
  // While that peer ran, before it was killed.
  const early = debug.traces.filter(({ trace: { block } }) => block !== null && block.number > 4 && block.number < 40);

  test.for([-7000, 7000])('off by %i ms it is found out and the hand-overs stay', (ms) => {
    expect(early.length).toBeGreaterThan(100);
    for (const { trace, records, context } of early) {
      const skewed = assemble(shifted(records, ms), context);
      expect(ways(skewed)).toEqual(ways(trace));
      expect(skewed.code).toBe(trace.code);
      const [[node, offset] = ['', 0], ...others] = Object.entries(skewed.clockOffsets);
      expect(others).toEqual([]);
      expect(node).toBe(`Org1MSP/${PEER}`);
      expect(Math.abs(offset + ms * 1000)).toBeLessThan(700_000);
    }
  });
});
